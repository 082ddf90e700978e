"""Putting off the hunt for garbage while a spec is compiled."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Generator[None]:
    """Let Python's cyclic collector rest while it runs.

    Compiling makes many objects and drops few, so the collector would go through all that
    was made over and over and find nothing: the time of a check would grow faster than the
    number of layers. Where it rests already, nothing changes.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
