"""Masks of attention: who sees whom, and which keys are padding.

Letters: L the queries, S the keys.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

from archc.diagnostics import Code, RuleViolation
from archc.layers.base import Layer, spec_name
from archc.layers.rules import Rule
from archc.layers.sequences import batch_and_length
from archc.reach import Goes, Reads
from archc.shapes import Shape, TensorType, format_shape

Tensor = TypeVar("Tensor")


class Masked(Layer):
    """A layer whose last inputs are masks; the argument `masks` says by torch's names which."""

    of_call: ClassVar[tuple[str, ...]] = ("masks",)
    usual_masks: ClassVar[tuple[str, ...]]
    """What the masks are where nothing is said, in torch's order."""
    padding_mask: ClassVar[str]
    """The mask that says which keys are padding."""

    masks: str | tuple[str, ...] | None
    batch_first: bool

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rule of the masks' names."""
        return (self._names_rule,)

    def _names_rule(self) -> None:
        """Refuse a mask that is named twice."""
        names = self.mask_names()
        if len(set(names)) < len(names):
            raise RuleViolation(
                Code.ARGUMENTS,
                f"`masks` names a mask twice: {', '.join(names)}",
                help="name each tensor behind the sequences by what it masks",
                argument="masks",
            )

    def named_masks(self, tensors: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the masks by torch's names.

        Raises:
            RuleViolation: there are more tensors than names, or fewer.
        """
        self._names_rule()
        names = self.mask_names()[: None if self.masks is not None else len(tensors)]
        if len(names) != len(tensors):
            raise RuleViolation(
                Code.ARGUMENTS,
                f"`{spec_name(type(self))}` has {len(tensors)} tensors for "
                f"{len(names)} masks ({', '.join(names) or 'none'})",
                help=f"`masks` says what they are: masks='{self.padding_mask}'",
                argument="masks" if self.masks is not None else "",
            )
        return dict(zip(names, tensors, strict=True))

    def mask_names(self) -> tuple[str, ...]:
        """Return what the masks are, in the order of the inputs."""
        if self.masks is None:
            return self.usual_masks
        return (self.masks,) if isinstance(self.masks, str) else self.masks

    def check_masks(
        self, masks: Mapping[str, TensorType], query: TensorType, key: TensorType
    ) -> None:
        """Refuse masks of one attention that do not fit it.

        A mask of keys has a row for each sample, any other one for each query; both have a
        column for each key.

        Raises:
            RuleViolation: another shape, a dtype that is none of a mask, two dtypes.
        """
        name = spec_name(type(self))
        batch, queries = batch_and_length(query, self.batch_first, name)
        _, keys = batch_and_length(key, self.batch_first, name)
        for kind, mask in masks.items():
            rows = batch if kind.endswith("key_padding_mask") else queries
            _check_mask(mask, kind, (rows, keys), query)
        dtypes = dict.fromkeys(mask.dtype for mask in masks.values())
        if len(dtypes) > 1:
            raise RuleViolation(
                Code.DTYPE, f"masks of one attention need one dtype, found {' and '.join(dtypes)}"
            )

    def mask_reads(self, kind: str) -> Reads:
        """Return that the rows of a mask go along with the samples, or with the queries."""
        rows = 0 if kind.endswith("key_padding_mask") == self.batch_first else 1
        return {0: Goes((rows,))}


def _check_mask(mask: TensorType, kind: str, shape: Shape, query: TensorType) -> None:
    if mask.dtype not in {"bool", query.dtype}:
        raise RuleViolation(
            Code.DTYPE, f"a mask is bool or {query.dtype}, this one is {mask.dtype}"
        )
    if mask.shape != shape:
        raise RuleViolation(
            Code.SIZE_MISMATCH,
            f"a `{kind}` is {format_shape(shape)} here, this one is {format_shape(mask.shape)}",
        )
