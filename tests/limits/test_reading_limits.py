"""A spec at each limit is accepted; one past it is refused with the code of limits."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click import IntRange, Parameter

import archc
from archc.cli.building import build_command
from archc.diagnostics import Code

HEAD = "archc: 1\nname: limits\ninputs:\n  image: [B, 3, 32, 32]\n"
PAGE = Path(__file__).parents[2] / "docs" / "limits.md"


def model(*lines: str, head: str = HEAD) -> str:
    """Return a spec whose model is a list of these lines."""
    return head + "model:\n" + "".join(f"  - {line}\n" for line in lines)


def named(*lines: str, head: str = HEAD) -> str:
    """Return a spec whose model is a mapping of these lines."""
    return head + "model:\n" + "".join(f"  {line}\n" for line in lines)


def spec_of_bytes(size: int) -> str:
    """Return a spec of that many bytes, most of them in comments."""
    text = model("ReLU")
    line = "# " + "c" * 97 + "\n"
    text += line * ((size - len(text)) // len(line) - 1)
    return text + "#" * (size - len(text) - 1) + "\n"


def nested_lists(depth: int) -> str:
    """Return a spec whose deepest text is that deep in YAML, the file itself being 1."""
    return HEAD + "meta: " + "[" * (depth - 2) + "1" + "]" * (depth - 2) + "\nmodel:\n  - ReLU\n"


def events(count: int) -> str:
    """Return a spec of that many YAML events."""
    text = model("ReLU") + "meta: ["
    return text + ", ".join("1" for _ in range(count - events_without(text + "]"))) + "]\n"


def events_without(text: str) -> int:
    """Return how many events a spec has."""
    import yaml

    found = yaml.parse(text, Loader=yaml.CSafeLoader)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return sum(1 for _ in found)  # pyright: ignore[reportUnknownVariableType]


def nested_expression(depth: int) -> str:
    """Return a spec with an expression in that many parentheses."""
    inside = depth - 1
    return model(f"Conv2d({'(' * inside}8{')' * inside}, 1)")


def nested_items(depth: int) -> str:
    """Return a spec with a layer in that many parentheses."""
    return model("(" * depth + "ReLU" + ")" * depth)


def operators(count: int) -> str:
    """Return a spec with a row of additions whose tree is that deep."""
    return model(f"Conv2d({'+'.join('1' for _ in range(count))}, 1)")


def nested_blocks(count: int) -> str:
    """Return a spec whose blocks call each other that deep."""
    blocks = ["  B1:\n    - ReLU\n"]
    blocks += [f"  B{i}:\n    - B{i - 1}\n" for i in range(2, count + 1)]
    return model(f"B{count}", head=HEAD + "blocks:\n" + "".join(blocks))


def line_of(length: int) -> str:
    """Return a spec with a layer line of that many characters."""
    line = "Conv2d(8, 1, padding=0)"
    return model(line.replace("=0", "=" + " " * (length - len(line)) + "0"))


def input_of_rank(rank: int) -> str:
    """Return a spec whose input has that many dimensions."""
    sizes = ", ".join("1" for _ in range(rank - 1))
    return model("ReLU", head=HEAD.replace("3, 32, 32", sizes))


WITH_ELEMENTS = {2**48: "16777216, 16777216", 2**48 + 1: "12648641, 22253377"}
"""Sizes whose product is that number: 2⁴⁸ + 1 = 193 · 65537 · 22253377."""

LIMITS: dict[str, tuple[int, Callable[[int], str], Code]] = {
    "size of a file in bytes": (2**20, spec_of_bytes, Code.READING_LIMIT),
    "depth of YAML": (32, nested_lists, Code.READING_LIMIT),
    "YAML events": (50_000, events, Code.READING_LIMIT),
    "characters of a text": (
        10_000,
        lambda n: HEAD + f"doc: '{'c' * n}'\nmodel:\n  - ReLU\n",
        Code.READING_LIMIT,
    ),
    "characters of a name": (64, lambda n: named(f"{'c' * n}: ReLU"), Code.BAD_NAME),
    "characters of a line": (1_024, line_of, Code.READING_LIMIT),
    "nesting of an expression": (32, nested_expression, Code.READING_LIMIT),
    "nesting of parentheses in a chain": (32, nested_items, Code.READING_LIMIT),
    "operators in a row": (100, operators, Code.READING_LIMIT),
    "length of a list": (
        10_000,
        lambda n: named(f"let n: len(range({n}))", "conv: Conv2d(n, 1)"),
        Code.READING_LIMIT,
    ),
    "elements of nested lists": (
        100_000,
        lambda n: named(
            "let a: (1,) * 999",
            f"let b: (a,) * 99 + (1,) * {n - 99 * 1000}",
            "conv: Conv2d(len(b), 1)",
        ),
        Code.READING_LIMIT,
    ),
    "largest integer": (
        2**63 - 1,
        lambda n: named(f"let n: {n}", "conv: Conv2d(8 if n > 0 else 9, 1)"),
        Code.READING_LIMIT,
    ),
    "largest integer in data": (
        2**63 - 1,
        lambda n: model("Conv2d(min(n, 8), 1)", head=HEAD + f"params: {{n: {n}}}\n"),
        Code.READING_LIMIT,
    ),
    "largest size": (
        2**31 - 1,
        lambda n: model("ReLU", head=HEAD.replace("32, 32", f"1, {n}")),
        Code.DIMENSION,
    ),
    "elements of a tensor": (
        2**48,
        lambda n: model("ReLU", head=HEAD.replace("3, 32, 32", WITH_ELEMENTS[n])),
        Code.DIMENSION,
    ),
    "number in an argument": (
        2**31 - 1,
        lambda n: model(f"MaxPool2d(2, stride={n})"),
        Code.ARGUMENT_VALUE,
    ),
    "rank of a tensor": (8, input_of_rank, Code.RANK),
    "nodes after expansion": (
        10_000,
        lambda n: model(f"ReLU * {n - 1}"),
        Code.EXPANSION_LIMIT,
    ),
    "nesting of blocks": (16, nested_blocks, Code.EXPANSION_LIMIT),
}


@pytest.mark.parametrize("name", LIMITS)
def test_spec_at_a_limit_is_accepted(name: str) -> None:
    limit, spec, _ = LIMITS[name]
    assert str(archc.check(text=spec(limit))) == ""


@pytest.mark.parametrize("name", LIMITS)
def test_spec_past_a_limit_is_refused_with_its_code(name: str) -> None:
    limit, spec, code = LIMITS[name]
    start = time.process_time()
    found = [d.code for d in archc.check(text=spec(limit + 1)).diagnostics]
    assert found == [code]
    assert time.process_time() - start < 2


def test_page_of_limits_lists_every_limit() -> None:
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", PAGE.read_text("utf-8"), re.MULTILINE))
    for name, (limit, _, _) in LIMITS.items():
        shown = {2**63 - 1: "2⁶³ − 1", 2**31 - 1: "2³¹ − 1", 2**48: "2⁴⁸"}.get(limit, f"{limit:,}")
        assert rows[name] == shown


@pytest.mark.parametrize("least", ["-9223372036854775808", "= -2 ** 62 * 2"])
def test_smallest_integer_is_that_of_int64(least: str) -> None:
    head = HEAD + f"params: {{n: {least}}}\n"
    assert archc.check(text=model("Conv2d(max(n, 8), 1)", head=head)).ok
    below = head.replace("808", "809").replace("62 * 2", "62 * 2 - 1")
    found = archc.check(text=model("Conv2d(max(n, 8), 1)", head=below)).diagnostics
    assert [mistake.code for mistake in found] == [Code.READING_LIMIT]


@pytest.mark.parametrize("least", [-(2**63), -(2**63) - 1])
def test_smallest_integer_that_is_given_is_that_of_int64(least: int) -> None:
    text = model("Conv2d(max(n, 8), 1)", head=HEAD + "params: {n: 3}\n")
    assert archc.check(text=text, params={"n": least}).ok is (least == -(2**63))


@pytest.mark.parametrize(("option", "most"), [("nodes", 10_000_000), ("parameters", 2**63 - 1)])
def test_most_that_a_limit_may_be_is_the_same_on_each_way_in(
    option: str, most: int, tmp_path: Path
) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(model("ReLU"))
    options: list[Parameter] = [
        found for found in build_command.params if found.name == f"max_{option}"
    ]
    (kind,) = (found.type for found in options)
    assert isinstance(kind, IntRange)
    assert (kind.min, kind.max) == (1, most)
    with pytest.raises(archc.CallError, match=f"max_{option} is an integer from 1 to {most}$"):
        archc.load(spec, **{f"max_{option}": most + 1})
