# pyright: strict
"""Print docs/layers.md: every layer and function, from its class.

python scripts/layer_reference.py > docs/layers.md
"""

import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, cast

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from archc import functions, layers
from archc.expressions.printing import constant_text
from archc.layers import left_out, other_names
from archc.layers.base import Layer, spec_name

HEAD = """\
# Layers and functions

This page is made from the classes in `src/archc/layers` and `src/archc/functions`: what checks
your specs is what you read here. `python scripts/layer_reference.py` prints it.

A **layer** begins with a capital, is an `nn.Module`, and owns a place in the names of the weights.
A **function** is written in small letters and owns none. Both have torch's argument names and
defaults.

- In a signature, the arguments in front of `*` may be given without their names; the others are
  written `name=value`.
- Arguments that torch wants and archc infers are listed as *inferred*. You leave them out. You may
  write them by name, and then they are checked.
- `B` is the batch, `C` channels, `L…` one size for each axis, `p` padding, `k` kernel, `s` stride,
  `d` dilation.
"""
TITLES = {
    "convolution": "Convolution",
    "pooling": "Pooling",
    "adaptive_pooling": "Adaptive pooling",
    "power_pooling": "Power-average pooling",
    "fractional_pooling": "Fractional pooling",
    "unpooling": "Unpooling",
    "other_pooling": "Other pooling",
    "normalization": "Normalisation",
    "activation": "Activation",
    "linear": "Linear",
    "dropout": "Dropout",
    "embedding": "Embedding",
    "shape": "Shape",
    "resampling": "Resampling",
    "padding": "Padding",
    "attention": "Attention",
    "window_attention": "Attention within windows",
    "relative_attention": "Attention within groups",
    "recurrent": "Recurrent",
    "shrinkage": "Shrinkage",
    "softmax": "Softmax",
    "cells": "Cells",
    "transformer": "Transformer",
    "warping": "Warping",
    "folding": "Windows as columns",
    "distance": "Likeness and distance",
    "tensors": "Parameters and buffers",
    "arithmetic": "Arithmetic",
    "pairwise": "Two tensors",
    "matrices": "Products of matrices",
    "contractions": "Sums of products",
    "products": "Other products",
    "mixing": "Mixing in proportion",
    "diagonals": "Diagonals",
    "gradients": "Gradients",
    "comparison": "Comparison and logic",
    "elementary": "Elementary functions",
    "trigonometry": "Trigonometry",
    "rounding": "Rounding and limits",
    "creation": "Creation and casts",
    "selection": "Masks and indices",
    "ranking": "Order and extremes",
    "cumulative": "Running results",
    "norms": "Norms",
    "indexing": "Indexing",
    "parts": "Parts",
    "joining": "Joining",
    "ordering": "Order of dimensions",
    "reduction": "Reduction",
    "repeating": "Repeating",
    "reshaping": "Reshaping",
}
SECTION = re.compile(r"^(Shapes|Source|Units): *", re.MULTILINE)


def reference() -> str:
    """Return the page."""
    parts = [HEAD, "\n# Layers\n"]
    for family, names in layers.FAMILIES.items():
        parts.append(family_text(family, (layers.find(name) for name in names)))
    parts.append("\n# Functions\n")
    for family, names in functions.FAMILIES.items():
        parts.append(family_text(family, (functions.find(name) for name in names)))
    parts += [*other_names_text(), *left_out_text()]
    return "".join(parts)


def left_out_text() -> list[str]:
    """Return what torch has and archc leaves out, a line a reason."""
    parts = ["\n# What is left out\n"]
    tables = {
        "Of `torch.nn`": left_out.MODULES,
        "Of `torch.nn.functional`": left_out.FUNCTIONS,
        "Of `torch`, its libraries and the methods of its tensors; `*` stands for any letters": (
            left_out.TORCH
        ),
    }
    for title, table in tables.items():
        parts.append(f"\n{title}:\n\n| what | why |\n| --- | --- |\n")
        parts += [f"| {quoted(names)} | {reason} |\n" for reason, names in table.items()]
    return parts


def other_names_text() -> list[str]:
    """Return what torch has under another name, a line for each function of archc."""
    parts = ["\n# Other names\n\n| in torch | in archc |\n| --- | --- |\n"]
    ours = dict.fromkeys(other_names.ALIASES.values())
    for name in ours:
        theirs = [other for other, one in other_names.ALIASES.items() if one == name]
        parts.append(f"| {quoted(theirs)} | `{name}` |\n")
    parts += [f"| `{name}` | `{line}` |\n" for name, line in other_names.OTHERWISE.items()]
    return parts


def quoted(names: Iterable[str]) -> str:
    """Return names in backticks, with commas."""
    return ", ".join(f"`{name}`" for name in names)


def family_text(family: str, members: Iterable[type[Layer]]) -> str:
    """Return the section of a family."""
    return f"\n## {TITLES.get(family, family.capitalize())}\n" + "".join(map(entry, members))


def entry(layer: type[Layer]) -> str:
    """Return what the page says of one layer."""
    summary, sections = described(layer)
    parts = [f"\n### {spec_name(layer)}\n\n```text\n{signature(layer)}\n```\n\n{summary}\n"]
    if shapes := sections.get("Shapes"):
        parts.append(f"\nShapes: {shapes}\n")
    parts += facts(layer)
    if layer.fields():
        parts.append(argument_table(layer))
    if source := sections.get("Source"):
        parts.append(f"\nSource: {linked(source)}\n")
    return "".join(parts)


def facts(layer: type[Layer]) -> list[str]:
    """Return the sentences about inputs, results and inferred arguments."""
    found: list[str] = []
    if layer.inferred_names:
        found.append(f"\nInferred: {', '.join(f'`{name}`' for name in layer.inferred_names)}.\n")
    least, most = layer.arity
    if (least, most) == (0, 0):
        found.append("\nTakes no input.\n")
    elif most != 1:
        found.append(f"\nInputs: {least if least == most else f'{least} to {most}'}.\n")
    if named := [name for name in layer.results if name]:
        names = ", ".join(f"`.{name}`" for name in named)
        found.append(f"\nResults: the bare name is the first; {names} by name.\n")
    return found


def signature(layer: type[Layer]) -> str:
    """Return the call as a spec writes it, with a star before the arguments given by name."""
    fields = layer.fields()
    variadic = str(getattr(layer, "variadic", ""))
    parts = [f"*{variadic}"] if variadic else [written(layer, name) for name in layer.positional]
    rest = [name for name in fields if name not in layer.positional and name != variadic]
    if rest and not variadic:
        parts.append("*")
    parts += [written(layer, name) for name in rest]
    return f"{spec_name(layer)}({', '.join(parts)})"


def written(layer: type[Layer], name: str) -> str:
    """Return an argument of a signature, with its default."""
    default = default_text(layer, name)
    return f"{name}={default}" if default else name


def default_text(layer: type[Layer], name: str) -> str:
    """Return the default of an argument as a spec writes it, empty where it has none."""
    info = layer.fields()[name]
    return "" if info.is_required() else constant_text(info.default)


def argument_table(layer: type[Layer]) -> str:
    """Return the table of arguments."""
    properties = cast(Mapping[str, Any], schema(layer)["properties"])
    rows = ["\n| argument | kind | default | what |\n| --- | --- | --- | --- |\n"]
    for name, info in layer.fields().items():
        default = default_text(layer, name)
        cells = [
            f"`{name}`",
            kind(properties[name]),
            f"`{default}`" if default else "required",
            (info.description or "").replace("|", "\\|"),
        ]
        rows.append(f"| {' | '.join(cells)} |\n")
    return "".join(rows)


_CLASSES = {"Batch": "the batch letter", "LayerName": "layer"}
"""What a class of our own is called on the page."""


class _Schema(GenerateJsonSchema):
    """JSON schemas in which a class of our own is named and nothing is refused."""

    def is_instance_schema(self, schema: Any) -> JsonSchemaValue:
        return {"type": "instance", "name": schema["cls"].__name__}

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def schema(layer: type[Layer]) -> Mapping[str, Any]:
    """Return the JSON schema of a layer's arguments."""
    return layer.schema().model_json_schema(schema_generator=_Schema)


def kind(shape: Mapping[str, Any]) -> str:
    """Return a JSON schema in a few words: `integer ≥ 1, or a list of them`."""
    if "$ref" in shape:
        return _CLASSES[str(shape["$ref"]).rpartition("/")[2]]
    if "anyOf" in shape:
        return union(cast("list[Mapping[str, Any]]", shape["anyOf"]))
    if "enum" in shape or "const" in shape:
        choices = cast("list[str]", shape.get("enum", [shape.get("const")]))
        return " or ".join(f"`{constant_text(choice)}`" for choice in choices)
    match shape.get("type"):
        case "integer":
            return "integer" + bounds(shape)
        case "number":
            return "number" + bounds(shape)
        case "boolean":
            return "`True` or `False`"
        case "null":
            return "`None`"
        case "string":
            return "text"
        case "array":
            return listed(shape)
        case "instance":
            return _CLASSES[str(shape["name"])]
        case _:
            return "number, or nested list"


def listed(shape: Mapping[str, Any]) -> str:
    """Return the kind of a list."""
    if "prefixItems" in shape:
        return "(" + ", ".join(kind(item) for item in shape["prefixItems"]) + ")"
    return f"list of: {kind(shape['items'])}" if shape.get("items") else "list"


def union(members: list[Mapping[str, Any]]) -> str:
    """Return alternatives; a list of what stands beside it is `one, or a list`."""
    texts: list[str] = []
    for member in members:
        text = kind(member)
        items = cast("Mapping[str, Any] | None", member.get("items"))
        if items and texts and kind(items) == texts[0]:
            text = "a list of them"
        if text not in texts:
            texts.append(text)
    return ", or ".join(texts)


def bounds(shape: Mapping[str, Any]) -> str:
    """Return the range of a number."""
    least, most = shape.get("minimum"), shape.get("maximum")
    over = shape.get("exclusiveMinimum")
    if most == 2**31 - 1:
        most = None
    if least is not None and most is not None:
        return f" from {least:,} to {most:,}"
    if over is not None:
        return f" > {over:g}"
    return "" if least is None else f" ≥ {least:g}"


def described(layer: type[Layer]) -> tuple[str, dict[str, str]]:
    """Return what a layer does, and its sections; a missing section is its base class's."""
    summary, sections = docstring(layer)
    for base in layer.__mro__[1:]:
        if base is Layer:
            break
        if "Shapes" not in sections and (shapes := docstring(base)[1].get("Shapes")):
            sections["Shapes"] = shapes
    return summary, sections


def docstring(cls: type) -> tuple[str, dict[str, str]]:
    """Return a docstring's text, and its sections by name with line breaks taken out."""
    text = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    summary, *rest = SECTION.split(text)
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return summary.strip(), {name: " ".join(body.split()) for name, body in pairs}


def linked(text: str) -> str:
    """Return a source with its address as a link."""
    return re.sub(r"https?://\S+", lambda found: f"<{found.group()}>", text)


if __name__ == "__main__":
    sys.stdout.write(reference())
