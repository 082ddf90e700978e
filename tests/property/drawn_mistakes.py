"""Mistakes in the specs that ship: each is a small change of one line that is wrong by itself."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from archc.catalogue import specs_folder
from archc.compiler import Settings, check_spec
from archc.diagnostics import CompileError, Diagnostic
from archc.opening import read_spec

EDITS = {
    "callee": (r"(?<=[ (])(?:[A-Z][a-z]+\w*)(?=[(\n])", r"\g<0>z"),
    "callee of other letters": (r"\b(Conv|BatchNorm|MaxPool|AvgPool)2d\b", r"\g<1>2D"),
    "function": (r"(?<=-> )[a-z]\w+(?=[(\s]|$)", r"\g<0>qz"),
    "argument": (r"(?<=[(,] )?\b(bias|stride|padding|eps|groups|dim|p|kernel_size)=", r"\1qz="),
    "bias misspelt": (r"\bbias=", "bais="),
    "name": (r"(?<= from )[a-z]\w*\b(?![.(])", r"\g<0>qz"),
    "name in a condition": (r"(?<= if )[a-z]\w*\b(?![.(])", r"\g<0>qz"),
    "name after return": (r"(?<=return: )[a-z]\w*\b(?![.(])", r"\g<0>qz"),
    "name in a sum": (r"(?<= \+ )[a-z]\w*\b(?![.(])", r"\g<0>qz"),
    "name in a call": (r"(?<=\()[a-z]\w*(?=[,)])", r"\g<0>qz"),
    "zero": (r"\b(stride|groups)=\d+", r"\1=0"),
    "negative": (r"\bpadding=\d+", r"padding=-1"),
    "probability": (r"Dropout\(0\.\d\)", "Dropout(1.5)"),
    "text for a boolean": (r"\bbias=False\b", "bias='no'"),
    "fraction": (r"(?<=2d\()(\d+)\b", r"\1.5"),
    "lower-case constant": (r"=False\b", "=false"),
    "colon in a call": (r"\b(bias|stride|padding)=", r"\1: "),
    "bracket left open": (r"\)(?=\s*$)", ""),
    "bracket too many": (r"\)(?=\s*$)", "))"),
    "comma missing": (r", (?=[a-z]+=)", " "),
    "doubled arrow": (r" -> ", " - > "),
    "no colon": (r"(?<=^  )(?!.*for)(\s*\w+):(?= \w)", r"\1"),
    "for without in": (r"\bfor (\w+) in ", r"for \1 of "),
    "tab": (r"^(?:  )+(?=[\w-])", "\t"),
    "section": (r"^(model|blocks|inputs|params|variants|outputs|init|expect):", r"\1z:"),
    "unit of a size": (r"=224\b", "=0"),
    "loop over a number": (r"\bin range\((\w+)\):", r"in \1:"),
}


@dataclass(frozen=True, order=True)
class Drawn:
    """One mistake: what stands in place of some characters of a line."""

    line: int
    start: int
    end: int
    text: str
    kind: str

    def overlaps(self, other: "Drawn") -> bool:
        """Return whether the two change the same characters, or such that touch."""
        return self.line == other.line and self.start <= other.end and other.start <= self.end


def drawn_mistakes(text: str) -> Iterator[Drawn]:
    """Yield every mistake that can be made in a spec."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\w", line):
            section = line.partition(":")[0]
        if section in {"expect", "meta", "doc", "init", "archc", "name"} and not re.match(
            r"init|expect", line
        ):
            continue
        code = line.partition("#")[0].rstrip()
        for kind, (pattern, instead) in EDITS.items():
            for found in re.finditer(pattern, code):
                yield Drawn(number, found.start(), found.end(), found.expand(instead), kind)


def with_mistakes(text: str, mistakes: Iterable[Drawn]) -> str:
    """Return a text with mistakes in it."""
    lines = text.splitlines(keepends=True)
    for each in sorted(mistakes, reverse=True):
        line = lines[each.line - 1]
        lines[each.line - 1] = line[: each.start] + each.text + line[each.end :]
    return "".join(lines)


def without_figures(text: str) -> str:
    lines = text.splitlines(keepends=True)
    starts = [i for i, line in enumerate(lines) if line.startswith("expect:")]
    return "".join(lines[: starts[0]]) if starts else text


def found_in(text: str, path: Path, variant: str | None = None) -> list[Diagnostic]:
    """Return what is wrong with a text that stands for a spec that ships."""
    try:
        spec = read_spec(text, str(path), path)
        return list(check_spec(spec, Settings(variant=variant)).diagnostics)
    except CompileError as error:
        return list(error.diagnostics)
