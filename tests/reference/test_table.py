"""specs/README.md says what the specs are."""

import pytest

from archc.catalogue import specs_folder
from tests.reference.lengths import (
    CAFFE_LINES,
    COUNTED_IN,
    DARKNET_LINES,
    TORCHVISION_LINES,
    installed_lines,
    installed_version,
    python_lines,
    spec_lines,
)
from tests.reference.networks import known_networks
from tests.reference.table import PAPERS, page


@pytest.mark.slow
def test_readme_of_the_specs_is_the_generated_one(update_golden: bool) -> None:
    readme = specs_folder() / "README.md"
    if update_golden:
        readme.write_text(page(), encoding="utf-8")
    assert readme.read_text(encoding="utf-8") == page()


def test_every_source_is_of_a_spec() -> None:
    assert set(PAPERS) == {path.stem for path in specs_folder().glob("*.yaml")}


PYTHON = """\
'''What it is.'''
import torch

__all__ = ["Net"]
_COMMON_META = {
    "min_size": (1, 1),
}


class Net(torch.nn.Module):  # counts: 1
    '''Said in
    two lines.'''

    # a comment

    def forward(self, x):  # 2
        return (
            x
        )  # 5


class Net_Weights:
    DEFAULT = "there"
"""

SPEC = """\
archc: 1
name: net
doc: |
  Two lines,

  # and no comment
inputs: {x: [B, 3]}

model:                    # 4
  # a comment
  - Linear(2)
expect:
  parameters: 8
"""


def test_lines_of_python_are_those_of_its_code() -> None:
    assert python_lines(PYTHON) == 5


def test_lines_of_a_spec_are_those_that_say_what_the_network_is() -> None:
    assert spec_lines(SPEC) == 5


def test_lines_of_torchvision_are_those_of_its_files() -> None:
    """Of another version than the one that was counted they are about as many."""
    slack = 0 if installed_version() == COUNTED_IN else 0.3
    installed = installed_lines()
    for file, count in TORCHVISION_LINES.items():
        assert abs(installed[file] - count) <= slack * count, file


def test_lines_of_caffe_and_darknet_are_of_networks_that_there_are() -> None:
    described = {*CAFFE_LINES, *DARKNET_LINES}
    assert described <= {network.name for network in known_networks()}
    assert CAFFE_LINES.keys().isdisjoint(DARKNET_LINES)
