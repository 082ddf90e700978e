"""Python layers: refused unless named, then judged by running them on small tensors."""

import pickle
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import archc
from archc.runtime.python_layers import imported, python_layer
from tests.runtime.own_layers import Correlation, Failing

SPEC = """\
archc: 1
name: own
python: {Correlation: tests.runtime.own_layers:Correlation}
inputs:
  image: [B, 3, H=16, W=16]
model:
  blur: Correlation(5)
  conv: Conv2d(4, 3) -> relu
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(SPEC)
    return path


def test_python_layer_is_refused_unless_the_caller_names_it(spec: Path) -> None:
    with pytest.raises(archc.CompileError) as caught:
        archc.load(spec)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "ARC316"
    assert "--allow-python tests.runtime.own_layers:Correlation" in diagnostic.help


def test_permission_for_another_name_permits_nothing(spec: Path) -> None:
    with pytest.raises(archc.CompileError, match="nobody has permitted it"):
        archc.load(spec, ops={"Other": Correlation})


def test_permitted_layer_runs_and_owns_its_parameters(spec: Path) -> None:
    model = archc.load(spec, ops={"Correlation": Correlation})
    assert list(model.state_dict()) == ["blur.weight", "conv.weight", "conv.bias"]
    image = torch.randn(2, 3, 16, 16)
    kernel = torch.full((3, 1, 5, 5), 1 / 25)
    blurred = F.conv2d(image, kernel, groups=3)
    assert torch.allclose(model.blur(image), blurred, atol=1e-6)
    assert model(image).shape == (2, 4, 10, 10)


def test_model_with_a_python_layer_pickles(spec: Path) -> None:
    model = archc.load(spec, ops={"Correlation": Correlation})
    again = pickle.loads(pickle.dumps(model))
    image = torch.randn(1, 3, 16, 16)
    assert torch.equal(model(image), again(image))


def test_layer_that_fails_when_run_says_what_it_raised(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(SPEC.replace("Correlation(5)", "Correlation"))
    with pytest.raises(archc.CompileError, match="ValueError: no such luck"):
        archc.load(path, ops={"Correlation": Failing})


def test_class_that_cannot_be_imported_is_refused() -> None:
    class Local(torch.nn.Module):
        pass

    with pytest.raises(archc.CompileError, match="cannot be imported"):
        python_layer("Local", Local)


def test_target_that_does_not_exist_is_refused() -> None:
    with pytest.raises(archc.CompileError, match="cannot import `no_such_module:X`"):
        imported(["no_such_module:X"])
