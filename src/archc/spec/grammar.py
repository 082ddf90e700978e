"""The grammar of one line: chains, sources, conditions, loop heads and signatures.

item  = [chain] ["from" tensor {"," tensor}] ["as" NAME ["[]"]] ["if" expr ["else" item]]
chain = stage {"->" stage}
stage = unit ["*" factor]
unit  = callee ["(" arguments ")"] | "(" item ")"
"""

from archc.diagnostics import Advice, Code, Edit, RuleViolation
from archc.expressions.parser import MAX_NESTING
from archc.expressions.printing import expression_text
from archc.expressions.python_forms import PREFIXES
from archc.expressions.syntax import Expression, Keyword, Literal, Name
from archc.expressions.tokens import Token
from archc.spec.other_forms import OtherForms
from archc.spec.source import Scalar
from archc.statements import Argument, Item, LayerCall, Stage, Targets

_LISTED = "write the layers below the key, each on a line of its own: `- Conv2d(8, 3)`"


class LineParser(OtherForms):
    """The expression parser with the words of a line added."""

    def item(self, closing: str = "") -> Item:
        """Parse one line, or what stands inside a parenthesis."""
        start = self.token.start
        if self.token.kind == "number" and not closing:
            raise self.unexpected("expected a layer", self._copies(start) or self._let(start))
        stages = self._chain() if not self.at("from", "as", "if") else ()
        tail = self.token
        sources = self._sources() if self.accept("from") else ()
        target, collects = self._target() if self.accept("as") else ("", False)
        condition, otherwise = self._condition(closing) if self.accept("if") else (None, None)
        if not stages and not sources:
            raise self.unexpected("expected a layer or `from`")
        if self.at("->") and self.token.start > tail.start:
            raise self._late_chain(start, tail, closing)
        if len(sources) > 1 and not stages:
            raise _joins_nothing(sources)
        self._expect_item_end(closing)
        text = self.text[start : self.tokens[self.position - 1].end]
        return Item(stages, sources, target, collects, condition, otherwise, self.span(start), text)

    def _expect_item_end(self, closing: str) -> None:
        if self.token.kind == "end" and not closing:
            return
        if closing and self.at(closing):
            return
        if self.at("+", "-", "/", "@", "**", "%", "*"):
            raise self._computed_copies() or self._sum_of_tensors(closing)
        wanted = "expected `->`, `from`, `as`, `if` or the end of the line"
        if self.token.kind == "end":
            raise self.unexpected(f"expected `{closing}`", self.left_open(closing))
        if not closing and (violation := self._of_other_form()) is not None:
            raise violation
        raise self.unexpected(wanted, self._word_advice() or self._sign_advice())

    def _late_chain(self, start: int, tail: Token, closing: str) -> RuleViolation:
        """Return the violation for `add from a -> relu`: what flows in is said last."""
        arrow = self.token
        self.advance()
        self._chain()
        chain = self.text[arrow.end : self._before.end].strip()
        first = self.text[start : tail.start].strip()
        rest = self.text[self._before.end :].strip() if not closing else ""
        parts = [f"{first} -> {chain}" if first else chain]
        parts += [self.text[tail.start : arrow.start].strip(), rest]
        return RuleViolation(
            Code.SYNTAX,
            f"a chain stands before `{tail.text}`, and `->` follows it here",
            help=f"write `{' '.join(filter(None, parts))}`",
            span=self.locate(arrow.start, arrow.end),
        )

    def _chain(self) -> tuple[Stage, ...]:
        stages = [self._stage()]
        while self.accept("->"):
            if self.token.kind == "end":
                raise self.unexpected("expected a layer", "drop `->`, or write a layer behind it")
            stages.append(self._stage())
        return tuple(stages)

    def _stage(self) -> Stage:
        start = self.token.start
        unit = self._parenthesis_item() if self.at("(") else self._layer_call()
        factor = self._factor() if self.accept("*") else None
        return Stage(unit, factor, self.span(start))

    def _parenthesis_item(self) -> Item:
        self.expect("(")
        self.depth += 1
        if self.depth > 32:
            raise RuleViolation(Code.READING_LIMIT, "parentheses nested deeper than 32")
        item = self.item(")")
        self.depth -= 1
        self.expect(")")
        return item

    def _layer_call(self) -> LayerCall:
        token = self.expect_name("a layer")
        parts = [token.text + self._braces()]
        while self.at(".") or (self.token.kind == "number" and self.token.text.startswith(".")):
            if self.at("."):
                self.advance()
                parts.append(self.expect_name("a name after `.`").text + self._braces())
            else:
                parts.append(self.advance().text[1:])
        if not self.at("("):
            return LayerCall(tuple(parts), None, (), self.span(token.start))
        if parts[-1] == "Sequential" and (len(parts) == 1 or ".".join(parts[:-1]) in PREFIXES):
            self._refuse_sequence(token.start)
        arguments, keywords = self.arguments()
        return LayerCall(tuple(parts), arguments, keywords, self.span(token.start))

    def _refuse_sequence(self, start: int) -> None:
        """Refuse `nn.Sequential(nn.Conv2d(8, 3), nn.ReLU())`; a block may have the name as well.

        Raises:
            RuleViolation: what stands in the parentheses are layers.
        """
        callee = self.text[start : self.token.start].strip()
        before = self.position, self.depth
        try:
            layers = self._layers_in_parentheses()
        except RuleViolation as violation:
            if isinstance(violation.help, Advice):
                raise
            layers = None
        if "." in callee or (layers and any(map(self._is_written_out, layers))):
            raise RuleViolation(
                Code.SYNTAX,
                f"`{callee}` is no layer: a chain, or a list, is the sequence",
                help=_LISTED if layers is None else self._as_chain(start, layers),
                span=self.span(start),
            )
        self.position, self.depth = before

    def _layers_in_parentheses(self) -> list[tuple[int, int]]:
        """Take `(a, b)` and return where its layers stand, torch's prefixes and `()` left out."""
        self.expect("(")
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise RuleViolation(Code.READING_LIMIT, "parentheses nested deeper than 32")
        layers: list[tuple[int, int]] = []
        while not self.at(")"):
            start = self.token.start
            first, *others = self._chain()
            end = self._before.end
            unit = first.unit
            prefix = ".".join(unit.callee[:-1]) if isinstance(unit, LayerCall) else ""
            is_bare = not others and self.text[start:end].endswith("()")
            skipped = len(prefix) + 1 if prefix in PREFIXES else 0
            layers.append((start + skipped, end - len("()") * is_bare))
            if not self.accept(","):
                break
        self.depth -= 1
        self.expect(")")
        return layers

    def _is_written_out(self, layer: tuple[int, int]) -> bool:
        """Return whether a layer is called, as no argument of a block is."""
        text = self.text[slice(*layer)]
        return text[0].isupper() and (text.endswith(")") or self.text[layer[1]] == "(")

    def _as_chain(self, start: int, layers: list[tuple[int, int]]) -> str:
        """Return the advice to chain the layers between parentheses that begin at a place."""
        if not layers:
            return Advice("write `Identity`", Edit("Identity", span=self.span(start)))
        opening, closing = ("(", ")") if self.at("*") else ("", "")
        texts = [opening, *[" -> "] * (len(layers) - 1), closing]
        places = [start, *(place for layer in layers for place in layer), self._before.end]
        edits = [
            Edit(text, span=self.locate(first, last))
            for text, first, last in zip(texts, places[::2], places[1::2], strict=True)
        ]
        chain = " -> ".join(self.text[first:last] for first, last in layers)
        words = f"write `{opening}{chain}{closing}`"
        words += ", or a list with a line for each" * (len(layers) > 1)
        return words if self.at("(") else Advice(words, *edits)

    def _factor(self) -> Expression:
        start = self.token.start
        if self.token.kind == "number":
            return Literal(self.number(), self.span(start))
        if self.accept("("):
            factor = self.expression()
            self.expect(")")
            return factor
        name = self.expect_name("a number, a name or (…) after `*`")
        return Name(name.text, self.span(start))

    def _sources(self) -> tuple[Expression, ...]:
        sources = [self.operation()]
        while self.accept(","):
            sources.append(self.operation())
        return tuple(sources)

    def _target(self) -> tuple[str, bool]:
        name = self.expect_name("a name after `as`").text
        collects = bool(self.accept("["))
        if collects:
            self.expect("]")
        return name, collects

    def _condition(self, closing: str) -> tuple[Expression, Item | None]:
        condition = self.operation()
        if not self.accept("else"):
            return condition, None
        if self.token.kind == "end":
            raise self.unexpected("expected a layer", "drop `else`, or write a layer behind it")
        return condition, self.item(closing)

    def targets(self) -> Targets:
        """Parse what a `for` assigns."""
        names = [self._one_target()]
        single = not self.at(",")
        while self.accept(","):
            if self.at("in"):
                break
            names.append(self._one_target())
        return Targets(tuple(names), single and isinstance(names[0], str))

    def _one_target(self) -> "str | Targets":
        if self.accept("("):
            inner = self.targets()
            self.expect(")")
            return Targets(inner.names)
        return self.expect_name("a name after `for`").text

    def signature(self) -> tuple[str, tuple[Argument, ...], tuple[str, ...]]:
        """Parse `Name(parameters)(inputs)`: the key of a block."""
        name = self.expect_name("a block's name").text
        if name in {"def", "class"} and self.token.kind == "name":
            raise RuleViolation(
                Code.SYNTAX,
                f"`{name}` is no word of the language",
                help=f"a block is its name alone: `{self.text[self.token.start :]}:`",
                span=self.span(0),
            )
        if self.at(")", ","):
            raise self.unexpected("expected the end of the line", self.never_opened())
        parameters: list[Argument] = []
        if self.accept("("):
            while not self.at(")"):
                parameters.append(self._parameter())
                if not self.accept(","):
                    break
            self.expect(")")
        inputs: list[str] = []
        if self.accept("("):
            while not self.at(")"):
                inputs.append(self.expect_name("the name of an input").text)
                if not self.accept(","):
                    break
            self.expect(")")
        self.expect_end()
        own = {"self"} if inputs else {"self", "x"}
        if parameters and parameters[0].name in own and parameters[0].default is None:
            raise self._own_name(parameters[0])
        self._refuse_repeats_of([p.name for p in parameters] + inputs)
        return name, tuple(parameters), tuple(inputs) or ("x",)

    def _parameter(self) -> Argument:
        start = self.token.start
        variadic = bool(self.accept("**"))
        name = self.expect_name("the name of a parameter").text
        default = self.expression() if self.accept("=") else None
        return Argument(name, default, variadic, self.span(start))

    def _refuse_repeats_of(self, names: list[str]) -> None:
        for index, name in enumerate(names):
            if name in names[:index]:
                raise RuleViolation(
                    Code.BAD_NAME, f"`{name}` is there twice", span=self.span(0, len(self.text))
                )


def parse_item(scalar: Scalar, name: str = "") -> Item:
    """Parse a layer line, of a child of this name, whose folded lines were checked.

    Raises:
        RuleViolation: the line breaks the grammar; the violation has its place.
    """
    parser = LineParser(scalar, name)
    item = parser.item()
    parser.expect_end()
    return item


def parse_value(scalar: Scalar) -> Expression:
    """Parse a scalar that is one expression."""
    parser = LineParser(scalar)
    value = parser.expression()
    parser.expect_end()
    return value


def parse_call(scalar: Scalar) -> tuple[str, tuple[Keyword, ...], str, bool]:
    """Parse the key of a join: `concat(dim=2) as y`."""
    parser = LineParser(scalar)
    word = parser.expect_name("a join").text
    keywords: tuple[Keyword, ...] = ()
    if parser.at("("):
        arguments, keywords = parser.arguments()
        if arguments:
            given = expression_text(arguments[0])
            raise RuleViolation(
                Code.SYNTAX,
                f"`{word}:` takes its arguments by name",
                help=f"write `concat(dim={given}):`" if word == "concat" else "",
                span=arguments[0].span,
            )
    target, collects = "", False
    if parser.accept("as"):
        target = parser.expect_name("a name after `as`").text
        if parser.accept("["):
            parser.expect("]")
            collects = True
    parser.expect_end()
    return word, keywords, target, collects


def _joins_nothing(sources: tuple[Expression, ...]) -> RuleViolation:
    """Return the violation for `from a, b` without a layer that takes both."""
    listed = ", ".join(map(expression_text, sources))
    return RuleViolation(
        Code.SYNTAX,
        f"`from` alone names one tensor, and here are {len(sources)}",
        help=f"to join them write `from concat({listed})`; what takes several stands before `from`",
        span=sources[1].span,
    )
