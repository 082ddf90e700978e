"""Two examples of `tests/bad` in one file: the model of the second becomes a block of the first."""

import re
from pathlib import Path

BAD = Path(__file__).parents[1] / "bad"
_KEY = re.compile(r"([a-z]+):(?=\s|$)")
_MARK = re.compile(r"# error(?: in the next line)?: ARC")
_INPUT = re.compile(r"(?:inputs: \{|  )(\w+):")
HEAD = frozenset({"archc", "name", "doc", "params", "inputs", "model", "outputs", "init", "expect"})


def examples() -> list[Path]:
    """Return the examples of what reading and grammar refuse."""
    return sorted(path for path in BAD.glob("*.yaml") if path.name.startswith(("ARC1", "ARC2")))


def sections(text: str) -> dict[str, list[str]] | None:
    """Return the lines of each section; nothing where a line stands before or in two of them."""
    found: dict[str, list[str]] = {}
    key = ""
    for line in text.split("\n"):
        match = _KEY.match(line)
        if match is not None and match[1] in found:
            return None
        if match is not None:
            key = match[1]
        elif not key or (line and line[0] not in " #"):
            return None
        found.setdefault(key, []).append(line)
    return found


def has_mark(lines: list[str]) -> bool:
    """Return whether the mark of a mistake stands in some lines."""
    return any(map(_MARK.search, lines))


def merged(first: str, second: str) -> str | None:
    """Return a file with the mistakes of two; nothing where the second is no model alone."""
    outer, inner = sections(first), sections(second)
    if outer is None or inner is None or "blocks" in outer or not {*inner} <= HEAD:
        return None
    if not {"inputs", "model"} <= {*outer} or not {"inputs", "model"} <= {*inner}:
        return None
    model = inner["model"]
    others = [line for name, lines in inner.items() if name != "model" for line in lines]
    if has_mark(others) or "params" in inner or model[0] != "model:":
        return None
    inputs = re.findall(r"(\w+): (?:\[|int)", "\n".join(inner["inputs"]))
    shifted = [f"  {line}" if line else line for line in model[1:]]
    block = ["blocks:", f"  Other()({', '.join(inputs)}):", *[x for x in shifted if x.strip()]]
    lines: list[str] = []
    for name, own in outer.items():
        lines += [*(block if name == "model" else ()), *own]
    return "\n".join(lines)
