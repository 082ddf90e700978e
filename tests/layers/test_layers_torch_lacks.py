"""The layers whose class the compiled source brings along, against torchvision's."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn

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
    (gradient,) = torch.autograd.grad((y * torch.linspace(-1, 1, y.numel()).view(y.shape)).sum(), x)
    return y, gradient


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
