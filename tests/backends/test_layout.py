"""Where the parts of a diagram lie: apart, within their frames, and clear of every line."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archc.backends.dot.curves import Trunks, branch, curve, extent
from archc.backends.dot.depth import count, opened_once, views
from archc.backends.dot.diagram import Picture
from archc.backends.dot.layout import Box, Frame, Head, Layout, Leaf, Part, Path, Wire, laid_out
from archc.backends.dot.layout.tracks import CLEAR, Across, Course, courses
from archc.backends.dot.repeats import repeated
from archc.backends.dot.scopes import scopes
from archc.backends.dot.stacking import stacked
from archc.ir.graph import Graph
from tests.backends.constructs import CONSTRUCTS
from tests.backends.networks import every_network, graph_of, network

MARGIN = 9


def faults(layout: Layout, parts: Sequence[Part]) -> Iterator[str]:
    """Yield what is wrong with a layout, in words."""
    yield from _overlaps(layout, parts, Box(0, 0, layout.width, layout.height), "the page")
    heads = {frame.name: frame.head for frame in _frames(parts)}
    for (tail, head), path in layout.paths.items():
        wire = f"{tail} -> {head}"
        yield from _wrong_ends(layout, wire, layout.leaves[tail], layout.leaves[head], path)
        for piece in map(_box_of, pairwise(path)):
            if piece.width and piece.height:
                yield f"{wire} is not straight at {piece}"
            for name, box in layout.leaves.items():
                if name not in {tail, head} and _meet(piece, box):
                    yield f"{wire} runs through {name}"
            for name, box in layout.frames.items():
                for title in _title_boxes(heads[name], box):
                    if _meet(piece, title):
                        yield f"{wire} runs through the title of {name}"
    yield from _covered(layout.paths)


def _frames(parts: Sequence[Part]) -> Iterator[Frame]:
    for part in parts:
        if isinstance(part, Frame):
            yield part
            yield from _frames(part.parts)


def _overlaps(layout: Layout, parts: Sequence[Part], outer: Box, name: str) -> Iterator[str]:
    boxes = {
        part.name: (layout.leaves if isinstance(part, Leaf) else layout.frames)[part.name]
        for part in parts
    }
    for part, box in boxes.items():
        inside = outer.left <= box.left and box.right <= outer.right
        if not (inside and outer.top <= box.top and box.bottom <= outer.bottom):
            yield f"{part} sticks out of {name}"
    for (one, first), (other, second) in combinations(boxes.items(), 2):
        if _meet(first, second):
            yield f"{one} and {other} overlap"
    for part in parts:
        if isinstance(part, Frame):
            yield from _overlaps(layout, part.parts, boxes[part.name], part.name)


def _wrong_ends(layout: Layout, wire: str, tail: Box, head: Box, path: Path) -> Iterator[str]:
    if not (_touches(tail, path[0]) and _touches(head, path[-1])):
        yield f"{wire} does not join its ends"


def _touches(box: Box, point: tuple[int, int]) -> bool:
    x, y = point
    level = y in {box.top, box.bottom} and box.left < x < box.right
    return level or (x in {box.left, box.right} and box.top < y < box.bottom)


def _title_boxes(head: Head, frame: Box) -> Iterator[Box]:
    yield Box(frame.left + MARGIN, frame.top, head.left, head.height)
    if head.right:
        yield Box(frame.right - MARGIN - head.right, frame.top, head.right, head.height)


def _box_of(piece: tuple[tuple[int, int], tuple[int, int]]) -> Box:
    (x, y), (other_x, other_y) = piece
    return Box(min(x, other_x), min(y, other_y), abs(x - other_x), abs(y - other_y))


def _meet(one: Box, other: Box) -> bool:
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    ) or (
        # a line has no width of its own
        min(one.width, one.height) == 0
        and one.left <= other.right - 1
        and other.left + 1 <= one.right
        and one.top <= other.bottom - 1
        and other.top + 1 <= one.bottom
    )


def _covered(paths: Mapping[Wire, Path]) -> Iterator[str]:
    """Yield lines of different results that lie upon each other, unless they end in one place."""
    pieces: dict[tuple[bool, int], list[tuple[int, int, Wire]]] = {}
    for wire, path in paths.items():
        for (x, y), (other_x, other_y) in pairwise(path):
            upright = x == other_x
            low, high = sorted((y, other_y) if upright else (x, other_x))
            pieces.setdefault((upright, x if upright else y), []).append((low, high, wire))
    for some in pieces.values():
        for (low, high, one), (other_low, other_high, other) in combinations(some, 2):
            apart = one[0] != other[0] and one[1] != other[1]
            if apart and low < other_high and other_low < high:
                yield f"{one} and {other} lie upon each other"


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


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12))
@settings(deadline=None)
def test_runs_that_meet_have_tracks_of_their_own_and_none_is_left_free(
    ends: list[tuple[int, int]],
) -> None:
    runs = [Across(net, (one,), (other,)) for net, (one, other) in enumerate(ends)]
    found = courses(runs)
    assert set(found) == {run.net for run in runs if run.low < run.high}
    pieces = [piece for run in runs if run.net in found for piece in _pieces(run, found[run.net])]
    for low, high, track in pieces:
        met = sorted(
            other
            for other_low, other_high, other in pieces
            if low <= other_high + CLEAR and other_low <= high + CLEAR
        )
        assert met.count(track) == 1
        assert track == 0 or track - 1 in met


def _pieces(run: Across, course: Course) -> Iterator[tuple[int, int, int]]:
    """Yield from where to where a net runs across, and on which track."""
    first, last = course.tracks
    if first == last:
        yield run.low, run.high, first
        return
    for ends, track in ((run.above, first), (run.below, last)):
        yield min(*ends, course.step), max(*ends, course.step), track


def test_run_that_comes_down_where_another_goes_on_stands_above_it_whatever_stands_between() -> (
    None
):
    going_on = Across(0, above=(96, 164), below=(12, 96, 140))
    between = Across(1, above=(128,), below=(30, 128))
    coming_down = Across(2, above=(140,), below=(48,))
    found = courses([going_on, between, coming_down])
    assert found[coming_down.net].tracks < found[going_on.net].tracks


def test_of_runs_that_change_places_one_steps_past_the_other() -> None:
    found = courses([Across(0, (10,), (40,)), Across(1, (40,), (10,))])
    assert sorted(course.tracks for course in found.values()) == [(0, 2), (1, 1)]
    assert [course.step for course in found.values() if course.tracks == (0, 2)] == [25]


def test_run_of_one_end_steps_past_a_run_of_two() -> None:
    found = courses([Across(0, (60,), (10, 90)), Across(1, (90,), (60,))])
    assert {net: course.tracks for net, course in found.items()} == {0: (1, 1), 1: (0, 2)}


@st.composite
def random_rows(draw: st.DrawFn) -> list[Across]:
    """Return runs between two rows in which no two places are nearer than two lanes."""
    count = draw(st.integers(1, 12))
    steps = st.lists(st.integers(12, 30), min_size=count, max_size=count)
    above = accumulate(draw(steps))
    below = draw(st.permutations(list(accumulate(draw(steps)))))
    owners = draw(st.lists(st.integers(0, count - 1), min_size=count, max_size=count))
    goals = [
        [x for x, owner in zip(below, owners, strict=True) if owner == n] for n in range(count)
    ]
    return [Across(net, (x,), tuple(goals[net])) for net, x in enumerate(above) if goals[net]]


@given(random_rows())
@settings(deadline=None)
def test_runs_do_not_lie_upon_each_other_however_they_change_places(runs: list[Across]) -> None:
    found = courses(runs)
    paths = {
        (f"{run.net}", f"{run.net} {end}"): _between_rows(run.above[0], end, found.get(run.net))
        for run in runs
        for end in run.below
    }
    assert list(_covered(paths)) == []


def _between_rows(start: int, end: int, course: Course | None) -> Path:
    if start == end or course is None:
        return (start, -1), (end, 99)
    first, last = course.tracks
    step = () if first == last else ((course.step, first), (course.step, last))
    return (start, -1), (start, first), *step, (end, last), (end, 99)


def test_results_that_change_places_before_a_frame_do_not_lie_upon_each_other() -> None:
    above = [Leaf(name, 60, 30) for name in "acb"]
    inner = tuple(Leaf(name, 60, 30) for name in "de")
    parts = [*above, Frame("frame", Head(60, 0, 35), inner)]
    layout = laid_out(parts, [("a", "b"), ("a", "c"), ("b", "e"), ("c", "d")])
    assert list(faults(layout, parts)) == []
