"""A source as the document that is meant: read as it is, and again with a repair more."""

from archc.diagnostics import CompileError
from archc.expressions.syntax import NOWHERE
from archc.spec.document import DocumentReader, Parsed
from archc.spec.model import Document
from archc.spec.repairs.mending import MAX_REPAIRS
from archc.spec.source import Source

MAX_READ_AGAIN = 200_000
"""How many characters are read again in all to try repairs; long files get fewer tries."""


def parse(source: Source) -> Document:
    """Return the document of a spec; what is wrong with its form is among its `mistakes`.

    Raises:
        CompileError: so much is wrong that nothing can be said of the network.
    """
    parsed = _likeliest(DocumentReader(source).parsed())
    for _ in range(min(MAX_REPAIRS, MAX_READ_AGAIN // (len(source.text) + 1))):
        better = _as_meant(parsed) if parsed.mistakes else None
        if better is None:
            break
        parsed = better
    if parsed.document is None:
        found = sorted(parsed.mistakes, key=lambda mistake: mistake.primary or NOWHERE)
        raise CompileError(found, {source.file: source.text})
    return parsed.document


def _likeliest(parsed: Parsed) -> Parsed:
    """Return what the source gives mended in another way, if less is wrong with that."""
    from archc.spec.reader import read_otherwise

    known = parsed.source.mistakes
    if len(parsed.mistakes) == len(known):
        return parsed
    others = [DocumentReader(other).parsed() for other in read_otherwise(parsed.source)]
    return min([parsed, *others], key=lambda each: len(each.mistakes))


def _as_meant(parsed: Parsed) -> Parsed | None:
    """Return what a source with one more repair gives, if no more is wrong with that.

    The repair must explain something: one that is known already could be made forever.
    """
    from archc.spec.reader import read_again

    wrong = {mistake.primary.line for mistake in parsed.mistakes if mistake.primary}
    readings = (DocumentReader(source).parsed() for source in read_again(parsed.source, wrong))
    best = min(readings, key=_doubt, default=None)
    if best is None or len(best.mistakes) > len(parsed.mistakes):
        return None
    is_new = len(best.mistakes) < len(parsed.mistakes) or _explained(best) > _explained(parsed)
    return best if is_new else None


def _doubt(parsed: Parsed) -> tuple[int, int, int]:
    """Return by what one reading of a source is less likely than another."""
    from archc.spec.repairs.regularity import oddities

    mended = parsed.source.mended
    odd = oddities(mended.page) if mended is not None else 0
    return len(parsed.mistakes), -_explained(parsed), odd


def _explained(parsed: Parsed) -> int:
    """Return of how many places the repairs of a source say what is wrong."""
    mended = parsed.source.mended
    return len({violation.span for violation in mended.violations}) if mended is not None else 0
