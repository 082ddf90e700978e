"""Lines as other formats have them, and calls that YAML took apart: telling them from archc's."""

import re

from archc import functions, layers
from archc.diagnostics import Advice, Code, Edit, RuleViolation, Span
from archc.diagnostics.render import excerpt
from archc.diagnostics.spelling import is_misspelt
from archc.spec.control_lines import JOINS
from archc.spec.data import keyword_advice
from archc.spec.source import Erroneous, Mapping, Node, Scalar, Sequence

_ARGUMENT = re.compile(r"(\w+)\s*$")
_KINDS = ("type", "layer", "op", "class", "name", "class_name", "module")
"""Keys that other formats write the kind of a layer under."""
_OTHER_JOINS = {
    **dict.fromkeys(("cat", "Cat", "Concat", "Concatenate", "concatenate"), "concat"),
    **dict.fromkeys(("Add", "plus", "sum"), "add"),
    **dict.fromkeys(("Multiply", "multiply"), "mul"),
}
"""What torch and other formats call the joins."""


def _names_a_layer(key: Scalar, value: Node) -> bool:
    """Return whether an entry says of which kind a layer is, as other formats write it."""
    return key.value in _KINDS and isinstance(value, Scalar) and value.value in layers.NAMES


def _is_plain(value: Node) -> bool:
    """Return whether a value is data, where archc has a layer or its lines."""
    if isinstance(value, Sequence):
        return all(map(_is_plain, value.items))
    return isinstance(value, Scalar) and not _is_callable(value.value.partition("(")[0])


def check_no_call(key: Scalar, value: Node) -> None:
    """Refuse the first half of `Conv2d(8, padding: 1)`, which YAML parts at the colon."""
    name = _ARGUMENT.search(key.value)
    if key.value.count("(") > key.value.count(")") and name is not None:
        place = len(key.value)
        if found := re.search(r"\blambda\b", key.value):
            raise RuleViolation(
                Code.SYNTAX,
                "`lambda` is no word of the language",
                help="write the expression itself: `from x * 2`; what lines share is a block",
                span=key.locate(*found.span()),
            )
        raise RuleViolation(
            Code.YAML_SPLIT,
            "YAML reads `: ` inside a call as a key",
            help=keyword_advice(name[1], value.value if isinstance(value, Scalar) else ""),
            span=key.locate(place, place + 1),
        )


def check_no_join(key: Scalar, value: Node) -> None:
    """Refuse `cat:` above branches, which would be a child of this name with lines in sequence."""
    word = key.value.partition("(")[0]
    join = _OTHER_JOINS.get(word) or next((j for j in JOINS if _is_slip_of(word, j)), None)
    if join is None or key.style or not isinstance(value, (Sequence, Mapping)):
        return
    raise RuleViolation(
        Code.SYNTAX,
        f"`{key.value}:` joins no branches",
        help=f"write `{join}:`; a child of that name has quotes, `'{key.value}':`",
        span=key.span,
    )


def _is_slip_of(word: str, join: str) -> bool:
    """Return whether a word of some length is a join's with a slip in it: `concta`, `mull`."""
    return len(word) > len("add") and word != join and is_misspelt(word, join)


def names_as_branches(join: str, value: Node) -> RuleViolation | None:
    """Return what to say of `add: [a, image]`, names of tensors where branches belong."""
    items = value.items if isinstance(value, Sequence) and value.flow else ()
    names = [item.value for item in items if isinstance(item, Scalar)]
    if not names or len(names) < len(items) or not all(map(str.isidentifier, names)):
        return None
    if any(_is_callable(name) or name[0].isupper() for name in names):
        return None
    signs = {"add": " + ", "mul": " * "}
    joined = signs[join].join(names) if join in signs else f"{join}({', '.join(names)})"
    return RuleViolation(
        Code.SYNTAX,
        f"below `{join}:` stand branches, and these are names",
        help=f"tensors that have names are joined in a line of their own: `from {joined}`",
        span=value.span,
    )


def split_call(node: Sequence | Mapping) -> Scalar | None:
    """Return the first piece of a call that YAML split at its commas, inside `[ ]` or `{ }`."""
    values = node.items if isinstance(node, Sequence) else [value for _, value in node.entries]
    return next(
        (v for v in values if isinstance(v, Scalar) and v.value.count("(") != v.value.count(")")),
        None,
    )


def split_at_comma(piece: Scalar, what: str = "layer") -> RuleViolation:
    """Return what to say of such a piece."""
    return RuleViolation(
        Code.YAML_SPLIT,
        f"YAML split this call at a comma, `{excerpt(piece.value)}` is what is left",
        help=f"write one {what} a line instead of `[…]` or `{{…}}`, or put the call in quotes",
    )


def typed_layer(node: Mapping) -> RuleViolation | None:
    """Return what to say of `{type: Conv2d, out_channels: 8}`, which other formats write."""
    found = next((entry for entry in node.entries if _names_a_layer(*entry)), None)
    if found is None:
        return None
    key, layer = found
    rest = [entry for entry in node.entries if entry is not found]
    if key.value != "type" and not (rest and all(_is_plain(value) for _, value in rest)):
        return None
    fields = Mapping(tuple(e for e in rest if e[0].value != "name"), node.span)
    return _layer_as_mapping(layer, _as_arguments(fields), node.span)


def layer_as_key(key: Scalar, value: Node) -> RuleViolation:
    """Return what to say of `Conv2d: [64, 3]`, which other formats write."""
    return _layer_as_mapping(key, _as_arguments(value), key.span.to(value.span))


def _layer_as_mapping(name: Node, arguments: str, whole: Span) -> RuleViolation:
    """Return that the arguments of a layer stand in no mapping or list, and its call."""
    assert isinstance(name, Scalar)
    call = f"{name.value}({arguments})" if arguments else name.value
    return RuleViolation(
        Code.LAYER_AS_MAPPING,
        f"`{name.value}` is a layer; a layer is called, not given a mapping",
        help=Advice(f"did you mean `{call}`?", Edit(call, span=whole)),
        span=name.span,
    )


def _as_arguments(node: Node) -> str:
    """Return what stands in the parentheses of a call, of data that other formats write."""
    if isinstance(node, Scalar):
        return _as_argument(node)
    if isinstance(node, Sequence):
        return ", ".join(map(_as_argument, node.items))
    if isinstance(node, Erroneous):
        return ""
    return ", ".join(f"{key.value}={_as_argument(value)}" for key, value in node.entries)


def _as_argument(value: Node) -> str:
    if isinstance(value, Sequence):
        return f"({', '.join(map(_as_argument, value.items))})"
    written = value.value if isinstance(value, Scalar) else "…"
    return {"true": "True", "false": "False", "null": "None"}.get(written, written)


def _is_callable(name: str) -> bool:
    """Return whether a name is a layer or a function of archc."""
    return name in layers.NAMES or name in functions.NAMES


_FILLED = re.compile(
    r"(?:(?:torch\.)?nn\.)?Parameter\((?:([\d.]+(?:e-?\d+)?) ?\* ?)?"
    r"(?:torch\.)?(ones|zeros|randn|rand|empty)\(([^()]*)\)\)"
)
_RULES = {"ones": "ones", "randn": "normal(0, 1)", "rand": "uniform(0, 1)"}
"""What fills a Parameter as torch's functions do; without a rule it is zero."""


def filled_parameter(line: Scalar) -> RuleViolation | None:
    """Return what is wrong with `nn.Parameter(torch.ones(8))`: a Parameter has sizes alone."""
    found = _FILLED.fullmatch(line.value)
    if found is None or "=" in found[3]:
        return None
    factor, function, sizes = found.groups()
    written = f"Parameter({sizes})"
    rule = _RULES.get(function, "")
    if factor is not None:
        rule = f"constant({factor})" if function == "ones" else "a rule"
    filling = f", and fill it under `init:` with `{rule}`" if rule else ""
    return RuleViolation(
        Code.SYNTAX,
        "a `Parameter` takes its sizes, and no tensor",
        help=Advice(f"write `{written}`{filling}", Edit(written, span=line.span)),
        span=line.span,
    )
