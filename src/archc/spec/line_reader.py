"""One line of a body: its text read as an item, on behind mistakes whose cure is sure."""

from collections.abc import Callable
from typing import TypeVar

from archc.diagnostics import Code, RuleViolation
from archc.spec.broken import broken_item
from archc.spec.continuations import assigned, check_continuations
from archc.spec.grammar import parse_item
from archc.spec.mended_lines import joined, mended_line
from archc.spec.mistakes import Mistakes
from archc.spec.other_formats import check_no_call, filled_parameter
from archc.spec.source import Mapping, Scalar
from archc.statements import Item

MAX_MENDED = 8
"""How many mistakes in the grammar of one line are told."""

Parsed = TypeVar("Parsed")


class LineReader:
    """Reads lines and collects their mistakes.

    A line that cannot be read becomes an item without stages or sources.
    """

    def __init__(self, mistakes: Mistakes) -> None:
        self.refuse = mistakes.refuse

    def parsed(self, text: Scalar, parse: Callable[[Scalar], Parsed]) -> Parsed:
        """Parse a text; what breaks its grammar is told, and mended where the cure is sure.

        Raises:
            RuleViolation: it is broken beyond that.
        """
        for _ in range(MAX_MENDED):
            try:
                return parse(text)
            except RuleViolation as violation:
                mended = mended_line(text, violation)
                if mended is None:
                    raise
                self.refuse(violation, text.span)
                text = mended
        return parse(text)

    def item(self, node: Scalar, name: str = "") -> Item:
        """Read a layer with its sources; what is wrong is told."""
        try:
            if not node.value:
                raise RuleViolation(
                    Code.SYNTAX,
                    "expected a layer, found nothing",
                    help="write a layer, or `Identity`; a key may need its lines indented",
                )
            if lines := assigned(node):
                return self._broken(node, *lines)
            check_continuations(node)
        except RuleViolation as violation:
            return self._broken(node, violation)
        return self._line(node, name)

    def _broken(self, node: Scalar, *violations: RuleViolation) -> Item:
        for violation in violations:
            self.refuse(violation, node.span)
        return broken_item(node)

    def _line(self, node: Scalar, name: str = "") -> Item:
        try:
            if (wrong := filled_parameter(node)) is not None:
                mended = mended_line(node, wrong)
                wrong.help = str(wrong.help)  # no program writes the rule under `init:`
                self.refuse(wrong, node.span)
                node = mended or node
            return self.parsed(node, lambda text: parse_item(text, name))
        except RuleViolation as violation:
            self.refuse(violation, node.span)
            return broken_item(node)

    def parted(self, node: Mapping) -> Item | None:
        """Read `- Conv2d(8, bias: no)`, which YAML parts at its colon."""
        (key, value), *others = node.entries or [(None, None)]
        if others or key is None or not isinstance(value, Scalar) or key.style or value.style:
            return None
        try:
            check_no_call(key, value)
        except RuleViolation as violation:
            self.refuse(violation, key.span)
            mended = mended_line(joined(key, value), violation)
            return self._line(mended) if mended else broken_item(key)
        return None
