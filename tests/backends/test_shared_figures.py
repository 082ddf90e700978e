"""What is used again with the same weights is told so in a diagram, once, at its name."""

import re

import pytest

from archc.backends.dot import dot
from archc.ir.graph import Graph
from tests.backends.networks import graph_of

HEAD = "archc: 1\nname: again\ninputs:\n  image: [B, 3, 8, 8]\n"


def again(body: str, blocks: str) -> Graph:
    return graph_of(f"{HEAD}blocks:\n{blocks}model:\n{body}")


def marked(text: str) -> list[str]:
    """Return the texts of a figure that say that weights are shared."""
    return re.findall(r">([^<>]*\(shared\)[^<>]*)<", text)


PAIR = "  Pair:\n    one: Conv2d(3, 1)\n    sum: add from one, one\n    two: Conv2d(3, 1)\n"


@pytest.mark.parametrize("depth", [0, 9])
def test_block_called_again_is_told_to_be_shared_once_at_its_name(depth: int) -> None:
    text = dot(again("  a: Pair\n  b: relu -> a\n", PAIR), depth=depth)
    assert marked(text) == ["a (shared)"]


def test_block_of_one_card_called_again_is_told_to_be_shared() -> None:
    text = dot(again("  a: Step\n  b: MaxPool2d(2) -> a\n", "  Step: Conv2d(3, 1)\n"))
    assert marked(text) == ["a (shared) · [B, 3, 4, 4]"]


def test_body_called_again_is_told_to_be_shared_and_a_call_of_its_own_is_not() -> None:
    inner = "    one: Pair\n    two: Pair\n"
    body = f"  a:\n{inner}  b: MaxPool2d(2) -> a\n  c: Pair\n"
    assert marked(dot(again(body, PAIR), depth=0)) == ["a (shared)"]


def test_block_that_calls_a_child_of_its_own_twice_is_not_shared_itself() -> None:
    blocks = "  Twice:\n    one: Conv2d(3, 1)\n    sum: add from one, one\n    two: one\n"
    text = dot(again("  a: Twice\n", blocks), depth=9)
    assert marked(text) == ["one (shared) · [B, 3, 8, 8]"]
