"""Specs with one mistake each: what a person could have written in place of each word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EDITS = (
    (r"stride=1\b", "stride=2"),
    (r"stride=2\b", "stride=1"),
    (r"stride=4\b", "stride=3"),
    (r"padding=1\b", "padding=0"),
    (r"padding=2\b", "padding=1"),
    (r"padding=3\b", "padding=2"),
    (r"bias=False", "bias=True"),
    (r"default: false", "default: true"),
    (r"default: 3", "default: 5"),
    (r"ceil_mode=True", "ceil_mode=False"),
    (r"\bgroups=\w+", ""),
    (r"eps=0\.001", "eps=0.002"),
    (r"eps=1e-12", "eps=1e-4"),
    (r"BatchNorm2d(?!\()", "BatchNorm2d(eps=1e-4)"),
    (r"BatchNorm2d(?!\()", "BatchNorm2d(momentum=0.2)"),
    (r"\bReLU\b", "GELU"),
    (r"\brelu\b(?![:{])", "gelu"),
    (r"\bgelu\b", "relu"),
    (r"approximate='tanh'", "approximate='none'"),
    (r"is_causal=True", "is_causal=False"),
    (r"bidirectional=True", "bidirectional=False"),
    (r" > unsqueeze", " < unsqueeze"),
    (r" == padding", " != padding"),
    (r" \* gate\b", " + gate"),
    (r"\bsigmoid\b", "tanh"),
    (r"\bsin\((\w+)\), cos\(", r"cos(\1), sin("),
    (r"\bTanh\b", "Sigmoid"),
    (r"\btanh\b", "sigmoid"),
    (r"\bMaxPool2d\b", "AvgPool2d"),
    (r"\bAvgPool2d\b", "MaxPool2d"),
    (r"\bAdaptiveAvgPool2d\b", "AdaptiveMaxPool2d"),
    (r"\badaptive_avg_pool2d\b", "adaptive_max_pool2d"),
    (r"\bamax\b", "mean"),
    (r"Dropout\(0\.\d\)", "Dropout(0.6)"),
    (r"\bp: 0\.5", "p: 0.6"),
    (r"beta=0\.75", "beta=0.7"),
    (r"\bk=2", "k=1"),
    (r"size=5", "size=3"),
    (r"\b5e-4", "1e-4"),
    (r"\b1\.7159", "1.7"),
    (r"\b2 / 3 ", "1 / 3 "),
    (r"concat\((\w+), (\w+)\)", r"concat(\2, \1)"),
    (r" \+ downsample", " - downsample"),
    (r"concat:$", "add:"),
    (r" if training", ""),
    (r" from \w+(, \w+)?(?!\()\b", ""),
)
"""What is written, and what is mistaken for it."""

NUMBER = re.compile(r"(?<=[(\[, ])(\d+)(?=[,)\]])")
"""A number that stands by itself as an argument or in a list: a mistake is a larger one."""

WITHOUT_EFFECT = {
    "branch4: MaxPool2d(3, stride=1, padding=1, ceil_mode=False)": "no window of stride 1 is cut",
    "-> adaptive_max_pool2d(1) -> flatten(1)": "the head sees one position",
    "pool2: MaxPool2d(3, stride=2, ceil_mode=False)": "of 11 and of 21 the last window is whole",
    "pool3: MaxPool2d(2, ceil_mode=False)": "of 8 the last window is whole",
    "padding=k5 // 3": "half of 3 and a third of 3 are both 1",
    "unsqueeze(unsqueeze(attention_mask, 1), 2)": "both sizes of 1 stand before the words",
    "Conv2d(out, k, padding=k // 3, bias=False, **kw)": "half of 3 and a third of 3 are both 1",
    "Conv2d(out, k, stride=stride, padding=k // 3, bias=False)": "the same, and of 1 both are 0",
    "Conv2d(out, k, padding=k // 3)": "the same, and of 1 both are 0",
}
"""Mistakes that are none, and why: no input can tell them."""

FORGOTTEN = "#"
"""What stands in place of a line that was left out."""

SECTIONS = frozenset({"params", "blocks", "model", "outputs"})
"""What says how the network computes; the figures under `expect` are not to notice for us."""


@dataclass(frozen=True)
class Mistake:
    """A spec in which one line is another."""

    path: Path
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        instead = "" if self.after == FORGOTTEN else f" as {self.after.strip()}"
        return f"{self.path.name}:{self.line}: {self.before.strip()}{instead}"

    def text(self) -> str:
        """Return the spec with the mistake in it, and without its figures."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        lines[self.line - 1] = self.after
        return "\n".join(lines[: lines.index("expect:")]) + "\n"

    def has_an_effect(self) -> bool:
        """Return whether there is an input that could tell."""
        return not any(harmless in self.after for harmless in WITHOUT_EFFECT)


def mistakes(path: Path) -> Iterator[Mistake]:
    """Yield a spec with each mistake at each place, and with each line left out."""
    section = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if re.match(r"\w", line):
            section = line.partition(":")[0]
        if section in SECTIONS and line.partition("#")[0].strip():
            yield Mistake(path, number, line, FORGOTTEN)
            for after in _mistaken(line.partition("#")[0], table=section == "params"):
                yield Mistake(path, number, line, after)


def _mistaken(line: str, *, table: bool) -> Iterator[str]:
    """Yield what could stand in place of a line; defaults are no table, its rows are."""
    for pattern, instead in EDITS:
        for found in re.finditer(pattern, line.rstrip()):
            yield line[: found.start()] + found.expand(instead) + line[found.end() :]
    for found in NUMBER.finditer(line) if not table or line.lstrip().startswith("- [") else ():
        yield line[: found.start()] + str(_mistaken_number(int(found[0]))) + line[found.end() :]


def _mistaken_number(number: int) -> int:
    """Return another number, of channels one that is not rounded back to a multiple of 8."""
    return number + 8 if number >= 16 and number % 8 == 0 else number + 1
