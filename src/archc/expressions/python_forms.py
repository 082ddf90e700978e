"""What people write out of habit from Python and torch, and how the language has it."""

import re
from collections.abc import Callable

from msgspec import Struct

from archc.diagnostics import Advice, Code, Edit, Proposal, RuleViolation, Span
from archc.expressions.syntax import Attribute
from archc.expressions.tokens import Locate, Token

PREFIXES = frozenset(
    {"torch", "nn", "F", "torch.nn", "nn.functional", "torch.nn.functional", "functional", "np"}
    | {"tf", "tf.nn", "keras", "keras.layers", "tf.keras.layers", "layers", "torchvision.ops"}
)
"""What other code writes before the names of layers and functions."""
STRING_PREFIXES = frozenset({"f", "F", "r", "R", "b", "u"})
_FUNCTIONS = {"cat": "concat"}
"""What torch's functions are called here, where that is another name."""
_OF_NO_MEANING = {
    **dict.fromkeys(("contiguous", "clone"), "a spec says nothing of memory"),
    **dict.fromkeys(("cuda", "cpu", "to"), "a loaded network moves with `.to(…)`"),
    "detach": "a spec says nothing of gradients",
}
"""Methods that change nothing of a tensor that a spec tells of, and why."""
_DTYPE = re.compile(r"""(['"])\w*\d\1""")


class MethodCall(Struct, frozen=True):
    """A call `owner.name(given)`, as it is written, and where."""

    owner: str
    name: str
    given: str
    span: Span


def prefixed_string(prefix: Token, string: Token, locate: Locate) -> RuleViolation:
    """Return the violation for `f'…'`, of which a lone `{name}` is that name."""
    text = string.text[1:-1]
    alone = text.removeprefix("{").removesuffix("}")
    is_name = text == f"{{{alone}}}" and alone.isidentifier()
    whole = locate(prefix.start, string.end)
    plain = alone if is_name else string.text
    words = f"a name is read without quotes: `{alone}`" if is_name else f"write `{plain}`"
    return RuleViolation(
        Code.SYNTAX,
        f"`{prefix.text}` before a string is Python's, and strings here are plain",
        help=Advice(words, Edit(plain, span=whole)),
        span=whole,
    )


def lambda_word(place: Span) -> RuleViolation:
    """Return the violation for `lambda x: …`."""
    return RuleViolation(
        Code.SYNTAX,
        "`lambda` is no word of the language",
        help="write the expression itself; what lines share is a block, `Name(arguments):`",
        span=place,
    )


def prefixed_function(owner: str, called: Attribute) -> RuleViolation:
    """Return the violation for `F.relu(…)`: functions stand alone."""
    name = called.name
    plain = _FUNCTIONS.get(name, name)
    advice: str = Advice(f"write `{plain}(…)`", Edit(plain, span=called.span))
    if name[:1].isupper():
        advice = f"write it as a child and use the child's name: `child: {name}(…)`"
    return RuleViolation(
        Code.SYNTAX,
        f"`{owner}.{name}` has a prefix, and functions have none",
        help=advice,
        span=called.span,
    )


def method(
    call: MethodCall, place: Span, knows: Callable[[str], bool], meant: Callable[[str], str]
) -> RuleViolation:
    """Return the violation for `x.view(…)`, with the function that does the same.

    `knows` tells whether there is a function of a name, `meant` which one a name means.
    """
    owner = call.owner.removeprefix("self").removeprefix(".")
    if owner != call.owner:
        if not owner or not knows(_FUNCTIONS.get(call.name, call.name)):
            path = f"{owner}.{call.name}".removeprefix(".")
            return _of_self(MethodCall("self", path, call.given, call.span), knows)
        call = MethodCall(owner, call.name, call.given, call.span)
    return RuleViolation(
        Code.SYNTAX,
        f"`.{call.name}(…)` is a method, and the language has functions",
        help=_as_function(call, knows, meant),
        span=place,
    )


def _of_self(call: MethodCall, knows: Callable[[str], bool]) -> RuleViolation:
    """Return the violation for `self.conv(x)`: a line has run, and its value has its name."""
    name, given = call.name, call.given
    value = f"`{name}`, the value of the line of that name"
    words = f"there is no `self`: write {value}"
    if knows(name):
        words = f"there is no `self`: write `{name}({given})`, the function, or {value}"
    elif given:
        words += f"; a line of its own applies it once more, `again: {name} from {given}`"
    return RuleViolation(
        Code.SYNTAX,
        f"`self.{name}(…)` is a call of Python's, and an expression calls no layers",
        help=Proposal(words, Edit(name, span=call.span)),
        span=call.span,
    )


def _as_function(
    call: MethodCall, knows: Callable[[str], bool], meant: Callable[[str], str]
) -> str:
    owner, name, given = call.owner, call.name, call.given
    function = _FUNCTIONS.get(name, name)
    written = f"{function}({', '.join(filter(None, (owner, given)))})"
    if name == "size":
        written = f"{owner}.shape[{given}]" if given else f"{owner}.shape"
    is_dtype = name == "to" and _DTYPE.fullmatch(given) is not None
    if name in _OF_NO_MEANING and not is_dtype:
        return f"leave it out, `{owner}` is enough: {_OF_NO_MEANING[name]}"
    if name != "size" and not knows(function):
        return meant(function)
    return Advice(f"write `{written}`", Edit(written, span=call.span))
