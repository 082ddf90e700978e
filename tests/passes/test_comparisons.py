"""Comparisons that may hold are left alone: a block's parameter can be of any kind."""

import archc

SPEC = """\
archc: 1
name: padded
params: {pad: 'same', size: 3}
inputs: {image: [B, 3, 8, 8]}
blocks:
  Unit(pad=0, keep=pad == 0):
    - Conv2d(8, 3, padding=1) if pad == 'same'
    - Conv2d(8, 3) if pad != 0
    - ReLU if keep
model:
  - Unit
  - Unit('same')
  - Unit(1)
  - ReLU if size == 3.0
  - for size in ['all', 2]:
      - ReLU if size == 'all'
"""


def test_comparison_of_what_a_block_may_be_given_is_no_mistake() -> None:
    report = archc.check(text=SPEC)
    assert report.ok, str(report)
    assert report.graph is not None
    kinds = [type(node.operation).__name__ for node in report.graph.nodes if node.operation]
    assert kinds == ["ReLU", "Conv2d", "Conv2d", "Conv2d", "ReLU", "ReLU"]


def test_comparison_of_the_parameter_of_that_name_is_a_mistake() -> None:
    report = archc.check(text=SPEC.replace("ReLU if size == 3.0", "ReLU if pad == 0"))
    assert [found.headline for found in report.diagnostics] == [
        "`pad` is a string and never equals `0`"
    ]
