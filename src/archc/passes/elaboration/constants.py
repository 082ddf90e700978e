"""Evaluating expressions over plain names: defaults, derived parameters, rules."""

from collections.abc import Mapping, Set
from typing import Any

from archc import layers
from archc.expressions.evaluate import Evaluator
from archc.expressions.syntax import Name
from archc.expressions.values import LayerName
from archc.passes.elaboration.nodes import Skipped
from archc.passes.elaboration.scope import FileScope


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
