"""The two layouts of a sequence: (batch, length, features) and (length, batch, features)."""

from archc.diagnostics import Code, RuleViolation
from archc.layers.rules import expect_floating, expect_rank
from archc.shapes import Batch, Shape, Size, TensorType


def batch_and_length(x: TensorType, batch_first: bool, layer: str) -> tuple[Size, Size]:
    """Return the batch and the length of a sequence.

    Raises:
        RuleViolation: it is no sequence, or the unknown batch stands where the length belongs:
            torch would mix the samples without a word.
    """
    expect_rank(x, 3, layer=layer)
    expect_floating(x, layer)
    batch, length = x.shape[:2] if batch_first else (x.shape[1], x.shape[0])
    if isinstance(length, Batch):
        raise RuleViolation(
            Code.DIMENSION,
            f"`{layer}` would take the batch `{length}` for the sequence",
            notes=(
                f"batch_first={batch_first} reads the length from dimension {int(batch_first)}",
            ),
            help="drop batch_first" if batch_first else "write batch_first=True",
            argument="batch_first",
        )
    return batch, length


def laid_out(batch: Size, length: Size, features: int, batch_first: bool) -> Shape:
    """Return the shape of a sequence in the layout asked for."""
    return (batch, length, features) if batch_first else (length, batch, features)
