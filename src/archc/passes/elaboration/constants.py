"""Evaluating expressions over plain names: defaults, derived parameters, rules."""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from archc import layers
from archc.expressions.evaluate import Evaluator
from archc.expressions.syntax import Comparison, Name
from archc.expressions.values import LayerName
from archc.passes.elaboration.comparisons import expect_equal_kinds
from archc.passes.elaboration.nodes import Skipped
from archc.passes.elaboration.scope import FileScope
from archc.spec.model import Declaration


class DefaultEvaluator(Evaluator):
    """Evaluates an expression over plain names: defaults and derived parameters.

    What reads one of the `lost` names, or an unknown one in a file that was read in part, is
    skipped.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        file: FileScope | None = None,
        lost: Set[str] = frozenset(),
    ) -> None:
        self.values = values
        self.file = file
        self.lost = lost

    def expect_comparable(self, expression: Comparison, values: Sequence[Any]) -> None:
        """Refuse a comparison with what a parameter of the file never is."""
        expect_equal_kinds(expression, values, self._declaration)

    def _declaration(self, name: str) -> Declaration | None:
        """Return what a name is declared as; a block's own parameter may have the same name."""
        if self.file is None or self.file.document is None:
            return None
        bound = self.file.parameters
        if name in bound and bound[name] is not self.values.get(name):
            return None
        return self.file.document.parameters.get(name)

    def lookup(self, name: Name) -> Any:
        """Return the value of a parameter."""
        if name.identifier in self.values:
            return self.values[name.identifier]
        if name.identifier in self.lost or not name.identifier:
            raise Skipped
        is_block = self.file is not None and name.identifier in self.file.blocks
        if is_block or name.identifier in layers.NAMES:
            return LayerName(name.identifier)
        if self.file is not None and (self.file.is_partial or name.identifier in self.file.unread):
            raise Skipped
        return super().lookup(name)
