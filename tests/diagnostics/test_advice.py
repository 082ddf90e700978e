"""What a message advises is right: a spec with the change made is accepted."""

import re
from pathlib import Path

import pytest

from archc.compiler import Report
from archc.diagnostics import Diagnostic
from tests.diagnostics.checking import report_on

BAD = Path(__file__).parents[1] / "bad"
SPECS = sorted(
    [*BAD.glob("ARC402_*.yaml"), *BAD.glob("ARC403_*.yaml"), *BAD.glob("ARC409_gate_*.yaml")]
)
_CALL = re.compile(r"write `(\w+)(\([^`]*\))`")
_LINE = re.compile(r"on line (\d+)")
_SOURCE = re.compile(r"write `(\w+): … (from \w+)`")
_CONDITION = re.compile(r"the condition of `(\w+)` .* let it be `(if [^`]+)`")
_NAME = re.compile(r"did you mean `(\w+)` in place of `(\w+)`")
_INPUT = re.compile(r"`(\w+)` has the size .*: pass it as `skip` to .* on line (\d+)")
_SWAP = re.compile(r"swap the inputs of .* on line (\d+)")
_MIDDLE = re.compile(r"the middle of `(\w+)` fits: `([^`]+)`")
_REPEATED = re.compile(r"write `(expand\((\w+), [^`]+)`$")
_CHAINED = re.compile(r"write `(-> [^`]+)` at the end of line (\d+)$")
_DECLARED = re.compile(r"write `(\w+): (\[[^`]+\])`$")
_SHORTCUT = re.compile(r"`(shortcut: .*) from (\w+)`")

MOST_STEPS = 2
EXPLAINED = frozenset(
    {
        "ARC402_even_kernel",
        "ARC402_ranks",
        "ARC402_size_of_another_block",
        "ARC403_even_pool",
        "ARC403_global_pool",
        "ARC403_ranks",
        "ARC403_rounded",
        "ARC403_rounded_below",
    }
)
"""Messages that say what is wrong and leave the choice to the reader."""


def changed(text: str, help_: str) -> str:
    """Return a spec with the change made that a message advises."""
    lines = text.split("\n")
    if here := _on_the_marked_line(help_):
        number = next(i for i, line in enumerate(lines) if "# error" in line)
        lines[number] = re.sub(*here, lines[number])
    elif found := _SOURCE.search(help_):
        number = _line_of(lines, found[1])
        bare = re.sub(r" from \w+", "", lines[number])
        lines[number] = re.sub(r"\)( if .*)?$", rf") {found[2]}\1", bare)
    elif found := _CONDITION.search(help_):
        number = _line_of(lines, found[1])
        lines[number] = re.sub(r"if .*", found[2], lines[number])
    elif found := _INPUT.search(help_):
        number = int(found[2]) - 1
        lines[number] = re.sub(r"\w+$", found[1], lines[number])
    elif found := _SWAP.search(help_):
        number = int(found[1]) - 1
        lines[number] = re.sub(r"(\w+), (\w+)$", r"\2, \1", lines[number])
    elif found := _SHORTCUT.search(help_):
        number = next(i for i, line in enumerate(lines) if "return" in line)
        lines[number] = re.sub(rf"\b{found[2]}\b", "shortcut", lines[number])
        indentation = " " * (len(lines[number]) - len(lines[number].lstrip()))
        lines.insert(number, f"{indentation}{found[1]} from {found[2]}")
    elif found := _CHAINED.search(help_):
        lines[int(found[2]) - 1] += f" {found[1]}"
    elif found := _DECLARED.search(help_):
        return re.sub(rf"\b{found[1]}: \[[^]]*\]", f"{found[1]}: {found[2]}", text)
    elif _CALL.search(help_):
        for part in help_.split("; `"):
            _change_call(lines, part)
    else:
        raise AssertionError(f"no change is advised: {help_}")
    return "\n".join(lines)


def _on_the_marked_line(help_: str) -> tuple[str, str] | None:
    """Return what to change on the line of the message itself, and into what."""
    if "leave `dim` out" in help_:
        return r"\(dim=\d\)|, dim=\d", ""
    if found := _MIDDLE.search(help_):
        return rf"(?<=\(){found[1]}(?=,)", found[2]
    if found := _REPEATED.search(help_):
        return rf"\b{found[2]}\b", found[1]
    if found := _NAME.search(help_):
        return rf"\b{found[2]}\b", found[1]
    return None


def _change_call(lines: list[str], help_: str) -> None:
    """Put a call that a message shows in place of the one on the line that it names."""
    found = _CALL.search(help_)
    assert found is not None
    after, before = _LINE.search(help_, found.end()), _LINE.findall(help_[: found.start()])
    number = int(after[1] if after else before[-1]) - 1
    lines[number] = _with_call(lines[number], found[1], found[2])


def _line_of(lines: list[str], name: str) -> int:
    return next(i for i, line in enumerate(lines) if line.strip().startswith(f"{name}:"))


def _with_call(line: str, name: str, arguments: str) -> str:
    """Return a line with one call replaced: the one whose first two arguments are the same."""
    calls = list(re.finditer(rf"\b{name}\([^()]*\)", line))
    first = arguments.split(",")[:2]
    call = next((c for c in calls if c[0][len(name) :].split(",")[:2] == first), calls[-1])
    return line[: call.start()] + name + arguments + line[call.end() :]


def report_with_advice(path: Path) -> Report:
    """Return what checking finds once the advice is followed, and that which follows from it."""
    text = path.read_text(encoding="utf-8")
    report = report_on(text, path.name)
    for _ in range(MOST_STEPS):
        if report.ok:
            break
        (found,) = report.diagnostics
        text = changed(text, found.help)
        report = report_on(text, path.name)
    return report


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_advice_that_is_followed_is_accepted(path: Path) -> None:
    if path.stem in EXPLAINED:
        with pytest.raises(AssertionError, match="no change is advised"):
            report_with_advice(path)
        return
    report = report_with_advice(path)
    assert report.ok, str(report)


_MEANT = re.compile(r"did you mean [`']([^`']+)[`']\?")
MORE_THAN_A_NAME = frozenset(
    {
        "ARC201_misspelt_key",
        "ARC203_misspelt_from",
        "ARC205_layer_as_key",
        "ARC205_layer_with_mapping",
        "ARC205_layer_with_type",
        "ARC209_choice_of_no_layer",
        "ARC214_dtype_and_syntax",
        "ARC301_block_with_another_name",
        "ARC301_channel",
        "ARC302_twice",
    }
)
"""Specs with another mistake below, and those whose advice replaces more than the marked text."""
REPLACED = [
    (path, found)
    for path in sorted(BAD.glob("*.yaml"))
    if path.stem not in MORE_THAN_A_NAME
    for found in report_on(path.read_text(encoding="utf-8"), path.name).diagnostics
    if _MEANT.fullmatch(found.help) and found.primary is not None
]


@pytest.mark.parametrize(
    ("path", "found"), REPLACED, ids=lambda part: part.stem if isinstance(part, Path) else ""
)
def test_name_that_was_meant_is_accepted_in_its_place(path: Path, found: Diagnostic) -> None:
    text, span = path.read_text(encoding="utf-8"), found.primary
    meant = _MEANT.fullmatch(found.help)
    assert meant is not None
    assert span is not None
    lines = text.split("\n")
    line = lines[span.line - 1]
    start, end = span.column - 1, span.end_column - 1
    lines[span.line - 1] = line[:start] + _replaced(line[start:end], meant[1]) + line[end:]
    left = report_on("\n".join(lines), path.name).diagnostics
    assert len(left) < len(report_on(text, path.name).diagnostics), left


def _replaced(marked: str, meant: str) -> str:
    """Return the marked text with the name in it replaced: a whole call, or its name alone."""
    if not meant.isidentifier():
        return meant
    if "'" in marked:
        return re.sub(r"'.*'", f"'{meant}'", marked)
    return re.sub(r"[\w.]+", lambda _: meant, marked, count=1)
