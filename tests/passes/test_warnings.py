"""What is legal and hardly meant is warned of; what looks like it and is meant is not."""

import pytest

import archc
from archc.catalogue import Network, networks, specs_folder

BLOCK = """\
blocks:
  Block(planes):
    conv1: Conv2d(planes, 3, padding=1) -> relu
    conv2: Conv2d(planes, 3, padding=1)
    {name}: Conv2d(planes, 1){source}
    return: relu(conv2 + {name})
model:
  - Block({planes})
"""
MODELS = {
    "a lost from": (BLOCK.format(name="shortcut", source="", planes=16), ["ARC412"]),
    "of a line called otherwise": (BLOCK.format(name="conv3", source="", planes=16), []),
    "a from that is there": (BLOCK.format(name="down", source=" from x", planes=16), []),
    "a line above that is meant": (BLOCK.format(name="down", source=" from conv2", planes=16), []),
    "a norm that is called again": (
        "model:\n  a: Conv2d(8, 3)\n  norm: BatchNorm2d\n  b: Conv2d(8, 3) -> norm\n",
        ["ARC413"],
    ),
    "an activation that is called again": (
        "model:\n  a: Conv2d(8, 3)\n  act: ReLU\n  b: Conv2d(8, 3) -> act\n",
        [],
    ),
    "a norm without statistics": (
        "model:\n  a: Conv2d(8, 3)\n  norm: GroupNorm(2)\n  b: Conv2d(8, 3) -> norm\n",
        [],
    ),
    "a convolution that is called again by another name": (
        "model:\n  conv1: Conv2d(8, 1)\n  shared: conv1\n  conv2: Conv2d(8, 3)\n",
        [],
    ),
    "a convolution that is called again by a next number": (
        "model:\n  conv1: Conv2d(8, 1)\n  conv2: conv1\n",
        ["ARC418"],
    ),
    "an activation that is called again by a next number": (
        "model:\n  act1: ReLU\n  act2: act1\n  relu: ReLU\n  act3: act1 -> relu\n",
        [],
    ),
    "a convolution that a next layer goes through": (
        "model:\n  conv1: Conv2d(8, 1)\n  conv2: Conv2d(8, 3) -> conv1\n",
        [],
    ),
    "a layer of a function's name that is called again": (
        "model:\n  norm: GroupNorm(2)\n  more: Conv2d(8, 1) -> norm\n",
        [],
    ),
    "a block with a norm that is called again": (
        "blocks:\n  Unit: Conv2d(8, 3, padding=1) -> BatchNorm2d\n"
        "model:\n  unit: Unit\n  again: unit from unit\n",
        [],
    ),
    "a window of which one weight always lies beside": (
        "model:\n  - MaxPool2d(32)\n  - Conv2d(8, 3, padding=1)\n",
        ["ARC414"],
    ),
    "a window larger than its input whose weights all meet it": (
        "model:\n  - MaxPool2d(16)\n  - Conv2d(8, 3, padding=1)\n",
        [],
    ),
    "a crop of one corner": (
        "model:\n  conv: Conv2d(8, 5)\n  sum: from conv + image[:, :, :-4, :-4]\n",
        ["ARC415"],
    ),
    "a crop of the middle": (
        "model:\n  conv: Conv2d(8, 5)\n  sum: from conv + image[:, :, 2:-2, 2:-2]\n",
        [],
    ),
    "a pool of two beside a strided convolution": (
        "model:\n  conv: Conv2d(8, 3, stride=2, padding=1)\n  pool: AvgPool2d(2) from image\n"
        "  sum: from conv + pool\n",
        [],
    ),
    "an enlargement beside what it was made of": (
        "model:\n  pool: MaxPool2d(4)\n  up: Upsample(scale_factor=4)\n  sum: from up + image\n",
        [],
    ),
    "a parameter that nothing reads": (
        "params: {width: 8, depth: 2}\nmodel:\n  - Conv2d(width, 3)\n",
        ["ARC416"],
    ),
    "a parameter of a block that none of its lines reads": (
        "blocks:\n  Block(planes, groups=1):\n    - Conv2d(planes, 3)\nmodel:\n  - Block(8)\n",
        ["ARC416"],
    ),
    "parameters of a block read in a default, a condition and a call": (
        "blocks:\n  Block(planes, k=3, out=planes * k, deep=False, **kw):\n"
        "    - Conv2d(out, 1, **kw)\n    - ReLU if deep\nmodel:\n  - Block(8)\n",
        [],
    ),
    "parameters read in a default, a size, a condition, an initialisation": (
        "params: {a: 8, b: = 2 * a, size: 4, deep: false, scale: 0.1}\n"
        "model:\n  conv: Conv2d(b, 3)\n  act: ReLU if deep\n"
        "  sum: from conv * size + act\n"
        "init:\n  conv.weight: normal(std=scale)\n",
        [],
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_what_is_hardly_meant_is_warned_of(name: str) -> None:
    model, codes = MODELS[name]
    report = archc.check(text=f"archc: 1\nname: net\ninputs:\n  image: [B, 8, 32, 32]\n{model}")
    assert [(str(d.code), d.severity) for d in report.diagnostics] == [
        (code, "warning") for code in codes
    ], str(report)
    assert report.ok


def test_warning_that_the_file_allows_is_not_given() -> None:
    model, _ = MODELS["a crop of one corner"]
    text = "archc: 1\nname: net\nallow: {ARC415: the corner is meant}\n"
    report = archc.check(text=f"{text}inputs:\n  image: [B, 8, 32, 32]\n{model}")
    assert not report.diagnostics


@pytest.mark.slow
@pytest.mark.parametrize("network", networks(specs_folder()), ids=lambda network: network.name)
def test_no_spec_that_comes_with_archc_is_warned_of(network: Network) -> None:
    report = archc.check(network.path, variant=network.variant)
    assert not report.diagnostics, str(report)
