"""Lines that no run came to the end of are read all the same, and nothing good is refused.

What is found in them stands in `tests/bad`: `ARC302_block_never_called`,
`ARC302_branch_never_taken`, `ARC206_behind_a_failed_stage`.
"""

from pathlib import Path

import pytest

from archc.catalogue import specs_folder
from archc.compiler import Settings, check_spec
from archc.opening import open_spec
from archc.passes import elaborate
from archc.passes.elaboration.nodes import NodeBuilder
from archc.passes.elaboration.scope import FileScope
from archc.passes.elaboration.unfinished_lines import read_unfinished_lines
from archc.spec.model import Document
from tests.diagnostics.checking import report_on

NETWORKS = [
    (path, variant)
    for path in sorted(specs_folder().glob("*.yaml"))
    for variant in (None, *open_spec(path).document.variants)
]


@pytest.mark.parametrize(
    ("path", "variant"), NETWORKS, ids=lambda part: getattr(part, "stem", part)
)
def test_good_lines_are_not_refused_where_nothing_is_known(
    path: Path, variant: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line of every spec is read as one that never ran: no mistake is found."""
    read: list[str] = []

    def forgetful(document: Document, file: FileScope, builder: NodeBuilder) -> None:
        builder.finished.clear()
        read_unfinished_lines(document, file, builder)
        read.append(document.name)

    monkeypatch.setattr(elaborate, "read_unfinished_lines", forgetful)
    report = check_spec(open_spec(path), Settings(variant=variant))
    assert read
    assert report.diagnostics == ()


BODY = """
archc: 1
name: m
params: {{norm: BatchNorm2d, rates: [1, 2], sizes: []}}
inputs:
  image: [B, 3, H=32, W=32]
blocks:
  Never(Layer, out, rate=0, **kw)(x, skip):
{lines}
model:
  - Conv2d(8, 3)
"""


@pytest.mark.parametrize(
    "line",
    [
        "a: Layer(out, 3, **kw) -> norm -> BatchNorm2d(**kw) from x + skip",
        "a: Conv2d(out // rate, 3, padding=rate) -> relu from concat(x, skip)",
        "a: Upsample(size=sizes[0]) -> Upsample(scale_factor=rate) from x",
        "a: Conv2d(8, kernel_size=rate, groups=in_channels) from (x if out > 3 else skip)",
        "a: MaxPool2d(sizes[5] if rate > 3 else 2) from x[:, :out, H // rate:]",
        "let n: 1 // rate + sizes[7]",
        "for k, v in enumerate(rates[rate:]):\n      a{k}: Conv2d(v, rate) from x",
    ],
)
def test_what_values_decide_is_no_mistake_while_they_are_unknown(line: str) -> None:
    ends = "    last: Layer(3, extra=4, **kw) from x\n    return: last * skip"
    report = report_on(BODY.format(lines=f"    {line}\n{ends}"), "spec.yaml")
    assert [d.headline for d in report.diagnostics if d.severity == "error"] == []
