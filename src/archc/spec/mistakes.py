"""What is wrong with a file's form: collected, one mistake a place, none ends the reading."""

from collections.abc import Iterable

from archc.diagnostics import Diagnostic, RuleViolation, Span
from archc.expressions.syntax import NOWHERE

MAX_MISTAKES = 200


class TooManyMistakes(Exception):
    """So many mistakes were found that to look for more is of no use."""


class Mistakes:
    """Collects the mistakes of one file, those of its YAML first.

    A mistake inside a part that could not be read follows from what is known of that part,
    and is dropped. A `silent` part was mended: if something is wrong with it as it is now, it
    was not meant like this, and is a part that could not be read.
    """

    def __init__(
        self,
        found: Iterable[Diagnostic] = (),
        unreadable: Iterable[Span] = (),
        silent: Iterable[Span] = (),
    ) -> None:
        self.found = [*found]
        self.unreadable = [*unreadable]
        self.silent = [*silent]
        self._seen = {(d.code, d.primary) for d in self.found if d.primary is not None}

    def refuse(self, violation: RuleViolation, span: Span) -> None:
        """Keep a violation as a diagnostic at its own place, or at `span`.

        Raises:
            TooManyMistakes: the limit is reached.
        """
        place = violation.span or span
        self.unreadable += [part for part in self.silent if part.overlaps(place)]
        if not any(place.overlaps(part) for part in self.unreadable):
            self._add(diagnosed(violation, span))

    def _add(self, found: Diagnostic) -> None:
        assert found.primary is not None
        if (found.code, found.primary) in self._seen:
            return
        self._seen.add((found.code, found.primary))
        self.found.append(found)
        if len(self.found) >= MAX_MISTAKES:
            raise TooManyMistakes

    def keep(self, violation: RuleViolation) -> None:
        """Keep a violation that has its place, even where more is not to be said.

        Raises:
            TooManyMistakes: the limit is reached.
        """
        assert violation.span is not None
        self._add(diagnosed(violation, violation.span))

    def by_line(self) -> list[Diagnostic]:
        """Return what was found from top to bottom."""
        return sorted(self.found, key=lambda found: found.primary or NOWHERE)


def diagnosed(violation: RuleViolation, span: Span) -> Diagnostic:
    """Return a violation as a diagnostic at its own place, or at `span`."""
    return Diagnostic(
        violation.code,
        violation.headline,
        violation.span or span,
        notes=violation.notes,
        help=violation.help,
    )
