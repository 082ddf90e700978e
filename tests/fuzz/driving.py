"""Runs of a harness by chance alone, and what they found."""

import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.fuzz.harnesses import Harness


@dataclass(frozen=True)
class Fault:
    """An input that a harness does not pass, and what it said."""

    data: bytes
    error: Exception

    @property
    def mark(self) -> str:
        """The kind of the error and the line that raised it: two faults of one mark are one."""
        frames = traceback.extract_tb(self.error.__traceback__)
        own = [frame for frame in frames if "/archc/" in frame.filename] or frames
        places = "-".join(f"{Path(f.filename).stem}-{f.lineno}" for f in (own[-1], frames[-1]))
        return f"{type(self.error).__name__}-{places}"

    def __str__(self) -> str:
        return f"{self.data!r}\n" + "".join(traceback.format_exception(self.error))


class TooSlow(Exception):
    """A judgement took longer than its harness allows."""


def judged(harness: Harness, data: bytes, slowness: float = 1.0) -> Fault | None:
    """Judge one input; `slowness` is how many times slower archc may be, being watched."""
    start = time.process_time()
    try:
        harness.judge(data)
        seconds = time.process_time() - start
        if seconds > harness.seconds * slowness:
            raise TooSlow(f"{seconds:.1f} s of the processor")
    except Exception as error:
        return Fault(data, error)
    return None


def changed_inputs(harness: Harness, seed: int) -> "Inputs":
    """Return the inputs that a seed of chance stands for."""
    return Inputs(harness, Random(seed))


class Inputs:
    """Changed seeds, one after the other; a changed one may be changed again."""

    def __init__(self, harness: Harness, chance: Random) -> None:
        self.harness = harness
        self.chance = chance
        self.seeds: Sequence[bytes] = harness.seeds()

    def __iter__(self) -> "Inputs":
        return self

    def __next__(self) -> bytes:
        data = self.chance.choice(self.seeds)
        for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
            data = self.harness.change(data, self.chance, self.seeds)
        return data
