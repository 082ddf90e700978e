"""Things in turn, each after those that have to come before it."""

from collections.abc import Iterable, Iterator, Sequence
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


def circles_in(count: int, links: Iterable[Link]) -> Iterator[list[int]]:
    """Yield circles of links that share no number; without their numbers there are none."""
    followers: list[list[int]] = [[] for _ in range(count)]
    for tail, head in links:
        followers[tail].append(head)
    ahead = [iter(some) for some in followers]
    seen: set[int] = set()
    for start in range(count):
        path = dict.fromkeys([start] if start not in seen else [])
        while path:
            number = next(reversed(path))
            seen.add(number)
            follower = next(ahead[number], None)
            if follower is None:
                path.popitem()
            elif follower in path:
                circle: list[int] = []
                while follower in path:
                    circle.append(path.popitem()[0])
                yield circle[::-1]
            elif follower not in seen:
                path[follower] = None
