"""From a spec's text to its tree: which page is read, and which once more."""

from collections.abc import Iterator, Set
from itertools import chain, islice

from archc.spec.events import find_trouble
from archc.spec.page import Mended, page_of
from archc.spec.source import Source
from archc.spec.tree import TreeReader

MAX_TRIES = 50
"""How many readings are tried of a text that can be read but makes no sense."""
MAX_READ_AGAIN = 500_000
"""How many characters are read in all for that."""


def read(text: str, file: str) -> Source:
    """Return the tree of a spec's text; what is wrong with it as YAML is among its `mistakes`.

    Raises:
        CompileError: the text is empty, or passes a limit.
    """
    page = page_of(text, file)
    reader = TreeReader(Mended(page))
    source = reader.source(text)
    if not reader.is_cut:
        return source
    from archc.spec.repairs.mending import mend

    return TreeReader(mend(page, find_trouble)).source(text)


def read_otherwise(source: Source) -> Iterator[Source]:
    """Yield the source mended in ways that seemed less likely, then with a repair more."""
    from archc.spec.repairs.mending import finished

    if source.mended is not None:
        ways = chain(source.mended.others, finished(source.mended, find_trouble))
        yield from (TreeReader(other).source(source.text) for other in ways)


def read_again(source: Source, wrong: Set[int]) -> Iterator[Source]:
    """Yield the source as it may have been meant, where it can be read but makes no sense.

    `wrong` are the lines of which something is known to be wrong.
    """
    from archc.spec.repairs.sections import misread

    before = source.mended
    if before is None:
        return
    tries = min(MAX_TRIES, MAX_READ_AGAIN // max(1, len(source.text)))
    for repair in islice(misread(before.page, wrong), tries):
        if find_trouble(repair.page) is None:
            yield TreeReader(before.with_repair(repair)).source(source.text)
