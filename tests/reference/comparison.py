"""What it means that two modules are the same network."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

SEED = 20121
AGREEMENT = 1e-4
"""How far gradients may lie apart, as a part of the largest of their tensor.

They are the same bits unless a value is read at several places that the two modules wrote down in
another order: then its gradients are added in another order.
"""


@dataclass(frozen=True)
class Step:
    """What one step forward and back gave: the outputs, and a gradient for each parameter."""

    outputs: Tensor | Sequence[Tensor]
    names: tuple[str, ...]
    gradients: tuple[Tensor, ...]


def keys(model: nn.Module) -> list[tuple[str, tuple[int, ...], torch.dtype]]:
    """Return name, shape and dtype of everything in the state dict, in its order."""
    return [(name, tuple(t.shape), t.dtype) for name, t in model.state_dict().items()]


Inputs = tuple[Tensor, ...]
"""What a network is called with."""


def assert_same_network(
    model: nn.Module, reference: nn.Module, x: Inputs, smallest: Inputs | None = None
) -> None:
    """Assert equal keys and, from equal weights, equal values, statistics and gradients.

    The smallest input is run in evaluation mode alone: a batch norm has little to normalise there.
    """
    assert keys(model) == keys(reference)
    share_weights(model, reference)
    assert_equal_in_inference(model, reference, x)
    if smallest is not None:
        assert_equal_in_inference(model, reference, smallest)
    assert_equal_in_training(model, reference, x)


def fill(model: nn.Module, *, kept: Collection[str] = ()) -> None:
    """Fill every tensor of a state dict with numbers that tell it apart and keep values in range.

    Matrices get what keeps the variance under ReLU, vectors what no fresh batch norm has: those
    are all ones and zeros. What stands in `kept` stays.
    """
    generator = torch.Generator().manual_seed(SEED)
    for name, tensor in model.state_dict().items():
        if name in kept:
            continue
        if not tensor.is_floating_point():
            tensor.zero_()
        elif tensor.ndim > 1:
            bound = (6 / tensor[0].numel()) ** 0.5
            tensor.uniform_(-bound, bound, generator=generator)
        else:
            middle = 1.0 if name.endswith(("weight", "running_var")) else 0.0
            tensor.uniform_(middle - 0.5, middle + 0.5, generator=generator)


def constants(model: nn.Module) -> dict[str, Tensor]:
    """Return the buffers that are no statistics of a batch norm: numbers that are computed."""
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    return {name: t for name, t in model.named_buffers() if not name.endswith(statistics)}


def share_weights(model: nn.Module, reference: nn.Module) -> None:
    """Give a model the very parameters of the reference, and buffers of its own like theirs.

    A parameter that the reference has under two keys is one in the model too: were it two there,
    the gradients would tell.
    """
    parameters = dict(reference.named_parameters(remove_duplicate=False))
    state = reference.state_dict()
    own = {name: parameters[name] if name in parameters else t.clone() for name, t in state.items()}
    model.load_state_dict(own, strict=True, assign=True)


def assert_equal_in_inference(model: nn.Module, reference: nn.Module, x: Inputs) -> None:
    """Assert that the outputs in evaluation mode are the same bits."""
    with torch.no_grad():
        assert_same_bits(model.eval()(*x), reference.eval()(*x))


def assert_equal_in_training(model: nn.Module, reference: nn.Module, x: Inputs) -> None:
    """Assert equal outputs under one seed, equal statistics after it, gradients that agree."""
    theirs, ours = (trained(module, x) for module in (reference, model))
    assert_same_bits(ours.outputs, theirs.outputs)
    for (name, buffer), expected in zip(model.named_buffers(), reference.buffers(), strict=True):
        assert torch.equal(buffer, expected), name
    assert ours.names == theirs.names
    for name, one, other in zip(ours.names, ours.gradients, theirs.gradients, strict=True):
        assert_gradients_agree(name, one, other)


def assert_same_bits(ours: Tensor | Sequence[Tensor], theirs: Tensor | Sequence[Tensor]) -> None:
    """Assert equal outputs, and outputs of equal names where there are several."""
    assert getattr(ours, "_fields", None) == getattr(theirs, "_fields", None)
    for one, other in zip(_several(ours), _several(theirs), strict=True):
        assert torch.isfinite(other).all()
        assert other.std() > 0
        assert torch.equal(one, other)


def assert_gradients_agree(name: str, ours: Tensor, theirs: Tensor) -> None:
    """Assert that a parameter's gradients are the same bits, or very near on their own scale."""
    scale = largest(theirs)
    assert 0 < scale < torch.inf, name
    if not torch.equal(ours, theirs):
        assert largest(ours - theirs) <= AGREEMENT * scale, name


def largest(tensor: Tensor) -> float:
    """Return the largest magnitude, not a number where one is none; no copy is made."""
    return torch.linalg.vector_norm(tensor, torch.inf).item()


def trained(model: nn.Module, x: Inputs) -> Step:
    """Run one step forward and back in training mode; different outputs weigh differently.

    The weights do not sum to zero, or a bias of the last layer would have no gradient.
    """
    torch.manual_seed(SEED)
    outputs = model.train()(*x)
    tensors = _several(outputs)
    weights = [torch.linspace(-1, 2, t.numel()).reshape(t.shape) for t in tensors]
    loss = sum(((t * w).mean() for t, w in zip(tensors, weights, strict=True)), torch.zeros(()))
    names, parameters = zip(*model.named_parameters(), strict=True)
    return Step(outputs, names, torch.autograd.grad(loss, parameters))


def _several(outputs: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    return [outputs] if isinstance(outputs, Tensor) else outputs
