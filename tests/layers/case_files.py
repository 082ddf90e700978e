"""Read the case files: what one layer or function does to one set of inputs, as a person wrote it.

A file is a YAML list, named for its layer or function. Each item has

- `name`: a short sentence;
- `layer` (or `function`): the call as a spec writes it;
- `inputs`: a shape each, `[2, 3, 8, 8]` or `int64[2, 7]`; a capital letter is the unknown batch;
- `output`, or `outputs` for several results; `parameters` and `buffers` by name, in order;
  `multiply_adds` for one sample where they are not obvious; or
- `error`: the code of the refusal; `stricter` says why torch, which accepts it, is not followed.

An item `cannot_fail: <reason>` excuses the file from having a failing case.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from archc import functions, layers
from archc.diagnostics.model import Span
from archc.expressions.evaluate import Evaluator
from archc.expressions.parser import parse_expression
from archc.expressions.syntax import Call, Name
from archc.layers.base import Layer
from archc.layers.binding import bind
from archc.shapes import Batch, Shape, TensorType

FOLDER = Path(__file__).parent / "cases"
_KEYS = frozenset(
    ("name", "layer", "function", "inputs", "output", "outputs", "parameters", "buffers")
) | {"multiply_adds", "error", "stricter"}


@dataclass(frozen=True)
class Case:
    """One case of a file; `error` is empty where the layer accepts the inputs."""

    subject: str
    name: str
    call: str
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...] = ()
    parameters: Mapping[str, Shape] = field(default_factory=dict)
    buffers: Mapping[str, Shape] = field(default_factory=dict)
    multiply_adds: int | None = None
    error: str = ""
    stricter: str = ""

    def __str__(self) -> str:
        return f"{self.subject}: {self.name}"

    def bound(self) -> Layer:
        """Return the layer that the call describes, or raise the rule it breaks."""
        return bound_call(self.call)


class _CaseEvaluator(Evaluator):
    """Evaluates the arguments of a call, in which a capital letter is the unknown batch."""

    def lookup(self, name: Name) -> Batch:
        return Batch(name.identifier)


def bound_call(text: str) -> Layer:
    """Return the layer or function that a call in a spec describes."""
    expression = parse_expression(text, lambda start, end: Span("case", 1, start + 1, 1, end + 1))
    if isinstance(expression, Name):
        return bind(subject_class(expression.identifier), (), {})
    assert isinstance(expression, Call), text
    evaluator = _CaseEvaluator()
    arguments = [evaluator.evaluate(argument) for argument in expression.arguments]
    return bind(
        subject_class(expression.function), arguments, evaluator.keywords(expression.keywords)
    )


def subject_class(name: str) -> type[Layer]:
    """Return the layer or function of this name."""
    return layers.find(name) if name in layers.NAMES else functions.find(name)


def tensor_type(written: str | Sequence[int | str]) -> TensorType:
    """Return the type that `[2, 3]` or `int64[2, 3]` describes."""
    if not isinstance(written, str):
        return TensorType(tuple(map(_size, written)))
    match = re.fullmatch(r"(\w*)\[(.*)\]", written)
    assert match, f"no tensor type: {written}"
    sizes = [part.strip() for part in match[2].split(",") if part.strip()]
    return TensorType(tuple(map(_size, sizes)), match[1] or "float32")


def _size(written: int | str) -> int | Batch:
    if isinstance(written, int) or written.isdigit():
        return int(written)
    return Batch(written)


@cache
def read_cases(subject: str) -> tuple[Case, ...]:
    """Return the cases of one layer or function."""
    return tuple(_case(subject, item) for item in _items(subject) if "cannot_fail" not in item)


@cache
def cannot_fail(subject: str) -> str:
    """Return why this subject has no failing case, or nothing."""
    return next((item["cannot_fail"] for item in _items(subject) if "cannot_fail" in item), "")


def subjects() -> tuple[str, ...]:
    """Return the layers and functions that have a case file."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def all_cases() -> tuple[Case, ...]:
    """Return the cases of all files."""
    return tuple(case for subject in subjects() for case in read_cases(subject))


@cache
def _items(subject: str) -> list[dict[str, Any]]:
    text = (FOLDER / f"{subject}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _case(subject: str, item: dict[str, Any]) -> Case:
    unknown = item.keys() - _KEYS
    assert not unknown, f"{subject}: {item.get('name')}: unknown keys {sorted(unknown)}"
    outputs = item.get("outputs") or ([item["output"]] if "output" in item else [])
    assert bool(outputs) != ("error" in item), f"{subject}: {item['name']}: an output or an error"
    return Case(
        subject=subject,
        name=item["name"],
        call=item["layer"] if "layer" in item else item["function"],
        inputs=tuple(map(tensor_type, item["inputs"])),
        outputs=tuple(map(tensor_type, outputs)),
        parameters={name: tuple(shape) for name, shape in item.get("parameters", {}).items()},
        buffers={name: tuple(shape) for name, shape in item.get("buffers", {}).items()},
        multiply_adds=item.get("multiply_adds"),
        error=item.get("error", ""),
        stricter=item.get("stricter", ""),
    )
