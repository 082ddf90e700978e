"""Constants, keys and lines as text that YAML and the language read back."""

from typing import Any

from archc.expressions.printing import constant_text, sequence_text
from archc.expressions.values import LayerName
from archc.shapes import Batch

_QUOTED = frozenset({"concat", "add", "mul", "else", "branch", "assert", "return", "declare"})


def constant(value: Any) -> str:
    """Return a plain value as the language writes it; the batch is its letter."""
    if isinstance(value, (Batch, LayerName)):
        return str(value)
    if isinstance(value, tuple):
        return sequence_text([constant(item) for item in value], "()")  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return constant_text(value)


def data_text(value: Any) -> str:
    """Return a nested list as YAML data."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(data_text, value))}]"  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else constant(value)


def index_text(item: Any) -> str:
    if not isinstance(item, tuple):
        return str(item)
    start, stop, step = ("" if bound is None else str(bound) for bound in item[-3:])  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def key_text(key: str) -> str:
    return f"'{key}'" if key in _QUOTED else key


def quoted(text: str) -> str:
    """Return any text as one double-quoted YAML scalar."""
    import json

    return json.dumps(text, ensure_ascii=True)


def scalar(text: str) -> str:
    """Return a line as a plain YAML scalar, in single quotes where it would not be one."""
    plain = ": " not in text and " #" not in text and not text.endswith(":")
    if plain and (text[0].isalnum() or text[0] in "_("):
        return text
    return "'" + text.replace("'", "''") + "'"
