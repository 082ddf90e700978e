"""Write specs/README.md: `python -m tests.reference.table`."""

import re
from collections.abc import Iterator

import archc
from archc.catalogue import Network, specs_folder
from tests.reference.lengths import (
    CAFFE_LINES,
    COUNTED_IN,
    DARKNET_LINES,
    TORCHVISION_LINES,
    spec_lines,
    torchvision_file,
)
from tests.reference.networks import RUN_AGAINST_OWN, RUN_AGAINST_TORCHVISION, known_networks
from tests.reference.packages import PACKAGES

PAPERS = {
    "alexnet": "Krizhevsky 2014",
    "alexnet_2012": "Krizhevsky, Sutskever, Hinton 2012",
    "autoencoder": "Chollet 2016",
    "bert": "Devlin et al. 2018",
    "c3d": "Tran et al. 2015",
    "char_cnn": "Zhang, Zhao, LeCun 2015",
    "cifar_dropout": "Brownlee and Tam's tutorial",
    "cifar_quick": "Caffe's `cifar10_quick`",
    "convnext": "Liu et al. 2022",
    "dcgan": "Radford, Metz, Chintala 2015",
    "deeplabv3": "Chen et al. 2017",
    "densenet": "Huang et al. 2016",
    "efficientnet": "Tan, Le 2019",
    "efficientnet_lite0": "Tan, Le 2019; Liu 2020",
    "fcn": "Long, Shelhamer, Darrell 2014",
    "fpn": "Lin et al. 2016",
    "googlenet": "Szegedy et al. 2014",
    "googlenet_2014": "Szegedy et al. 2014",
    "gpt2": "Radford et al. 2019",
    "inception_v3": "Szegedy et al. 2015",
    "lenet5": "LeCun et al. 1998",
    "lenet5_1998": "LeCun et al. 1998",
    "lraspp": "Howard et al. 2019",
    "maxvit": "Tu et al. 2022",
    "mnasnet": "Tan et al. 2018",
    "mobilenet_v1": "Howard et al. 2017",
    "mobilenet_v2": "Sandler et al. 2018",
    "mobilenet_v3": "Howard et al. 2019",
    "mtcnn": "Zhang et al. 2016",
    "nin": "Lin, Chen, Yan 2013",
    "recurrent_classifier": "Hochreiter, Schmidhuber 1997; Cho et al. 2014",
    "regnet": "Radosavovic et al. 2020",
    "resnet": "He et al. 2015",
    "resnet_cifar": "He et al. 2015",
    "resnext": "Xie et al. 2016",
    "senet": "Hu et al. 2018",
    "shufflenet_v2": "Ma et al. 2018",
    "simple_cnn": "Liao 2017",
    "squeezenet": "Iandola et al. 2016",
    "swin": "Liu et al. 2021",
    "swin_v2": "Liu et al. 2021",
    "textcnn": "Kim 2014",
    "transformer": "Vaswani et al. 2017",
    "two_tower": "Bromley et al. 1993",
    "unet": "Ronneberger, Fischer, Brox 2015",
    "vgg": "Simonyan, Zisserman 2014",
    "vgg16": "Simonyan, Zisserman 2014",
    "vit": "Dosovitskiy et al. 2020",
    "wavenet": "Van den Oord et al. 2016",
    "yolov3": "Redmon, Farhadi 2018",
}
"""The source of each file, in the words its `doc:` begins with."""

INTRODUCTION = """\
# Specs

The networks that come with archc. Each name works wherever a command takes a spec:
`archc check resnet50`, `archc.load("resnet50")`. Each file holds its own figures under `expect:`
to a paper or a published count, and `archc check specs/` compares them.

Parameters are counted with the heads that run in training alone; MACs are multiply-adds for one
sample of the size the file gives, without them.

| network | spec | source | parameters | MACs | lines | torchvision | Caffe, Darknet | equal to |
| --- | --- | --- | --: | --: | --: | --: | --: | --- |
"""

ENDING = f"""
Lines are counted by program, without empty ones, comments and what is taken from other files; where
a file has several networks, the file's stand in each row. Of a spec they are those that say what
the network is: without `doc`, `expect` and `meta`. Of torchvision, version {COUNTED_IN}, they are
the code of the file that builds the network: without docstrings, imports and published weights.
Of Caffe they are those of the published prototxt for inference, without data, losses and heads:
in BVLC/caffe, KaimingHe/deep-residual-networks, forresti/SqueezeNet and shicai/DenseNet-Caffe; of
Darknet, for VGG-16 and YOLOv3, those of its own cfg.
Each is the network that comes nearest, not always the same.

From equal weights each comes to the same bits as its reference in evaluation and, under one seed,
in training; names, shapes and order of the state dict and batch statistics are equal, gradients
agree. Parameters and MACs are those torchvision publishes, or what arithmetic on the paper says.
`tests/reference/` holds it all, and shows that mistakes all over each spec are noticed;
`make prove` makes every one it knows.

This page is written by `python -m tests.reference.table`, and a test keeps it so.
"""


def page() -> str:
    """Return the text of specs/README.md."""
    return INTRODUCTION + "".join(_rows()) + ENDING


def _rows() -> Iterator[str]:
    for network in known_networks():
        costs = archc.check(network.path, variant=network.variant).costs
        assert costs is not None, network.name
        file = network.path.name
        cells = [
            f"`{network.name}`",
            f"[{file}]({file})",
            _source(network),
            f"{costs.parameters:,}",
            f"{costs.macs:,}",
            str(spec_lines(network.path.read_text(encoding="utf-8"))),
            *_lines_elsewhere(network.name),
            _reference(network.name),
        ]
        yield f"| {' | '.join(cells)} |\n"


def _lines_elsewhere(name: str) -> tuple[str, str]:
    """Return the lines of torchvision's file and of Caffe's or Darknet's, where there is one."""
    described = CAFFE_LINES | DARKNET_LINES
    known = name in {reference.name for reference in RUN_AGAINST_TORCHVISION}
    python = f"{TORCHVISION_LINES[torchvision_file(name)]:,}" if known else ""
    return python, f"{described[name]:,}" if name in described else ""


def _source(network: Network) -> str:
    """Return the source as a link where the spec names an arXiv page."""
    label = PAPERS[network.path.stem]
    found = re.search(r"arXiv:(\d{4}\.\d{4,5})", network.document.doc)
    return f"[{label}](https://arxiv.org/abs/{found[1]})" if found else label


def _reference(name: str) -> str:
    if name in {"resnet50_fpn", *(reference.name for reference in RUN_AGAINST_TORCHVISION)}:
        return "torchvision"
    if name in PACKAGES:
        return f"{PACKAGES[name]}, with its weights"
    assert name in {reference.name for reference in RUN_AGAINST_OWN}, name
    return "torch by hand"


if __name__ == "__main__":
    (specs_folder() / "README.md").write_text(page(), encoding="utf-8")
