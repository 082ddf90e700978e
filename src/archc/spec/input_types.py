"""The types of inputs: `[B, 3, H=224, W=224]`, `int64[B, L=56]`."""

import re

from archc.diagnostics import Advice, Code, Edit, RuleViolation, near
from archc.diagnostics.render import excerpt
from archc.spec.grammar import LineParser
from archc.spec.model import DTYPES, Dimension, Input
from archc.spec.source import Mapping, Node, Scalar, Sequence
from archc.spec.texts import check_identifier, text_of

_INPUT = re.compile(r"([a-z][a-z0-9]*)\s*\[(.*)\]", re.DOTALL)
_OTHER_DTYPES = {
    "int": "int64",
    "long": "int64",
    "short": "int16",
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "boolean": "bool",
}
"""What torch, numpy and other languages call the dtypes."""


def model_input(key: Scalar, node: Node) -> Input:
    """Read one entry of `inputs`: a shape, or a dtype with one."""
    check_identifier(key)
    if isinstance(node, Sequence):
        texts = [text_of(item) for item in node.items]
        dimensions = tuple(_dimension(LineParser(text)) for text in texts)
        return Input(key.value, "float32", dimensions, node.span)
    if isinstance(node, Scalar):
        return _typed_input(key, node)
    advice = f"{key.value}: [B, 3, H=224, W=224]"
    if isinstance(node, Mapping) and (meant := _of_fields(node)):
        edits = [Edit(meant, span=node.span)] if node.flow else []
        advice = Advice(f"write `{key.value}: {meant}`", *edits)
    raise RuleViolation(Code.WRONG_KIND, "an input is a shape", help=advice)


def _of_fields(node: Mapping) -> str:
    """Return the type that `{shape: [B, 20], dtype: int64}` means; nothing where it says more."""
    fields = {key.value: value for key, value in node.entries}
    shape = next((fields.pop(name) for name in ("shape", "size") if name in fields), None)
    dtype = next((fields.pop(name) for name in ("dtype", "type") if name in fields), None)
    if fields or not isinstance(shape, Sequence):
        return ""
    sizes = [size.value for size in shape.items if isinstance(size, Scalar)]
    given = dtype.value.removeprefix("torch.") if isinstance(dtype, Scalar) else "float32"
    name = _OTHER_DTYPES.get(given, given)
    prefix = "" if name == "float32" else name
    is_known = len(sizes) == len(shape.items) and name in DTYPES
    return f"{prefix}[{', '.join(sizes)}]" if is_known else ""


def _typed_input(key: Scalar, node: Scalar) -> Input:
    """Read `int64[B, L=56]`."""
    match = _INPUT.fullmatch(node.value)
    if match is None or match[1] not in DTYPES:
        raise RuleViolation(
            Code.FIELD_VALUE,
            f"`{excerpt(node.value)}` is no tensor type",
            help=_type_advice(key.value, node.value),
        )
    parser = LineParser(node)
    parser.advance()
    parser.expect("[")
    dimensions: list[Dimension] = []
    while not parser.at("]"):
        dimensions.append(_dimension(parser))
        if not parser.at("]"):
            parser.expect(",")
    parser.expect("]")
    parser.expect_end()
    return Input(key.value, match[1], tuple(dimensions), node.span)


def _type_advice(name: str, text: str) -> str:
    """Return what was meant by the type of an input that is none."""
    if text.startswith("(") and text.endswith(")"):
        return f"a shape has brackets: `{name}: [{text[1:-1]}]`"
    if re.fullmatch(r"\w+(\s*,\s*\w+(=\w+)?)+", text):
        return f"a shape has brackets: `{name}: [{text}]`"
    if re.fullmatch(r"\d+([x×*]\d+)+", text):
        return f"write `{name}: [B, {', '.join(re.split('[x×*]', text))}]`"
    dtype, bracket, shape = text.partition("[")
    known = _OTHER_DTYPES.get(dtype.removeprefix("torch."), "")
    found = [known] if known else near(dtype, DTYPES)
    if bracket and len(found) == 1:
        right = f"{found[0]}[{shape}"
        return Advice(f"did you mean `{right}`?", Edit(right, text))
    return f"{name}: int64[B, L=56]; dtypes are {', '.join(DTYPES)}"


def _dimension(parser: LineParser) -> Dimension:
    """Read `B`, `3`, `H=224` or `width`; a capital first letter is a free dimension."""
    start = parser.token.start
    text = parser.token.text
    if text in {"-", "null", "?", "None"}:
        raise RuleViolation(
            Code.FIELD_VALUE,
            "a dimension that may have any size has a letter",
            help="write `B` for the batch, `L=56` for a length with its usual size",
            span=parser.span(start, parser.token.end),
        )
    if parser.token.kind == "name" and text[0].isupper():
        parser.advance()
        size = parser.operation() if parser.accept("=") else None
        letter = text
    else:
        size, letter = parser.operation(), ""
    if parser.token.kind != "end" and not parser.at(",", "]"):
        raise parser.unexpected("expected `,` or `]`", "the sizes are parted by commas")
    return Dimension(letter, size, parser.span(start))
