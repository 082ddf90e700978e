"""Things in turn, each after those that have to come before it."""

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from heapq import heapify, heappop, heappush

Link = tuple[int, int]
"""What comes before, and what after it."""


def in_sequence(count: int, links: Sequence[Link]) -> list[int]:
    """Return the numbers below a count in turn, but the head of each link after its tail.

    Where links lead in a circle, the least number that is left comes first.
    """
    waits = [0] * count
    followers: list[list[int]] = [[] for _ in range(count)]
    for tail, head in links:
        waits[head] += 1
        followers[tail].append(head)
    ready = [number for number in range(count) if not waits[number]]
    heapify(ready)
    found: dict[int, None] = {}
    for least in range(count):
        if least not in found and not ready:
            ready.append(least)
        while ready:
            number = heappop(ready)
            found[number] = None
            for follower in followers[number]:
                waits[follower] -= 1
                if not waits[follower] and follower not in found:
                    heappush(ready, follower)
    return list(found)


def circle_in(links: Iterable[Link]) -> list[int]:
    """Return numbers that each have to come before the next, and the last before the first.

    There are none where the links lead in no circle.
    """
    sorter = TopologicalSorter[int]()
    for tail, head in links:
        sorter.add(head, tail)
    try:
        sorter.prepare()
    except CycleError as error:
        return error.args[1][1:]
    return []
