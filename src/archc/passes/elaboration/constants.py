"""Evaluating expressions over plain names: defaults, derived parameters, rules."""

from collections.abc import Mapping
from typing import Any

from archc import layers
from archc.expressions.evaluate import Evaluator
from archc.expressions.syntax import Name
from archc.expressions.values import LayerName
from archc.passes.elaboration.scope import FileScope


class DefaultEvaluator(Evaluator):
    """Evaluates an expression over plain names: defaults and derived parameters."""

    def __init__(self, values: Mapping[str, Any], file: FileScope | None = None) -> None:
        self.values = values
        self.file = file

    def lookup(self, name: Name) -> Any:
        """Return the value of a parameter."""
        if name.identifier in self.values:
            return self.values[name.identifier]
        is_block = self.file is not None and name.identifier in self.file.blocks
        if is_block or name.identifier in layers.NAMES:
            return LayerName(name.identifier)
        return super().lookup(name)
