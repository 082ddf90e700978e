"""The layers whose class the compiled source brings along, against torchvision's."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.maxvit import RelativePositionalMultiHeadAttention
from torchvision.models.swin_transformer import ShiftedWindowAttention, ShiftedWindowAttentionV2

import archc
from archc import layers
from archc.backends.python_source import python_source


def written(lines: str, shape: Sequence[int]) -> str:
    """Return a spec of some lines for an input of a shape."""
    sizes = ", ".join(map(str, shape))
    return f"archc: 1\nname: one\ninputs:\n  x: [B, {sizes}]\nmodel:\n{lines}"


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., nn.Module]:
    """Return a function that loads a network of one line."""

    def loaded(line: str, *shape: int) -> nn.Module:
        path = tmp_path / "one.yaml"
        path.write_text(written(f"  - {line}\n", shape), encoding="utf-8")
        return archc.load(path)

    return loaded


def trained(module: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return output and gradient of a seeded step in training mode."""
    torch.manual_seed(3)
    x = x.clone().requires_grad_()
    y = module.train()(x)
    module.zero_grad()
    (y * torch.linspace(-1, 1, y.numel()).view(y.shape)).sum().backward()
    assert x.grad is not None
    return y, x.grad


@pytest.mark.parametrize("mode", ["row", "batch"])
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("shape", [(5,), (3, 4, 4), (2, 3, 4, 4)], ids=len)
def test_stochastic_depth_is_torchvisions(
    mode: str, p: float, shape: tuple[int, ...], model: Callable[..., nn.Module]
) -> None:
    x = torch.randn(16, *shape)
    ours = model(f"StochasticDepth({p}, mode='{mode}')", *shape)
    theirs = torchvision.ops.StochasticDepth(p, mode)
    for one, other in zip(trained(ours, x), trained(theirs, x), strict=True):
        assert torch.equal(one, other)
    assert torch.equal(ours.eval()(x), x)


SHIFTED: dict[str, type[ShiftedWindowAttention]] = {
    "ShiftedWindowAttention": ShiftedWindowAttention,
    "ShiftedWindowAttentionV2": ShiftedWindowAttentionV2,
}
DROPPED = {"attention_dropout": 0.1, "dropout": 0.2}


def assert_torchvisions(ours: nn.Module, theirs: nn.Module, x: Tensor) -> None:
    """Assert equal keys and constants and, from equal weights, equal values; gradients agree."""
    (ours,) = ours.children()
    state, expected = ours.state_dict(), theirs.state_dict()
    assert [(n, t.shape, t.dtype) for n, t in state.items()] == [
        (n, t.shape, t.dtype) for n, t in expected.items()
    ]
    for (name, one), other in zip(ours.named_buffers(), theirs.buffers(), strict=True):
        assert torch.equal(one, other), name
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    ours.load_state_dict(theirs.state_dict())
    assert torch.equal(ours.eval()(x), theirs.eval()(x))
    (y, gradient), (expected_y, expected_gradient) = (trained(m, x) for m in (ours, theirs))
    assert torch.equal(y, expected_y)
    assert torch.allclose(gradient, expected_gradient, rtol=1e-4, atol=1e-6)
    for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.allclose(one.grad, other.grad, rtol=1e-4, atol=1e-5), name


SIZES = [(8, 10), (9, 7), (3, 11), (13, 2), (4, 5), (1, 1)]
"""Whole windows, others, one window alone on either side, and on both."""


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("shift", [(0, 0), (2, 2), (0, 2), (3, 0), (1, 4)], ids=str)
@pytest.mark.parametrize("name", SHIFTED)
def test_shifted_window_attention_is_torchvisions(
    name: str, shift: tuple[int, int], size: tuple[int, int], model: Callable[..., nn.Module]
) -> None:
    line = f"{name}(3, (4, 5), shift_size={shift}, attention_dropout=0.1, dropout=0.2)"
    theirs = SHIFTED[name](12, [4, 5], [*shift], 3, **DROPPED)
    assert_torchvisions(model(line, *size, 12), theirs, torch.randn(2, *size, 12))


@pytest.mark.parametrize("biases", [(False, True), (True, False), (False, False)], ids=str)
@pytest.mark.parametrize("name", SHIFTED)
def test_shifted_window_attention_without_biases_is_torchvisions(
    name: str, biases: tuple[bool, bool], model: Callable[..., nn.Module]
) -> None:
    line = f"{name}(3, 4, shift_size=2, qkv_bias={biases[0]}, proj_bias={biases[1]})"
    theirs = SHIFTED[name](12, [4, 4], [2, 2], 3, *biases)
    assert_torchvisions(model(line, 9, 8, 12), theirs, torch.randn(2, 9, 8, 12))


@pytest.mark.parametrize("name", SHIFTED)
def test_shifted_window_attention_runs_at_sizes_it_was_not_compiled_for(
    name: str, model: Callable[..., nn.Module]
) -> None:
    theirs = SHIFTED[name](12, [4, 4], [2, 2], 3)
    ours = model(f"{name}(3, 4, shift_size=2)", 4, 4, 12)
    assert_torchvisions(ours, theirs, torch.randn(3, 10, 7, 12))


@pytest.mark.parametrize("name", SHIFTED)
def test_shifted_window_attention_begins_as_torchvisions(
    name: str, model: Callable[..., nn.Module]
) -> None:
    theirs = SHIFTED[name](96, [7, 7], [3, 3], 32)
    (ours,) = model(f"{name}(32, 7, shift_size=3)", 7, 7, 96).children()
    for (key, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        if (other == other.flatten()[0]).all():
            assert torch.equal(one, other), key
        assert one.std().item() == pytest.approx(other.std().item(), rel=0.15, abs=0.0), key
    if name.endswith("V2"):
        assert (ours.state_dict()["qkv.bias"].view(3, -1).count_nonzero(1) > 0).tolist() == [
            True,
            False,
            True,
        ]


@pytest.mark.parametrize(("groups", "positions"), [(1, 49), (4, 9), (3, 1)])
def test_relative_positional_attention_is_torchvisions(
    groups: int, positions: int, model: Callable[..., nn.Module]
) -> None:
    theirs = RelativePositionalMultiHeadAttention(12, 4, positions)
    line = f"RelativePositionalMultiHeadAttention(4, {positions})"
    ours = model(line, groups, positions, 12)
    assert_torchvisions(ours, theirs, torch.randn(2, groups, positions, 12))


@pytest.mark.parametrize("name", [*SHIFTED, "RelativePositionalMultiHeadAttention"])
def test_attention_within_windows_keeps_another_dtype(
    name: str, model: Callable[..., nn.Module]
) -> None:
    arguments = "4, 9" if name.startswith("Rel") else "3, 3, shift_size=1"
    ours = model(f"{name}({arguments})", 9, 9, 12).to(torch.bfloat16)
    assert ours(torch.randn(2, 9, 9, 12, dtype=torch.bfloat16)).dtype == torch.bfloat16


@pytest.mark.parametrize(("p", "mode"), [(1.5, "row"), (-0.1, "row"), (0.2, "column")])
def test_stochastic_depth_refuses_what_torchvision_refuses(p: float, mode: str) -> None:
    with pytest.raises(ValueError, match="has to be"):
        torchvision.ops.stochastic_depth(torch.ones(2, 3), p, mode)
    report = archc.check(text=written(f"  - StochasticDepth({p}, mode='{mode}')\n", (3,)))
    assert [found.code for found in report.diagnostics] == ["ARC208"]


def test_source_holds_a_class_that_torch_lacks_once_and_keeps_its_name() -> None:
    spec = written("  - StochasticDepth(0.1)\n" * 2, (3,)).replace("one", "stochastic_depth")
    graph = archc.check(text=spec).graph
    assert graph is not None
    source = python_source(graph)
    assert source.count("class StochasticDepth(nn.Module):") == 1
    assert "class StochasticDepth2(nn.Sequential):" in source


@pytest.mark.parametrize("name", [n for n in sorted(layers.NAMES) if layers.find(n).source_class])
def test_layer_that_torch_lacks_is_named_as_its_class(name: str) -> None:
    layer = layers.find(name)
    assert not hasattr(nn, name)
    assert layer.torch_name == name
    assert f"class {name}(nn.Module):" in layer.source_class
