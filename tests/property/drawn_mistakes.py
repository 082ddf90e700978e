"""Mistakes in the specs that ship: each is a small change of one line that is wrong by itself."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from types import MappingProxyType

from archc.catalogue import specs_folder
from archc.compiler import check_spec
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
    "section": (r"^(model|blocks|inputs|params|variants|outputs):", r"\1z:"),
    "unit of a size": (r"=224\b", "=0"),
    "loop over a number": (r"\bin range\((\w+)\):", r"in \1:"),
    "initialisation": (r"(?<=: )(zeros|ones|(?:\w+_)?(?:normal|uniform))\b", r"\1qz"),
    "argument of an initialisation": (r"\b(mode|nonlinearity|gain|std)=", r"qz\1="),
    "word of an initialisation": (r"'(fan_out|relu|leaky_relu)'", r"'\1qz'"),
    "tensor of a rule": (r"\.(weight|bias)(?=:)", r".\1qz"),
    "same beside a stride": (r"(?<=stride=2, )padding=\d+", "padding='same'"),
    "padding over half": (r"(?<=Pool2d\(\d, )(stride=\d, )?padding=1", r"\1padding=9"),
    "groups of a width": (r"(?<=Conv2d\()(\d*[02468]), (\d)(?=[,)])", r"\1, \2, groups=7"),
    "prefix": (r"(?<=[ (])(?=(?:Conv|BatchNorm|MaxPool|Dropout|LayerNorm)\w*\((?!.*:$))", "nn."),
    "argument of others": (r"\bpadding=", "pad="),
    "layer of others": (r"\bLinear\(", "Dense("),
    "source too many": (r"^( +(?:- |\w+: )[A-Z]\w*(?:\([^()]*\))? from )(\w+)$", r"\1\2, \2"),
    "order of a turn": (r"\bpermute\((\d), \d", r"permute(\1, \1"),
    "let": (r"\blet (\w+):", r"let \1qz:"),
}
"""What is mistaken, and what is written instead."""

PLACES = {
    "a space more": (r"^  (?= *\S)", "   "),
    "a space less": (r"^  (?= *\S)", " "),
    "indented deeper": (r"^  (?= *\S)", "    "),
    "dash too many": (r"^( +)(?=\w+: [A-Z])", r"\1- "),
    "dash missing": (r"^( +)- (?=[A-Z])", r"\1"),
    "comma too many": (r", (?=[\w']+\])", ", , "),
}
"""What is mistaken of where a line begins, and of lists: YAML itself may fail of each."""

FORMS = {
    **{kind: EDITS[kind] for kind in ("tab", "no colon", "colon in a call")},
    **{kind: EDITS[kind] for kind in ("bracket left open", "bracket too many")},
    **PLACES,
    "quote not closed": (r"(?<=\w: )(?=[A-Z])", '"'),
    "list left open": (r"\](?=\s*$)", ""),
    "braces left open": (r"\}(?=\s*$)", ""),
    "list closed twice": (r"\](?=\s*$)", "]]"),
    "braces closed twice": (r"\}(?=\s*$)", "}}"),
    "list not opened": (r"(?<=\w: )\[", ""),
    "braces not opened": (r"(?<=\w: )\{", ""),
    "no space after a colon": (r"^( *[\w.]+:) (?=\S)", r"\1"),
    "no space after a dash": (r"^( +)- (?=[A-Z])", r"\1-"),
    "no colon at the end": (r":$", ""),
    "equals for a colon": (r"^( +\w+): (?=[A-Z])", r"\1 = "),
}
"""Everything by which the form of a file breaks: YAML itself may fail of each."""

SECTIONS = frozenset({"params", "variants", "inputs", "blocks", "model", "outputs", "init", "tie"})

BODIES = frozenset({"blocks", "model"})
FARTHEST = 4
"""How many columns a line is moved at most."""


@dataclass(frozen=True, order=True)
class Drawn:
    """One mistake: what stands in place of some characters of a line."""

    line: int
    start: int
    end: int
    before: str
    after: str
    kind: str

    def __str__(self) -> str:
        return f"{self.line}: {self.kind}, {self.after!r} for {self.before!r}"

    def clashes(self, other: "Drawn") -> bool:
        """Return whether two mistakes touch, or spoil the same word: that is one mistake more."""
        is_near = self.start <= other.end and other.start <= self.end
        words = set(re.findall(r"\w+", f"{self.before} {self.after}"))
        others = set(re.findall(r"\w+", f"{other.before} {other.after}"))
        is_named = any(word[0].isupper() or word.endswith("qz") for word in words & others)
        return (self.line == other.line and is_near) or (self.line != other.line and is_named)


def drawn_mistakes(
    text: str, edits: Mapping[str, tuple[str, str]] = MappingProxyType(EDITS)
) -> Iterator[Drawn]:
    """Yield every mistake that can be made in a spec by some edits."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\w", line):
            section = line.partition(":")[0]
        code = line.partition("#")[0].rstrip() if section in SECTIONS else ""
        for kind, (pattern, instead) in edits.items():
            for found in re.finditer(pattern, code):
                start, end = found.span()
                yield Drawn(number, start, end, found[0], found.expand(instead), kind)


def doubled_keys(text: str) -> Iterator[Drawn]:
    """Yield for each line with a name the mistake to give it that of the line above."""
    lines = [re.match(r"( +)(\w+)(?=: )", line) for line in text.splitlines()]
    for number, (above, line) in enumerate(pairwise(lines), 2):
        if above and line and above[1] == line[1] and above[2] != line[2]:
            yield Drawn(number, line.start(2), line.end(2), line[2], above[2], "key twice")


def moved_lines(text: str) -> Iterator[Drawn]:
    """Yield for each line of a body the mistakes to begin it some columns farther right or left."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\w", line):
            section = line.partition(":")[0]
        blank = re.match(r" +(?=[^ #])", line)
        if blank is None or section not in BODIES:
            continue
        for columns in range(-FARTHEST, FARTHEST + 1):
            moved = " " * (blank.end() + columns)
            if columns and blank.end() + columns >= 0:
                yield Drawn(number, 0, blank.end(), blank[0], moved, "moved line")


SLIPS = {
    "left out": (r"..", r".(.)", r"\1"),
    "twice": (r"..", r"(.)(.)", r"\1\1\2"),
    "exchanged": (r"\w\w", r"(.)(.)", r"\2\1"),
}
"""What a hand makes of two characters in a row: of which, read how, written how."""


def typo(text: str, random: Random) -> Drawn:
    """Return a slip in the text of a line of a body, its comment left out.

    Two letters of a word are exchanged, never one and the bracket or the blank beside it: that
    spoils two words.
    """
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if re.match(r"(blocks|model):", line))
    while True:
        number = random.randrange(start, len(lines))
        code = re.sub(r"\s+#.*", "", lines[number])
        first = len(code) - len(code.lstrip())
        if first == 0 or len(code) - first < 2:
            continue
        at = random.randrange(first, len(code) - 1)
        kind = random.choice([*SLIPS])
        of, read, written = SLIPS[kind]
        before = code[at : at + 2]
        after = re.sub(read, written, before)
        if re.fullmatch(of, before) and after != before:
            return Drawn(number + 1, at, at + 2, before, after, kind)


def with_mistakes(text: str, mistakes: Iterable[Drawn]) -> str:
    """Return a text with mistakes in it."""
    lines = text.splitlines(keepends=True)
    for each in sorted(mistakes, reverse=True):
        line = lines[each.line - 1]
        lines[each.line - 1] = line[: each.start] + each.after + line[each.end :]
    return "".join(lines)


def refused_with_more(draw: Callable[[str, Random], Drawn], seed: int, count: int) -> list[str]:
    """Return those draws that give more than one error, of so many that are refused."""
    random, texts = Random(seed), spec_texts()
    found: list[str] = []
    while count:
        path = random.choice([*texts])
        mistake = draw(texts[path], random)
        errors = found_in(with_mistakes(texts[path], [mistake]), path)
        count -= bool(errors)
        if len(errors) > 1:
            found.append(f"{path.name} {mistake}")
    return found


@cache
def spec_texts() -> dict[Path, str]:
    """Return the specs that ship, without their figures."""
    specs = sorted(specs_folder().glob("*.yaml"))
    return {path: without_figures(path.read_text(encoding="utf-8")) for path in specs}


def without_figures(text: str) -> str:
    """Return a spec without what it expects: figures are missed by any mistake."""
    return text.partition("\nexpect:")[0] + "\n"


def found_in(text: str, path: Path) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a text that stands for a spec that ships."""
    try:
        return check_spec(read_spec(text, str(path), path)).diagnostics
    except CompileError as error:
        return error.diagnostics
