"""How long a network is as a spec, as torchvision's Python, as Caffe's prototxt or Darknet's cfg.

`python -m tests.reference.lengths` counts torchvision's lines again.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import torchvision

COUNTED_IN = "0.29.1"
"""The version of torchvision whose lines stand here."""

TORCHVISION_LINES = {
    "alexnet": 45,
    "convnext": 187,
    "densenet": 184,
    "efficientnet": 453,
    "googlenet": 211,
    "inception": 309,
    "maxvit": 465,
    "mnasnet": 158,
    "mobilenetv2": 124,
    "mobilenetv3": 225,
    "regnet": 371,
    "resnet": 277,
    "deeplabv3": 167,
    "fcn": 79,
    "lraspp": 74,
    "shufflenetv2": 151,
    "squeezenet": 96,
    "swin_transformer": 509,
    "vgg": 105,
    "vision_transformer": 353,
}
"""Lines of code of each file in `torchvision/models` that builds networks for pictures."""

CAFFE_LINES = {
    "alexnet_2012_towers": 277,
    "cifar_quick": 148,
    "densenet121": 4_762,
    "densenet161": 6_322,
    "densenet169": 6_634,
    "densenet201": 7_882,
    "googlenet_2014": 2_157,
    "resnet50": 2_091,
    "resnet101": 4_098,
    "resnet152": 6_104,
    "squeezenet1_0": 547,
    "squeezenet1_1": 545,
}
"""Lines that are neither empty nor comments, of what Caffe runs: no data, losses or heads.

`models/bvlc_alexnet/deploy.prototxt`, `models/bvlc_googlenet/deploy.prototxt` and
`examples/cifar10/cifar10_quick.prototxt` of BVLC/caffe at 9b89154, `prototxt/ResNet-*-deploy` of
KaimingHe/deep-residual-networks at a7026cb, `SqueezeNet_v1.*/deploy` of forresti/SqueezeNet at
51147dc, `DenseNet_*` of shicai/DenseNet-Caffe at d47f7b7.
"""

DARKNET_LINES = {"vgg16": 106, "yolov3": 603}
"""Likewise of `cfg/vgg-16.cfg` and `cfg/yolov3.cfg` of pjreddie/darknet at f6afaab.

Its other networks have leaky activations, where ours have the papers'.
"""

ABOUT = frozenset({"doc", "expect", "meta"})
"""What a spec says about its network and not of it."""

LAYOUT = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    }
)


def spec_lines(text: str) -> int:
    """Count the lines of a spec that say what the network is, without empty ones and comments."""
    section, count = "", 0
    for line in text.splitlines():
        if re.match(r"\w", line):
            section = line.partition(":")[0]
        count += section not in ABOUT and not re.match(r"\s*(#|$)", line)
    return count


def python_lines(text: str) -> int:
    """Count the lines of Python that are code of networks.

    Neither empty lines, comments, docstrings and imports, nor published weights, what is published
    with them, and `__all__`.
    """
    left_out = {line for node in _left_out(ast.parse(text)) for line in _lines(node)}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    code = [token for token in tokens if token.type not in LAYOUT]
    return len({n for t in code for n in range(t.start[0], t.end[0] + 1)} - left_out)


def _left_out(module: ast.Module) -> Iterator[ast.stmt]:
    for node in ast.walk(module):
        match node:
            case ast.Import() | ast.ImportFrom():
                yield node
            case ast.Expr(value=ast.Constant(value=str())):
                yield node
            case ast.ClassDef(name=name) if name.endswith("_Weights"):
                yield node
            case ast.Assign(targets=[ast.Name(id=name)]) if re.match(r"__all__$|_COMMON_", name):
                yield node
            case _:
                pass


def _lines(node: ast.stmt) -> range:
    assert node.end_lineno is not None
    return range(node.lineno, node.end_lineno + 1)


def torchvision_file(name: str) -> str:
    """Return the file of torchvision that builds a network, without its ending."""
    return torchvision.models.get_model_builder(name).__module__.rpartition(".")[2]


def installed_lines() -> dict[str, int]:
    """Count each file of the installed torchvision that builds networks for pictures."""
    folders = (torchvision.models, torchvision.models.segmentation)
    builders = [torchvision.models.get_model_builder(n) for n in _names(*folders)]
    modules = sorted({builder.__module__ for builder in builders})
    return {module.rpartition(".")[2]: _lines_of(module) for module in modules}


def _names(*folders: ModuleType) -> Iterator[str]:
    for folder in folders:
        yield from torchvision.models.list_models(folder)


def _lines_of(module: str) -> int:
    found = find_spec(module)
    assert found is not None
    assert found.origin is not None
    return python_lines(Path(found.origin).read_text(encoding="utf-8"))


def installed_version() -> str:
    """Return the version of torchvision that is installed, without what it was built for."""
    return torchvision.__version__.partition("+")[0]


if __name__ == "__main__":
    print(installed_version(), installed_lines())
