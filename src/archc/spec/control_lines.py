"""Control lines: the word each begins with, and what follows it."""

import re

from archc import functions
from archc.diagnostics import Advice, Code, Edit, RuleViolation
from archc.expressions.syntax import Binary, Call, Expression, Name
from archc.spec.grammar import LineParser
from archc.spec.names import is_identifier
from archc.spec.source import Scalar
from archc.statements import Return, Targets

JOINS = ("concat", "add", "mul")
CONDITIONS = ("if", "elif", "else")

_OTHER_ELIF = re.compile(r"(else if|elseif|elsif)\s")


def statement_word(key: Scalar) -> str:
    """Return the control word a key begins with, or nothing for a child's name."""
    if key.style:
        return ""
    word = key.value.split(" ")[0].split("(")[0]
    alone = key.value == word
    if _OTHER_ELIF.match(key.value):
        return "elif"
    if word in JOINS or (word in {"else", "branch", "assert", "return", "declare"} and alone):
        return word
    if word in {"for", "if", "elif", "let"} and not alone:
        return word
    return ""


def check_elif(key: Scalar) -> None:
    """Refuse `else if …`, as other languages write it.

    Raises:
        RuleViolation: another word for `elif`.
    """
    if other := _OTHER_ELIF.match(key.value):
        raise RuleViolation(
            Code.SYNTAX,
            f"`{other[1]}` is one word, `elif`",
            help=Advice("write `elif`", Edit("elif", other[1])),
            span=key.locate(0, len(other[1])),
        )


def parse_condition(key: Scalar) -> Expression:
    """Parse `if …` and `elif …`."""
    parser = LineParser(key)
    parser.advance()
    condition = parser.expression()
    parser.expect_end()
    return condition


def parse_for(key: Scalar) -> tuple[Targets, Expression]:
    """Parse `for targets in list`."""
    parser = LineParser(key)
    parser.advance()
    targets = parser.targets()
    if not parser.at("in"):
        turns = _turns_meant(parser, ", ".join(targets.flat()))
        raise parser.unexpected("expected `in`", f"write `for {turns}:`")
    parser.expect("in")
    iterable = parser.expression()
    parser.expect_end()
    return targets, iterable


def _turns_meant(parser: LineParser, targets: str) -> str:
    """Return the head of a loop whose `in` is missing or misspelt."""
    word, rest = parser.token, parser.text[parser.token.start :]
    if parser.at("("):
        return f"_ in {targets}{rest}"
    if word.kind != "name":
        return f"{targets} in range(…)"
    behind = parser.text[word.end :].strip()
    if behind.startswith("("):
        return f"{targets} in {word.text.removeprefix('in')}{behind}"
    return f"{targets} in {behind if parser.peek().kind != 'end' else word.text}"


def targets_meant(key: Scalar) -> Targets:
    """Return the names that a `for` which could not be read seems to assign: all before `in`."""
    head = re.split(r"\bin\b|[=:({\[]", key.value.removeprefix("for"), maxsplit=1)[0]
    words = [*re.findall(r"\w+", head), *re.findall(r"\b(\w+)in\b", head)]  # `for kin kernels`
    return Targets(tuple(filter(is_identifier, words)))


def parse_results(text: Scalar) -> Return:
    """Parse what follows `return:`."""
    parser = LineParser(text)
    values = [parser.operation()]
    while parser.accept(","):
        values.append(parser.operation())
    condition = otherwise = None
    if parser.accept("if"):
        condition = parser.operation()
        otherwise = parser.operation() if parser.accept("else") else None
    if parser.at("->"):
        raise parser.unexpected("expected the end of the line", _called(parser, text))
    parser.expect_end()
    return Return(tuple(values), (), condition, otherwise)


def _called(parser: LineParser, text: Scalar) -> str:
    """Return the call that `return: a + b -> relu` means."""
    before = text.value[: parser.token.start].strip()
    name = parser.peek().text
    if name in functions.NAMES and parser.peek(2).kind == "end":
        return f"an arrow leads from layer to layer; of an expression write `{name}({before})`"
    return f"give the layer a line of its own: `name: {name} from {before}`"


def is_tensor(text: Scalar) -> bool:
    """Return whether a text is a tensor as `return:` takes it: an expression, or a line's name."""
    try:
        values = parse_results(text).values
    except RuleViolation:
        return False
    match values:
        case (Name(name),):
            return name not in functions.NAMES and not name[:1].isupper()
        case (Call(_, (first, *_)),):
            return isinstance(first, Binary) and first.operator == "+"
        case (Binary(operator),):
            return operator != "*"
        case _:
            return len(values) > 1
