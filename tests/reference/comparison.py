"""What it means that two modules are the same network."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

SEED = 20121


def keys(model: nn.Module) -> list[tuple[str, tuple[int, ...], torch.dtype]]:
    """Return name, shape and dtype of everything in the state dict, in its order."""
    return [(name, tuple(t.shape), t.dtype) for name, t in model.state_dict().items()]


def assert_same_network(model: nn.Module, reference: nn.Module, x: Tensor) -> None:
    """Assert equal keys and, from equal weights, equal values, statistics and gradients."""
    assert keys(model) == keys(reference)
    scatter_statistics(reference)
    model.load_state_dict(reference.state_dict(), strict=True)
    assert_equal_in_inference(model, reference, x)
    assert_equal_in_training(model, reference, x)


def scatter_statistics(model: nn.Module) -> None:
    """Fill batch norms with numbers that tell them apart: fresh ones are all ones and zeros."""
    generator = torch.Generator().manual_seed(SEED)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and tensor.ndim == 1:
            spread = torch.rand(tensor.shape, generator=generator) - 0.5
            positive = name.endswith(("weight", "running_var"))
            tensor.copy_(1 + spread if positive else spread)


def assert_equal_in_inference(model: nn.Module, reference: nn.Module, x: Tensor) -> None:
    """Assert that the outputs in evaluation mode are the same bits."""
    with torch.no_grad():
        assert_same_bits(model.eval()(x), reference.eval()(x))


def assert_equal_in_training(model: nn.Module, reference: nn.Module, x: Tensor) -> None:
    """Assert equal outputs under one seed, equal statistics after it, gradients that agree."""
    ours, theirs = (_trained(m, x) for m in (model, reference))
    assert_same_bits(ours, theirs)
    for (name, ours_), theirs_ in zip(
        model.state_dict().items(), reference.state_dict().values(), strict=True
    ):
        assert torch.equal(ours_, theirs_), name
    for (name, ours_), theirs_ in zip(
        model.named_parameters(), reference.parameters(), strict=True
    ):
        assert ours_.grad is not None, name
        assert theirs_.grad is not None, name
        if not torch.equal(ours_.grad, theirs_.grad):
            torch.testing.assert_close(ours_.grad, theirs_.grad, rtol=1e-4, atol=1e-5)


def assert_same_bits(ours: Tensor | Sequence[Tensor], theirs: Tensor | Sequence[Tensor]) -> None:
    """Assert equal outputs, and outputs of equal names where there are several."""
    assert getattr(ours, "_fields", None) == getattr(theirs, "_fields", None)
    for one, other in zip(_several(ours), _several(theirs), strict=True):
        assert torch.isfinite(other).all()
        assert other.std() > 0
        assert torch.equal(one, other)


def _trained(model: nn.Module, x: Tensor) -> Tensor | Sequence[Tensor]:
    """Run one step forward and back; different outputs weigh differently."""
    torch.manual_seed(SEED)
    outputs = model.train()(x)
    tensors = _several(outputs)
    weights = [torch.linspace(-1, 1, t.numel()).reshape(t.shape) for t in tensors]
    sum(((t * w).mean() for t, w in zip(tensors, weights, strict=True)), torch.zeros(())).backward()
    return outputs


def _several(outputs: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    return [outputs] if isinstance(outputs, Tensor) else outputs
