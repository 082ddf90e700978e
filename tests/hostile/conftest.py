"""What the tests of hostile input share."""

from collections.abc import Iterator

import pytest

from tests.hostile.arena import Arena


@pytest.fixture(scope="session")
def arena() -> Iterator[Arena]:
    """Return a server of forks that have archc imported, and torch not."""
    with Arena() as started:
        yield started
