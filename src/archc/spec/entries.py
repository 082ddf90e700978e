"""The entries of a file's sections, one function a kind: a parameter, an input, a rule.

Each takes a key and its value from the YAML tree and returns what the document holds.
"""

import re
from collections.abc import Callable, Iterable, Set
from collections.abc import Mapping as Dict
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from archc.diagnostics import (
    Advice,
    Code,
    Edit,
    RuleViolation,
    Span,
    did_you_mean,
    meant,
    near,
)
from archc.diagnostics.render import excerpt
from archc.spec.data import parameter_value, plain, unreadable
from archc.spec.grammar import LineParser
from archc.spec.model import (
    DTYPES,
    Declaration,
    Dimension,
    Expectation,
    Import,
    InitRule,
    Input,
    Output,
    ParameterKind,
)
from archc.spec.names import check_network_name, is_identifier
from archc.spec.source import Erroneous, Mapping, Node, Scalar, Sequence
from archc.statements import LayerCall

_INPUT = re.compile(r"([a-z][a-z0-9]*)\s*\[(.*)\]", re.DOTALL)
_KIND_WORDS = {
    "int_type": "an integer",
    "list_type": "a list in brackets",
    "string_type": "a text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
"""What messages call the kinds of values that pydantic asks for."""
_KIND_OF = ("a list", "a mapping")
_KINDS = get_args(ParameterKind)
_OTHER_KINDS = {"integer": "int", "string": "str", "text": "str", "boolean": "bool"}
"""What other formats call the types of parameters."""
Model = TypeVar("Model", bound=BaseModel)
Report = Callable[[RuleViolation], None]
"""What takes a violation that does not end the reading."""


def text_of(node: Node) -> Scalar:
    """Return a node that must be a text."""
    if isinstance(node, Erroneous):
        raise unreadable(node)
    if not isinstance(node, Scalar):
        kind = "a list" if isinstance(node, Sequence) else "a mapping"
        raise RuleViolation(
            Code.WRONG_KIND,
            f"expected a text, found {kind}",
            help="a text that begins with `[` or `{` needs quotes",
            span=node.span,
        )
    return node


def network_name(node: Node) -> str:
    """Read the value of `name`."""
    name = text_of(node).value
    try:
        check_network_name(name)
    except RuleViolation as violation:
        violation.span = node.span
        raise
    return name


def declaration(key: Scalar, node: Node, report: Report) -> Declaration:
    """Read one entry of `params`: a default, or the long form that names it.

    What is wrong beside the default is reported, and left out.
    """
    _check_identifier(key)
    if isinstance(node, Mapping):
        return _long_declaration(key, node, report)
    value = parameter_value(node)
    if value is None:
        raise RuleViolation(
            Code.PARAMETER_VALUE,
            f"the parameter `{key.value}` is null",
            help=f"{key.value}: {{default: null, type: int}}",
        )
    return Declaration(default=value)


def _long_declaration(key: Scalar, node: Mapping, report: Report) -> Declaration:
    entries = _as_declared(node, report)
    if "default" not in entries:
        raise RuleViolation(
            Code.PARAMETER_VALUE,
            f"the parameter `{key.value}` has no default",
            help=f"{key.value}: {{default: …, choices: […], help: …}}",
        )
    is_layer = "type" in entries and text_of(entries["type"]).value == "layer"
    fields: dict[str, Any] = {}
    for name, value in entries.items():
        known = name in {"default", "choices"}
        fields[name] = parameter_value(value, is_layer) if known else plain(value)
    return _validated(Declaration, fields, node, frozenset(), report)


def _as_declared(node: Mapping, report: Report) -> Dict[str, Node]:
    """Return the keys of a declaration with their values; a misspelt one is reported and mended."""
    fields = Declaration.model_fields
    entries = {key.value: value for key, value in node.entries if key.value in fields}
    for key, value in node.entries:
        if key.value in fields:
            continue
        report(
            RuleViolation(
                Code.UNKNOWN_KEY,
                f"there is no key `{key.value}` here",
                help=meant(key.value, fields, is_closed=True) or "keys are " + ", ".join(fields),
                span=key.span,
            )
        )
        for name in near(key.value, fields)[:1]:
            entries.setdefault(name, value)
    return entries


def _validated(
    model: type[Model], fields: dict[str, Any], node: Node, others: Set[str], report: Report
) -> Model:
    """Validate plain data with pydantic; what is wrong is reported and left out."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        wrong = error.errors()
    for found in wrong:
        report(_wrong_field(found, model, node, others))
        _leave_out(fields, found["loc"])
    return model.model_validate(fields)


def _wrong_field(
    found: ErrorDetails, model: type[BaseModel], node: Node, others: Set[str]
) -> RuleViolation:
    path = _path_in(node, [str(part) for part in found["loc"]])
    unknown = found["type"] == "extra_forbidden"
    headline = (
        f"there is no key `{path[-1]}` here"
        if unknown
        else _wrong_kind(".".join(path), found["type"], found["msg"], found["input"])
    )
    return RuleViolation(
        Code.UNKNOWN_KEY if unknown else Code.FIELD_VALUE,
        headline,
        help=_near_field(path[-1], model, others, found["input"])
        if unknown
        else _value_advice(path[-1], found["input"], _descend(node, path)),
        span=_descend(node, path, at_key=unknown),
    )


def _path_in(node: Node, path: list[str]) -> list[str]:
    """Return the part of pydantic's path that the file has: behind it stand names of types."""
    known: list[str] = []
    for part in path:
        if isinstance(node, Scalar):
            break
        known.append(part)
        if isinstance(node, Mapping):
            node = next((value for key, value in node.entries if key.value == part), node)
        elif isinstance(node, Sequence) and part.isdecimal():
            node = node.items[int(part)]
    return known


def _wrong_kind(path: str, kind: str, words: str, found: object) -> str:
    """Return what is wrong with a value, in pydantic's words where we have none."""
    if kind in _KIND_WORDS and isinstance(found, (str, int, float, bool)):
        return f"`{path}` is {_KIND_WORDS[kind]}, found `{excerpt(str(found))}`"
    if kind in _KIND_WORDS and isinstance(found, (list, dict)):
        return f"`{path}` is {_KIND_WORDS[kind]}, found {_KIND_OF[isinstance(found, dict)]}"
    if kind == "literal_error":
        return f"`{path}` cannot be `{excerpt(str(found))}`"
    return f"`{path}`: {words[0].lower()}{words[1:]}"


def _value_advice(name: str, found: object, span: Span) -> str:
    """Return what to write in place of the value of a field."""
    if name == "macs" and isinstance(found, float):
        return f"a rounded figure is a text with its unit: `{found}M` or `{found}G`"
    if name == "shapes" and isinstance(found, list):
        return _shapes_advice(cast("list[object]", found))
    if name == "type" and isinstance(found, str):
        known = _OTHER_KINDS.get(found.lower(), "")
        question = did_you_mean(found, known) if known else meant(found, _KINDS, is_closed=True)
        return question or "types are " + ", ".join(_KINDS)
    return _number_advice(found, span)


def _shapes_advice(shape: list[object]) -> str:
    """Return how the shape of one tensor is expected."""
    written = f"shapes: {{layer: [{', '.join(map(str, shape))}]}}"
    return f"a shape stands beside the name of its layer: `{written}`"


def _number_advice(found: object, span: Span) -> str:
    if isinstance(found, str) and re.fullmatch(r"[\d.]+\s*[KMGkmg]", found):
        return "write every digit, for the count is exact: `11_689_512`"
    digits = found.replace(",", "_") if isinstance(found, str) else ""
    if not re.fullmatch(r"\d+(?:_\d+)*", digits, re.ASCII):
        return ""
    return Advice(f"write `{digits}`", Edit(digits, span=span))


def _descend(node: Node, path: list[str], at_key: bool = False) -> Span:
    """Return the place of the value at a path, or of its key."""
    span = node.span
    for part in path:
        if not isinstance(node, Mapping):
            break
        for key, value in node.entries:
            if key.value == part:
                span, node = key.span if at_key else value.span, value
                break
    return span


_OTHER_FIELDS = {
    "multiply_adds": "macs",
    "params": "parameters",
    "output": "shapes",
    "shape": "shapes",
    "paper": "source",
    "reference": "source",
}
"""What papers and other tools call the figures."""


def _near_field(name: str, model: type[BaseModel], others: Set[str], found: object) -> str:
    if name.lower() == "flops" and "macs" in model.model_fields:
        return "write `macs`: a multiply-add is one of them, and two FLOPs"
    fields = [field for field in model.model_fields if field != "variants"]
    known = _OTHER_FIELDS.get(name, "")
    if known == "shapes" and known in fields and isinstance(found, list):
        return _shapes_advice(cast("list[object]", found))
    if known in fields:
        return did_you_mean(name, known)
    return meant(name, [*fields, *sorted(others)]) or "keys are " + ", ".join(fields)


def variant(key: Scalar, node: Node) -> tuple[tuple[Scalar, Node], ...]:
    """Read one entry of `variants`: the parameters it sets, their values as they stand."""
    check_network_name(key.value)
    if not isinstance(node, Mapping):
        raise RuleViolation(
            Code.WRONG_KIND,
            "a variant is a mapping of parameters",
            help=f"{key.value}: {{width: 64}}",
        )
    return node.entries


def model_input(key: Scalar, node: Node) -> Input:
    """Read one entry of `inputs`: a shape, or a dtype with one."""
    _check_identifier(key)
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


def output(key: Scalar, node: Node) -> Output:
    """Read one entry of `outputs`: a tensor, and when it is one."""
    _check_identifier(key)
    parser = LineParser(text_of(node))
    value = parser.operation()
    if parser.at("from", "->"):
        advice = "a layer stands in a line of `model:`, and its name here"
        raise parser.unexpected("expected the end of the line", advice)
    condition = parser.expression() if parser.accept("if") else None
    parser.expect_end()
    return Output(key.value, value, condition, key.span)


def init_rule(key: Scalar, node: Node) -> InitRule:
    """Read one entry of `init`: which tensors, what fills them, and when."""
    text = text_of(node)
    if text.value.count("(") > text.value.count(")"):
        raise RuleViolation(
            Code.SYNTAX,
            f"`{excerpt(text.value)}` leaves a bracket open",
            help="write the missing `)`; in `{…}` YAML splits at a comma: put it in quotes",
            span=node.span,
        )
    parser = LineParser(text)
    if _is_number(text.value):
        advice = f"write `constant({text.value.strip()})`"
        raise parser.unexpected("expected an initialisation", advice)
    name = parser.expect_name("an initialisation")
    if _is_number(rest := text.value[name.end :]):
        advice = f"write `{name.text}({rest.strip()})`"
        raise parser.unexpected(f"expected `(` behind `{name.text}`", advice)
    arguments, keywords = parser.arguments() if parser.at("(") else ((), ())
    call = LayerCall((name.text,), arguments, keywords, parser.span(name.start))
    condition = parser.expression() if parser.accept("if") else None
    parser.expect_end()
    return InitRule(tuple(key.value.split(".")), call, condition, key.span)


def _is_number(text: str) -> bool:
    """Return whether a text is one number."""
    return re.fullmatch(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*", text) is not None


def tie(key: Scalar, node: Node) -> tuple[str, str, Span]:
    """Read one entry of `tie`: the two keys of one tensor."""
    return key.value, text_of(node).value, key.span


def imported(key: Scalar, node: Node) -> Import:
    """Read one entry of `import`: a file and, after `#`, a block of it."""
    _check_identifier(key)
    path, _, block = text_of(node).value.partition("#")
    return Import(key.value, path, block, node.span)


def python_layer(_key: Scalar, node: Node) -> str:
    """Read one entry of `python`: `module:Class`."""
    return text_of(node).value


def allowed(key: Scalar, node: Node) -> str:
    """Read one entry of `allow`: a warning's code and the reason."""
    warnings = {str(code) for code in Code if code.can_warn}
    if key.value not in warnings:
        is_error = key.value in {str(code) for code in Code}
        headline = f"`{key.value}` is never a warning" if is_error else ""
        raise RuleViolation(
            Code.FIELD_VALUE,
            headline or f"there is no warning `{key.value}`",
            help=_near_warning(key.value, warnings),
            span=key.span,
        )
    reason = text_of(node).value.strip()
    if not reason:
        raise RuleViolation(
            Code.FIELD_VALUE,
            f"the reason for allowing `{key.value}` is missing",
            help=f"{key.value}: small images are for inference alone",
            span=key.span,
        )
    return reason


def _near_warning(name: str, warnings: Set[str]) -> str:
    if name.upper() in warnings:
        return did_you_mean(name, name.upper())
    question = meant(name.upper(), warnings)
    return question or f"warnings have the codes {min(warnings)} to {max(warnings)}"


def expectation(node: Node, variants: Set[str], report: Report) -> Expectation:
    """Read `expect`; the keys that name variants hold figures of their own.

    What is wrong is reported, and the other figures stand.
    """
    if not isinstance(node, Mapping):
        report(RuleViolation(Code.WRONG_KIND, "`expect:` is a mapping"))
        return Expectation()
    fields = _figures(node, variants, report)
    return _validated(Expectation, fields, node, variants, report)


def _figures(node: Mapping, variants: Set[str], report: Report) -> dict[str, Any]:
    """Return the figures; the keys that name variants are gathered under `variants`."""
    fields: dict[str, Any] = {}
    for key, value in node.entries:
        if key.value in variants and isinstance(value, Mapping):
            of_variant = _figures(value, variants, report)
            fields.setdefault("variants", {})[key.value] = of_variant
        else:
            fields |= plain_parts(key.value, value, report)
    return fields


def plain_parts(name: str, node: Node, report: Report) -> dict[str, Any]:
    """Return plain data under its name, without those parts that are none; these are reported."""
    if isinstance(node, Mapping):
        parts: dict[str, Any] = {}
        for key, value in node.entries:
            parts |= plain_parts(key.value, value, report)
        return {name: parts}
    try:
        return {name: plain(node)}
    except RuleViolation as violation:
        violation.span = violation.span or node.span
        report(violation)
        return {}


def _leave_out(fields: dict[str, Any], path: Iterable[str | int]) -> None:
    """Take out of nested data the innermost entry that a path leads to."""
    entry: tuple[dict[str, Any], str] | None = None
    inner: Any = fields
    for part in path:
        if not isinstance(inner, dict) or part not in inner:
            break
        entry = cast("dict[str, Any]", inner), str(part)
        inner = cast("dict[str, Any]", inner)[str(part)]
    if entry is not None:
        del entry[0][entry[1]]


def _check_identifier(key: Scalar) -> None:
    if not is_identifier(key.value) or len(key.value) > 64 or key.value.startswith("__"):
        raise RuleViolation(
            Code.BAD_NAME,
            f"`{key.value}` cannot be a name",
            help="use letters, digits and underscores, and no word of the language",
            span=key.span,
        )
