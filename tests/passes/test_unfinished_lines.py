"""Lines that no run came to the end of are read all the same, and nothing good is refused.

What is found in them stands in `tests/bad`: `ARC302_block_never_called`,
`ARC302_branch_never_taken`, `ARC206_behind_a_failed_stage`.
"""

from pathlib import Path

import pytest

from archc.catalogue import specs_folder
from archc.compiler import Settings, check_spec
from archc.diagnostics import Code
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


COUNTS = """
archc: 1
name: m
inputs:
  image: [B, 3, 32, 32]
blocks:
  Two(out)(a, b): Conv2d(out, 3) from a + b
  One(out)(a): Conv2d(out, 3) from a
  Never(x)(a, b):
    {line}
model:
  - {stage}
"""


def headlines(text: str) -> list[str]:
    """Return what is wrong with a text, a headline each; inputs that nobody reads aside."""
    found = report_on(text, "spec.yaml").diagnostics
    return [d.headline for d in found if d.severity == "error" and d.code != Code.UNUSED_VALUE]


@pytest.mark.parametrize(
    ("line", "headline"),
    [
        ("- Two(x)", "`Two` takes 2 inputs (a, b), 0 given"),
        ("- ReLU", "no tensor flows into this line"),
        ("- Two(x) from a", "`Two` takes 2 inputs (a, b), 1 given"),
        ("- One(x) from a, b", "`One` takes 1 input (a), 2 given"),
        ("- Two(x) from a, b, a", "`Two` takes 2 inputs (a, b), 3 given"),
        ("- Bilinear(x) from a", "`Bilinear` takes 2 tensors, 1 given"),
        ("- ReLU -> Bilinear(x) from a", "`Bilinear` takes 2 tensors, 1 given"),
        ("- (ReLU -> Bilinear(x)) from a", "`Bilinear` takes 2 tensors, 1 given"),
        ("- ReLU from a, b", "`ReLU` takes 1 tensor, 2 given"),
        ("- ReLU from addcmul(a, b)", "`addcmul` takes 3 tensors, 2 given"),
        ("- Conv2d(x, 3) from a\n    - Two(x)", "`Two` takes 2 inputs (a, b), 1 given"),
        ("c: Conv2d(x, 3) from a\n    d: Two(x) from c", "`Two` takes 2 inputs (a, b), 1 given"),
    ],
)
def test_a_wrong_number_of_tensors_is_told_where_nothing_ran(line: str, headline: str) -> None:
    text = COUNTS.format(line=line, stage="Conv2d(8, 3)")
    assert headlines(text) == [headline]
    called = COUNTS.format(line=line, stage="Never(8) from image, image")
    assert headline in headlines(called), "a line that runs says the same"


@pytest.mark.parametrize(
    "line",
    [
        "- Two(x) from chunk(a, 2, 1)",
        "- chunk(2, 1) -> Two(x) from a",
        "- LSTM(x, batch_first=True) -> Bilinear(4) from a",
        "- ReLU from a\n    - One(x)",
        "- (Two(x) from a, b) -> ReLU",
        "c: chunk(2, 1) from a\n    d: Two(x) from c",
        "for i in range(x):\n      c{i}: ReLU from a as ys[]\n    d: Two(x) from ys",
        "c: One(x) * 3 from a\n    d: Bilinear(8) from c, b",
        "c: Parameter(3)\n    d: add from a, b",
        "- concat:\n      - ReLU from a\n      - ReLU from b",
        "Two(x)",
    ],
)
def test_a_number_of_tensors_that_the_text_does_not_say_is_no_mistake(line: str) -> None:
    assert headlines(COUNTS.format(line=line, stage="Conv2d(8, 3)")) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("nn.Conv2d(8, 3, paddin=1)", "`Conv2d` has no argument `paddin`"),
        ("torch.nn.functional.relu(inplce=True)", "`relu` has no argument `inplce`"),
        ("F.dropout(1.5)", "`p` of `dropout` cannot be 1.5: it must be at most 1"),
        ("Dense(units=3)", "`Linear` has no argument `units`"),
        ("Convolution2D(8, 0)", "`kernel_size` of `Conv2d` cannot be 0: it must be at least 1"),
        ("swish(inplce=True)", "`silu` has no argument `inplce`"),
    ],
)
def test_arguments_of_a_layer_of_others_are_read_as_of_ours(line: str, expected: str) -> None:
    text = f"archc: 1\nname: m\ninputs:\n  x: [B, 3, 8, 8]\nmodel:\n  - {line}\n"
    name = line.partition("(")[0]
    unknown = f"there is no layer, block or function `{name}`"
    assert headlines(text) == [unknown, expected]


@pytest.mark.parametrize("line", ["Dense(64, 'relu')", "Convolution2D(8, 3, 2, 'same')"])
def test_arguments_that_others_order_otherwise_are_not_read(line: str) -> None:
    text = f"archc: 1\nname: m\ninputs:\n  x: [B, 3, 8, 8]\nmodel:\n  - {line}\n"
    assert len(headlines(text)) == 1


CIRCLE = """
archc: 1
name: m
inputs:
  image: [B, 3, 32, 32]
blocks:
  Alone(n): One(n)
  One(n): Two(n)
  Two(n): Three(n) if n > 3 else ReLU
  Three(n): One(n)
model:
  - {stage}
"""


def test_blocks_that_call_each_other_and_that_nobody_calls_are_told_once() -> None:
    assert headlines(CIRCLE.format(stage="ReLU")) == ["`One` calls itself"]


def test_blocks_that_call_each_other_are_told_where_a_run_finds_them() -> None:
    assert headlines(CIRCLE.format(stage="Three(8)")) == ["`Three` calls itself"]
