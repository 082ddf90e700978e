"""Where the parts of a diagram lie: apart, within their frames, and clear of every line."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archc.backends.dot.curves import Trunks, branch, curve, extent
from archc.backends.dot.depth import count, opened_once, views
from archc.backends.dot.diagram import Picture
from archc.backends.dot.layout import Frame, Head, Leaf, Part, Path, Wire, laid_out
from archc.backends.dot.repeats import repeated
from archc.backends.dot.scopes import scopes
from archc.backends.dot.stacking import stacked
from archc.ir.graph import Graph
from tests.backends.constructs import CONSTRUCTS
from tests.backends.layout_faults import faults
from tests.backends.networks import every_network, graph_of, network


def pictures(graph: Graph) -> Iterator[Picture]:
    tree, copies = repeated(stacked(scopes(graph), graph), graph)
    for view in views(tree, None):
        for drawn in (view, opened_once(view)):
            if count(drawn) < 100:
                yield Picture(graph, drawn, copies)


@pytest.mark.parametrize("name", every_network())
def test_nothing_overlaps_and_no_line_runs_through_a_box_or_a_title(name: str) -> None:
    drawn = pictures(network(name))
    assert [fault for picture in drawn for fault in faults(picture.layout, picture.parts)] == []


@pytest.mark.parametrize("name", sorted(CONSTRUCTS))
def test_every_construct_of_the_language_is_laid_out_without_a_fault(name: str) -> None:
    drawn = pictures(graph_of(f"archc: 1\nname: {name}\n{CONSTRUCTS[name]}"))
    assert [fault for picture in drawn for fault in faults(picture.layout, picture.parts)] == []


def test_child_used_again_inside_a_body_parts_the_body() -> None:
    (picture, *_) = pictures(graph_of(f"archc: 1\nname: again\n{CONSTRUCTS['reuse_in_body']}"))
    assert [part.name for part in picture.parts] == ["n0", "n1", "n2", "n3", "n4", "out0"]


def test_sum_of_earlier_results_is_no_way_up() -> None:
    leaves: list[Part] = [Leaf(f"n{place}", 60, 30) for place in range(4)]
    sums: list[Part] = [Leaf(f"n{place}", 20, 20, is_sign=True, is_narrow=True) for place in (4, 5)]
    wires = [("n0", "n1"), ("n1", "n2"), ("n2", "n3"), ("n3", "n4"), ("n2", "n4")]
    layout = laid_out([*leaves, *sums], [*wires, ("n4", "n5"), ("n1", "n5")])
    assert layout.leaves["n4"].top < layout.leaves["n5"].top


def test_constant_stands_beside_the_flow() -> None:
    parts = [
        Leaf("image", 60, 30),
        Leaf("scale", 60, 30, is_constant=True),
        Leaf("mul", 20, 20, is_sign=True, is_narrow=True),
        Leaf("conv", 60, 30),
    ]
    layout = laid_out(parts, [("image", "mul"), ("scale", "mul"), ("mul", "conv")])
    middles = {name: box.left + box.width // 2 for name, box in layout.leaves.items()}
    assert middles["image"] == middles["mul"] == middles["conv"] != middles["scale"]


@st.composite
def random_parts(draw: st.DrawFn) -> tuple[list[Part], list[Wire]]:
    """Return boxes in nested frames, and wires that lead from earlier boxes to later ones."""
    size = draw(st.integers(2, 16))
    wires = {
        (draw(st.integers(max(0, head - draw(st.integers(1, 6))), head - 1)), head)
        for head in range(1, size)
        for _ in range(draw(st.sampled_from((0, 1, 1, 1, 2, 3))))
    }
    entered = [sum(head == leaf for _, head in wires) for leaf in range(size)]
    leaves: list[Part] = []
    for leaf in range(size):
        sign = entered[leaf] > 1 and draw(st.booleans())
        narrow = sign and draw(st.booleans())
        width = 20 if narrow else 2 * draw(st.integers(20, 90))
        loose = leaf > size - 3 and draw(st.booleans())
        constant = not entered[leaf] and draw(st.booleans())
        height = 20 if narrow else 30
        leaves.append(Leaf(f"n{leaf}", width, height, sign, narrow, constant, loose))
    return _framed(draw, leaves, 0), [(f"n{tail}", f"n{head}") for tail, head in sorted(wires)]


def _framed(draw: st.DrawFn, parts: list[Part], level: int) -> list[Part]:
    """Return parts in a row with frames around some runs of them."""
    found: list[Part] = []
    while parts:
        length = draw(st.integers(1, len(parts)))
        run, parts = parts[:length], parts[length:]
        if len(run) > 1 and level < 3 and draw(st.booleans()):
            head = Head(draw(st.integers(10, 140)), draw(st.sampled_from((0, 30))), 35)
            inner = tuple(_framed(draw, run, level + 1))
            found.append(Frame(f"f{level} {run[0].name}", head, inner))
        else:
            found.extend(run)
    return found


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True)
@given(random_parts())
def test_any_graph_is_laid_out_without_a_fault(
    drawn: tuple[list[Part], list[Wire]],
) -> None:
    parts, wires = drawn
    layout = laid_out(parts, wires)
    assert set(layout.paths) == set(wires)
    assert list(faults(layout, parts)) == []


@st.composite
def random_valleys(draw: st.DrawFn) -> tuple[list[Part], list[Wire]]:
    """Return a network that goes down and up again, with a skip at each level, as a U-Net."""
    levels = draw(st.integers(2, 5))
    places = iter(range(1000))
    parts: list[Part] = []
    wires: list[Wire] = []
    downs: list[str] = []

    def stage(inputs: list[str], *, joins: bool) -> str:
        """Add a frame, or boxes without one, of which the first takes what comes in."""
        names = [f"n{next(places)}" for _ in range(draw(st.integers(1, 3)))]
        wires.extend((name, names[0]) for name in inputs)
        wires.extend(pairwise(names))
        sign = joins and draw(st.booleans())
        widths = [2 * draw(st.integers(20, 90)) for _ in names]
        leaves = [
            Leaf(name, width, 30, is_sign=sign and not place)
            for place, (name, width) in enumerate(zip(names, widths, strict=True))
        ]
        framed = len(leaves) > 1 and draw(st.booleans())
        head = Head(draw(st.integers(10, 140)), draw(st.sampled_from((0, 30))), 35)
        parts.extend([Frame(f"f{names[0]}", head, tuple(leaves))] if framed else leaves)
        if draw(st.sampled_from((False, False, True))):
            head_name = f"n{next(places)}"
            parts.append(Leaf(head_name, 60, 30, is_loose=True))
            wires.append((names[-1], head_name))
            wires.extend((name, head_name) for name in downs if draw(st.booleans()))
        return names[-1]

    for _ in range(levels + 1):
        downs.append(stage(downs[-1:], joins=False))
    last = downs.pop()
    for down in reversed(downs):
        last = stage([down, last], joins=True)
        if draw(st.booleans()):
            last = stage([last], joins=False)
    return parts, wires


@pytest.mark.slow
@settings(max_examples=200, deadline=None, derandomize=True)
@given(random_valleys())
def test_any_valley_is_laid_out_without_a_fault(drawn: tuple[list[Part], list[Wire]]) -> None:
    parts, wires = drawn
    assert list(faults(laid_out(parts, wires), parts)) == []


def test_valley_with_a_head_beside_it_goes_up_again_level_with_its_skips() -> None:
    flow = ["down1", "down2", "bottom", "up2", "up1"]
    leaves = [Leaf(name, 60, 30) for name in flow]
    head = Leaf("head", 60, 30, is_loose=True)
    skips = [("down1", "up1"), ("down2", "up2")]
    wires = [*pairwise(flow), *skips, ("up2", "head")]
    layout = laid_out([*leaves[:4], head, leaves[4]], wires)
    boxes = layout.leaves
    for down, up in skips:
        assert boxes[down].top == boxes[up].top, (down, up)
    assert boxes["head"].top < boxes["up2"].top < boxes["bottom"].top
    assert boxes["head"].left > boxes["up1"].right


def test_valley_whose_way_up_takes_what_stands_beside_the_way_down_is_laid_out() -> None:
    flow = ["down1", "down2", "bottom", "up2", "up1"]
    leaves = [Leaf(name, 60, 30) for name in flow]
    parts: list[Part] = [*leaves[:4], Leaf("beside", 60, 30, is_loose=True), leaves[4]]
    skips = [("down1", "up1"), ("down2", "up2")]
    wires = [*pairwise(flow), *skips, ("down2", "beside"), ("beside", "up1")]
    layout = laid_out(parts, wires)
    assert list(faults(layout, parts)) == []
    for down, up in skips:
        assert layout.leaves[down].top == layout.leaves[up].top, (down, up)


def test_curve_passes_the_middle_of_each_piece_and_turns_at_the_corner() -> None:
    points = curve(((0, 0), (0, 40), (30, 40)))
    assert points[0] == (0, 0)
    assert points[3] == (0, 34)  # 6 before the corner
    assert points[4:6] == [(0, 38), (2, 40)]  # two thirds of the way to it
    assert points[6] == (6, 40)
    assert points[-1] == (30, 40)
    assert (len(points) - 1) % 3 == 0


def test_corner_of_a_short_piece_is_narrower() -> None:
    points = curve(((0, 0), (0, 40), (8, 40), (8, 80)))
    assert points[3] == (0, 36)  # half of the short piece, which has two corners


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        # turns off where the trunk goes straight on: the corner begins on the trunk
        (((0, 0), (0, 20), (30, 20), (30, 40)), ((0, 14), (0, 20), (30, 20), (30, 40))),
        # goes on where the trunk turned off
        (((0, 0), (0, 60)), ((0, 24), (0, 60))),
        # the other way at the same corner
        (((0, 0), (0, 30), (-9, 30), (-9, 40)), ((0, 24), (0, 30), (-9, 30), (-9, 40))),
    ],
)
def test_branch_begins_where_it_leaves_the_trunk(path: Path, rest: Path) -> None:
    assert branch(path, ((0, 0), (0, 30), (9, 30), (9, 40))) == rest
    assert extent(*rest[:2]) >= 6


TURNS = st.lists(st.tuples(st.sampled_from([-1, 1]), st.integers(1, 30)), min_size=1, max_size=6)


def _from_one_place(turns: Sequence[tuple[int, int]]) -> Path:
    """Return a path from one place down, then across and down by turns."""
    points = [(0, 0), (0, 10)]
    for number, (side, length) in enumerate(turns):
        x, y = points[-1]
        points.append((x + side * length, y) if number % 2 == 0 else (x, y + length))
    return tuple(points)


@given(st.lists(TURNS, min_size=1, max_size=8))
@settings(deadline=None)
def test_edge_leaves_the_edges_before_it_as_late_as_it_can(
    drawn: list[list[tuple[int, int]]],
) -> None:
    trunks, before = Trunks(), list[Path]()
    for path in map(_from_one_place, drawn):
        if any(path == other[: len(path)] for other in before):
            continue
        least = min((_length(branch(path, other)) for other in before), default=_length(path))
        assert _length(trunks.branched(path)) == least
        before.append(path)


def _length(path: Path) -> int:
    return sum(extent(one, other) for one, other in pairwise(path))


def test_results_that_change_places_before_a_frame_do_not_lie_upon_each_other() -> None:
    above = [Leaf(name, 60, 30) for name in "acb"]
    inner = tuple(Leaf(name, 60, 30) for name in "de")
    parts = [*above, Frame("frame", Head(60, 0, 35), inner)]
    layout = laid_out(parts, [("a", "b"), ("a", "c"), ("b", "e"), ("c", "d")])
    assert list(faults(layout, parts)) == []
