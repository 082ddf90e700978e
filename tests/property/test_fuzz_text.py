"""Whatever the text: `archc.check` returns a report soon, and never a fault of archc's own.

The text is random, or a spec of ours with lines, words and characters changed. The long form
(`ARCHC_FUZZ_EXAMPLES=20000`) is for the one who touches the reader or the elaborator.
"""

import os
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archc
from archc.diagnostics import Code

EXAMPLES = int(os.environ.get("ARCHC_FUZZ_EXAMPLES", "60"))
SPECS = [
    path.read_text(encoding="utf-8")
    for folder in ("specs", "tests/bad")
    for path in sorted((Path(__file__).parents[2] / folder).glob("*.yaml"))
]
SHORT = [text for text in SPECS if len(text) < 3000]
HEAD = "archc: 1\nname: fuzz\nparams: {n: 2, Act: ReLU}\ninputs:\n  image: [B, 3, 16, 16]\n"

_FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="ARCHC_FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

_WORDS = """
    Conv2d(8, 3)|ReLU|Linear(10)|BatchNorm2d|Parameter(1, 3)|Buffer(range(3))|MaxPool2d(2)|Act
    Act()|flatten(1)|relu|concat|add|mul|branch:|let a:|return:|assert:|declare:|for i in
    for a, b in|if|elif|concat:|add:|mul:|concat as a:|if n:|else:|else|from|as|->|*|**|n
    image|x|conv|a|b|i|range(3)|range(n):|range(n)|len|zip|enumerate|[1, 2]|(1, 2)
    [[1, 2], [3, 4]]|True|None|inf|1|0|-1|2.5|1e-3|99999999999999999999|'text'|in_channels
    in_shape|.shape|.channels|.h_n|[0]|[:, 0]|[]|()|(|)|[|]|{|}|{i}|{n}|:|=|==|<|+|-|/|//|%|@
    ,|;|#|&|!|>|'|"|ys[]|LSTM(4)|LSTM(4, bidirectional=True)|B|H
    MultiheadAttention(1, batch_first=True)|Embedding(4, 2)|Dropout|training|softmax(dim=1)
    chunk(2)|transpose(1, 2)|reshape(-1, 3)|from image|from a|from a + b|from concat(a, b)
    as a|as ys[]|if n > 1|** kw|make_divisible(n)|1 / 0|n ** 99|sum([1, 2])|max(n, 3)
    Conv2d(n, 1, groups=n)|* n|* 3|* (n - 2)
"""
WORDS = st.sampled_from(
    [word for line in _WORDS.strip().split("\n") for word in line.strip().split("|")]
)
LINES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)


def indented(lines: list[tuple[int, str]]) -> str:
    """Return lines with their indentation, below `model:`."""
    return HEAD + "model:\n" + "".join("  " * depth + line + "\n" for depth, line in lines)


RANDOM_MODELS = st.lists(st.tuples(st.integers(1, 4), LINES), min_size=1, max_size=8).map(indented)
KEYED = st.tuples(st.sampled_from(["- ", "a: ", "b: ", "conv{i}: ", ""]), LINES).map("".join)
KEYED_MODELS = st.lists(st.tuples(st.just(1), KEYED), min_size=1, max_size=8).map(indented)


@st.composite
def changed_specs(draw: st.DrawFn) -> str:
    """Return a spec with up to four changes: a line, a word or a character."""
    lines = draw(st.sampled_from(SHORT)).split("\n")
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        line = lines[place]
        column = draw(st.integers(0, len(line)))
        length = draw(st.integers(0, 6))
        change = draw(
            st.sampled_from(["drop", "double", "move", "insert", "replace", "word", "other"])
        )
        if change == "drop" and len(lines) > 1:
            del lines[place]
        elif change == "double":
            lines.insert(place, line)
        elif change == "move":
            lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(place))
        elif change == "insert":
            lines[place] = line[:column] + draw(st.text(max_size=3)) + line[column:]
        elif change == "replace":
            lines[place] = line[:column] + draw(WORDS) + line[column + length :]
        elif change == "word" and len(words := line.split()) > 1:
            first, second = draw(st.permutations(words))[:2]
            lines[place] = line.replace(first, second)
        else:
            lines.insert(place, draw(st.sampled_from(draw(st.sampled_from(SHORT)).split("\n"))))
    return "\n".join(lines)


def expect_report(text: str) -> None:
    """Check a text: a report, within two seconds, and no fault of ours."""
    start = time.process_time()
    report = archc.check(text=text)
    assert time.process_time() - start < 2
    assert str(report) or report.ok
    for found in report.diagnostics:
        assert found.code is not Code.INTERNAL


@_FUZZ
@given(st.text(max_size=300))
def test_check_of_any_text_returns_a_report(text: str) -> None:
    expect_report(text)


@_FUZZ
@given(
    st.text(alphabet="abc:-[]{}(),#&*!|>'\"%@`?=+/. \n\t0123456789", max_size=120).map(
        lambda t: HEAD + "model:\n  " + t
    )
)
def test_check_of_a_model_of_any_text_returns_a_report(text: str) -> None:
    expect_report(text)


@_FUZZ
@given(RANDOM_MODELS | KEYED_MODELS)
def test_check_of_a_model_of_random_words_returns_a_report(text: str) -> None:
    expect_report(text)


@_FUZZ
@given(changed_specs())
def test_check_of_a_changed_spec_returns_a_report(text: str) -> None:
    expect_report(text)
