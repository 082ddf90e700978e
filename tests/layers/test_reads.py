"""What each position of a result reads, against torch's gradients, for every case there is."""

from collections.abc import Iterator, Sequence
from math import prod

import pytest
import torch
from torch import Tensor

from archc.layers.base import Function, Layer
from archc.reach import Reach, Reads
from archc.shapes import TensorType
from tests.layers.case_files import Case, all_cases
from tests.layers.test_cases import BATCH, concrete, constructed, evaluated, flattened, forwarded

LARGEST = 20_000
"""The most pairs of an output and an input element that are followed."""
DRAWS = 12
"""How often numbers are drawn, until each position that may be read once was: a maximum is one."""
UNDERIVED = {"floor_divide"}
"""What torch has no derivative of."""
WIDER = {
    "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d": "channels in groups",
    "GroupNorm LocalResponseNorm CrossMapLRN2d local_response_norm": "channels in groups",
    "PixelShuffle PixelUnshuffle pixel_shuffle pixel_unshuffle": "pixels and channels trade",
    "affine_grid": "each axis reads its own row of the map",
    "LSTMCell": "a cell reads its own number of the cell before",
    "prelu": "numbers above 0 read no slope",
    "cross": "a component reads the two others",
    "lp_pool1d lp_pool2d lp_pool3d LPPool1d LPPool2d LPPool3d": "the last window leaves the input",
}
"""Where more is named than is read: of no axis along which positions lie, or past a border."""


def is_judged(case: Case) -> bool:
    """Return whether torch can say what a case reads: its numbers are floating and not many."""
    given = [x for x in case.inputs if x.is_floating]
    made = [x for x in case.outputs if x.is_floating]
    pairs = sum(prod(concrete(x)) for x in made) * sum(prod(concrete(x)) for x in given)
    return not case.error and 0 < pairs <= LARGEST and case.subject not in UNDERIVED


JUDGED = [case for case in all_cases() if is_judged(case)]


class Seen:
    """Which element of an input each element of a result read, a row a pair."""

    def __init__(self, result: torch.Size, x: torch.Size, pairs: Tensor) -> None:
        self.result, self.x = result, x
        self.at, self.read = pairs[:, : len(result)], pairs[:, len(result) :]

    def spans(self, place: int | None, dim: int) -> dict[int, tuple[int, int]]:
        """Return the first and last position of `dim` that those of `place` read.

        `place` None stands for all elements of the result, each by itself.
        """
        key = self._elements() if place is None else self.at[:, place]
        found: dict[int, tuple[int, int]] = {}
        for at, read in set(zip(key.tolist(), self.read[:, dim].tolist(), strict=True)):
            low, high = found.get(at, (read, read))
            found[at] = min(low, read), max(high, read)
        return found

    def joined(self, other: "Seen") -> "Seen":
        """Return the pairs of both draws."""
        both = [torch.cat([one.at, one.read], dim=1) for one in (self, other)]
        return Seen(self.result, self.x, torch.cat(both).unique(dim=0))

    def _elements(self) -> Tensor:
        """Return the number of each pair's element of the result."""
        number = torch.zeros(len(self.at), dtype=torch.int64)
        for place, size in enumerate(self.result):
            number = number * size + self.at[:, place]
        return number


def drawn(x: TensorType) -> Tensor:
    """Return numbers between 0 and 1, where all functions are defined; zeros of other dtypes."""
    if not x.is_floating:
        return torch.zeros(concrete(x), dtype=getattr(torch, x.dtype))
    return (torch.rand(concrete(x), dtype=torch.float64) * 0.9 + 0.05).requires_grad_()


def results_of(layer: Layer, types: Sequence[TensorType], inputs: Sequence[Tensor]) -> list[Tensor]:
    """Return torch's results, of weights above 0: nothing cancels."""
    copies = [x.clone() for x in inputs]
    if isinstance(layer, Function):
        names = {f"x{index}": value for index, value in enumerate(copies)}
        return list(flattened(evaluated(layer.forward(list(names), batch=str(BATCH)), **names)))
    module = constructed(layer, types).double()
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.rand_like(weight) + 0.1)
    return list(flattened(forwarded(layer, module, copies)))


def pairs_of(result: Tensor, inputs: Sequence[Tensor]) -> Iterator[Tensor | None]:
    """Yield for each input the pairs of elements whose gradient is not 0; None without any."""
    given = [x for x in inputs if x.requires_grad]
    rows = [
        torch.autograd.grad(one, given, retain_graph=True, allow_unused=True)
        for one in result.flatten()
    ]
    columns = iter(zip(*rows, strict=True))
    for x in inputs:
        column = next(columns) if x.requires_grad else (None,)
        if any(gradient is None for gradient in column):
            yield None
            continue
        whole = torch.stack([g for g in column if g is not None])
        yield whole.reshape(*result.shape, *x.shape).nan_to_num(0).nonzero()


def readings(case: Case) -> Iterator[tuple[Reads, Seen, str]]:
    """Yield, for each result and each input, what archc says of it and what torch did once."""
    layer = case.bound()
    inputs = [drawn(x) for x in case.inputs]
    results = results_of(layer, case.inputs, inputs)
    for number, result in enumerate(results[: len(case.outputs)]):
        if not result.is_floating_point() or not result.requires_grad:
            continue
        said = layer.reads(*case.inputs, result=number)
        assert said is not None, "it is not said what is read"
        assert len(said) == len(inputs)
        for place, pairs in enumerate(pairs_of(result, inputs)):
            read = said[place]
            assert read is not None or pairs is None, f"input {place} is read"
            if read is not None and pairs is not None:
                yield (
                    read,
                    Seen(result.shape, inputs[place].shape, pairs),
                    f"result {number}, input {place}",
                )


def expect_sound(reads: Reads, seen: Seen, where: str) -> None:
    """Check that no position reads beyond its interval, away from the borders."""
    for dim, place, reach in _moving(reads):
        for at, span in seen.spans(place, dim).items():
            said = reach.at(at)
            if said is None:
                raise AssertionError(f"{where}: position {at} reads dimension {dim} at {span}")
            inside = said[0] >= 0 and said[1] < seen.x[dim]
            assert not inside or (said[0] <= span[0] and span[1] <= said[1]), (
                f"{where}, dimension {dim}: position {at} reads {span}, not {said}"
            )


def _moving(reads: Reads) -> Iterator[tuple[int, int, Reach]]:
    for dim, goes in reads.items():
        if goes.reach is not None and len(goes.dims) == 1:
            yield dim, goes.dims[0], goes.reach


def missing(reads: Reads, seen: Seen) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Yield ends of intervals that are said to be read and were not: (dim, phase, offsets)."""
    for dim, place, reach in _moving(reads):
        ends: dict[int, tuple[int, int]] = {}
        for at, span in seen.spans(place, dim).items():
            said = reach.at(at)
            if said is None or said[0] < 0 or said[1] >= seen.x[dim]:
                continue
            turns, phase = divmod(at, reach.period)
            low, high = (end - turns * reach.advance for end in span)
            old = ends.get(phase, (low, high))
            ends[phase] = min(low, old[0]), max(high, old[1])
        for phase, found in ends.items():
            if found != reach.spans[phase]:
                yield dim, phase, found
    for dim in range(len(seen.x)):
        whole = (0, seen.x[dim] - 1)
        if dim not in reads and whole not in seen.spans(None, dim).values():
            yield dim, -1, whole


@pytest.mark.slow
@pytest.mark.parametrize("case", JUDGED, ids=str)
def test_each_position_reads_what_its_gradient_says(case: Case) -> None:
    torch.manual_seed(0)
    for reads, seen, where in readings(case):
        expect_sound(reads, seen, where)
    if not any(case.subject in subjects.split() for subjects in WIDER):
        assert _never_read(case) == []


def _never_read(case: Case) -> list[str]:
    """Return what is said to be read and was not in any draw."""
    gathered: dict[str, tuple[Reads, Seen]] = {}
    left: list[str] = []
    for _ in range(DRAWS):
        for reads, seen, where in readings(case):
            _, before = gathered.get(where, (reads, seen))
            gathered[where] = reads, seen.joined(before)
        left = [f"{w}: {what}" for w, (r, seen) in gathered.items() for what in missing(r, seen)]
        if not left:
            break
    return left
