"""Values that nobody uses: in the graph a tensor, in the text a name."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from archc.diagnostics import Code, Label, RuleViolation, Span
from archc.ir.graph import Graph
from archc.ir.runs import (
    BodyRun,
    BranchRun,
    ChildRun,
    EntryRun,
    ForRun,
    IfRun,
    Instance,
    JoinRun,
    Node,
    Value,
)
from archc.passes.elaboration.advice_on_turns import Turns, turns_of
from archc.passes.elaboration.results import Results
from archc.passes.elaboration.running import Variables
from archc.statements import (
    Block,
    Body,
    Branch,
    Child,
    For,
    If,
    Item,
    Join,
    LayerCall,
    Let,
    bodies_of,
    lines_of,
    words,
)

SHOWN = 4
"""How many layers of an imported file one message names."""


class Unused(Struct, frozen=True):
    """A mistake with its place: the line, and the block that the line stands in."""

    violation: RuleViolation
    span: Span
    caller: Instance | None = None


class _Result(Struct, frozen=True, eq=False):
    """What a line is without use: a node's result, or that of a whole block call."""

    node: Node
    place: "Node | Instance"
    is_whole: bool
    """Whether nobody uses any other result of the call either."""

    @property
    def span(self) -> Span:
        """The line, or the part of it that is the call."""
        return self.place.span if isinstance(self.place, Node) else self.place.line

    @property
    def caller(self) -> Instance | None:
        """The block whose line it is."""
        return self.place.caller

    @property
    def name(self) -> str:
        """The path inside the block, which a function's place in the tree is too."""
        outer = f"{self.caller.path}." if self.caller is not None and self.caller.path else ""
        return self.place.path.removeprefix(outer)

    @property
    def further(self) -> str:
        """What to call one of several results of a block whose others are used, else empty."""
        if isinstance(self.place, Node) or self.is_whole:
            return ""
        results = Results(self.place.values, self.place.names)
        return f"the result `{results.called[self.number] or self.number}`"

    @property
    def number(self) -> int:
        """Which result of the line it is."""
        if isinstance(self.place, Node):
            return 0
        return next((i for i, v in enumerate(self.place.values) if v.node is self.node), 0)


def unused_values(graph: Graph, variables: Variables) -> Iterator[Unused]:
    """Yield every tensor and every name that takes part in no result, once a line.

    Of what an imported file holds, the line that calls it is at fault.
    """
    unused = list(_unused_nodes(graph))
    indices = {node.index for node in unused}
    found = [_seen_by_the_reader(node, indices) for node in unused]
    inside = [result for result in found if _call_of_import(result, graph) is not None]
    yield from _in_imports(inside, graph)
    defined = variables.defined
    own = [result for result in found if result not in inside]
    blamed: set[Span] = set()
    for result in own:
        lines = (s for s in defined if _covers(variables.contents.get(s, s), result.span))
        line = next(lines, None)
        if line is not None:
            blamed.add(line)
        turns = turns_of(result.place, result.number, graph, indices)
        unused = _unused(result, defined[line] if line is not None else "", turns)
        if line is not None and (advice := _hidden(defined[line], line, graph)):
            unused.violation.help = advice
        yield unused
    for span, name in defined.items():
        if span not in variables.read | blamed and not name.startswith("_"):
            headline = f"nobody reads `{name}`"
            advice = _hidden(name, span, graph) or "remove the name, or use it"
            yield Unused(RuleViolation(Code.UNUSED_VALUE, headline, help=advice), span)


def _hidden(name: str, line: Span, graph: Graph) -> str:
    """Say which child a name is read as that `let` or `as` gives too; nothing without one."""
    for template in {call.template for call in graph.calls}:
        if template.file == line.file and line.line in {*lines_of(template.block.body)}:
            child = next((c for c in _children(template.block.body) if c.key == name), None)
            if child is not None:
                return _renamed(child)
    return ""


def _children(body: Body) -> Iterator[Child]:
    """Yield every child below a body."""
    for entry in body.entries:
        if isinstance(entry, Child):
            yield entry
        for inner in bodies_of(entry):
            yield from _children(inner)


def _renamed(child: Child) -> str:
    """Return what to write for a child whose name `let` or `as` gives to another value."""
    words = f"`{child.key}` is read as the child on line {child.span.line}"
    item = child.content if isinstance(child.content, Item) else None
    unit = item.stages[0].unit if item is not None and len(item.stages) == 1 else None
    if isinstance(unit, LayerCall) and unit.arguments is None and item is not None:
        return f"{words}: to name a value write `let {child.key}: {item.text}` there"
    return f"{words}: give one of them another name"


def unread_lets(body: Body, asked: Iterable[str]) -> Iterator[Unused]:
    """Yield the names that `let` gives and no word of a block repeats, whatever else is wrong.

    `asked` is what is read elsewhere: by outputs, by what messages say to write.
    """
    said = Counter((*words(body), *asked))
    for let in _lets_of(body):
        if said[let.name] == 1 and not let.name.startswith("_"):
            violation = RuleViolation(
                Code.UNUSED_VALUE, f"nobody reads `{let.name}`", help="remove the name, or use it"
            )
            yield Unused(violation, let.span)


def _lets_of(body: Body) -> Iterator[Let]:
    """Yield every `let` below a body."""
    for entry in body.entries:
        match entry:
            case Let():
                yield entry
            case Child(content=Body() as inner):
                yield from _lets_of(inner)
            case For() | Join() | Branch():
                yield from _lets_of(entry.body)
            case If(branches):
                for _, inner in branches:
                    yield from _lets_of(inner)
            case _:
                pass


def unread_inputs(block: Block, asked: Iterable[str] = ()) -> Iterator[RuleViolation]:
    """Yield the inputs that a block's lines never name; one input alone flows without a name.

    `asked` is what messages say to write.
    """
    said = {*words(block.body), *asked} if len(block.inputs) > 1 else set(block.inputs)
    for name in block.inputs:
        if name not in said:
            yield RuleViolation(
                Code.UNUSED_VALUE,
                f"`{block.name}` never reads its input `{name}`",
                help=f"a line takes it with `from {name}`, or `from concat({name}, …)`",
            )


def _unused_nodes(graph: Graph) -> Iterator[Node]:
    live = {node.index for node in graph.live_nodes("train")}
    live |= {node.index for node in graph.live_nodes("eval")}
    consumed = {value.node.index for node in graph.nodes for value in node.inputs}
    consumed |= {output.value.node.index for output in graph.outputs}
    for node in graph.nodes:
        unused = node.index not in live or node.operation is None
        if unused and node.index not in consumed:
            yield node


def _seen_by_the_reader(node: Node, unused: set[int]) -> _Result:
    """Return the outermost line whose result a node is: nobody used what the block returned."""
    place: Node | Instance = node
    while (caller := place.caller) is not None and caller.caller is not None:
        if all(value.node is not node for value in caller.values):
            break
        place = caller
    values = () if isinstance(place, Node) else place.values
    return _Result(node, place, all(value.node.index in unused for value in values))


def _unused(result: _Result, variable: str, turns: Turns) -> Unused:
    name = variable or result.name or _readable_name(result)
    if result.node.operation is None:
        what = f"the input `{name}`"
    elif result.further:
        what = f"{result.further} of `{name}`"
    elif name.rpartition(".")[2].isdigit():
        what = "the result of this line"
    else:
        what = f"the result of `{name}`"
    block = "" if isinstance(result.place, Node) else result.place.template.name
    advice = turns.advice(block if result.further else "") or _advice(result, variable)
    headline = f"nobody uses {what}{turns.where}"
    violation = RuleViolation(Code.UNUSED_VALUE, headline, help=advice)
    return Unused(violation, result.span, result.caller)


def _advice(result: _Result, variable: str) -> str:
    if result.further:
        return "read it in a later line, or leave it out of the block"
    name = variable or _readable_name(result)
    if name:
        return f"feed it into a later line with `from {name}`, return it, or remove the line"
    return "give it a name with `as y` and feed it into a later line with `from y`, or remove it"


def _readable_name(result: _Result) -> str:
    """Return the name by which later lines of the block can read a result; none for a number."""
    if result.node.operation is None or result.caller is None:
        return result.name
    named = _named_lines(result.caller.body, "")
    return next((name for name, value in named if value.node is result.node), "")


def _named_lines(run: BodyRun | None, outer: str) -> Iterator[tuple[str, Value]]:
    """Yield each value that a line of a body has a name for, with that name, its path."""
    for entry in run.entries if run is not None else ():
        yield from _named(entry, outer)


def _named(entry: EntryRun, outer: str) -> Iterator[tuple[str, Value]]:
    match entry:
        case ChildRun(_, key, _, content, values) if key:
            path = f"{outer}.{key}" if outer else key
            yield from ((path, value) for value in values)
            if isinstance(content, BodyRun):
                yield from _named_lines(content, path)
        case ForRun(_, turns):
            for _, body in turns:
                yield from _named_lines(body, outer)
        case IfRun() | JoinRun() | BranchRun():
            yield from _named_lines(entry.body, outer)
        case _:
            return


def _call_of_import(result: _Result, graph: Graph) -> Instance | None:
    """Return the outermost call that leads into another file, None where all is in one."""
    call: Instance | None = None
    caller = result.caller
    while caller is not None:
        call = caller if caller.template.file != graph.root.template.file else call
        caller = caller.caller
    return call


def _in_imports(results: Sequence[_Result], graph: Graph) -> Iterator[Unused]:
    """Yield one mistake a call of an imported file, with the lines there that go to waste."""
    pairs = [(call, r) for r in results if (call := _call_of_import(r, graph)) is not None]
    for _, group in groupby(pairs, key=lambda pair: pair[0].line):
        listed = list(group)
        call = listed[0][0]
        yield Unused(_wasted(call, [result for _, result in listed]), call.line, call.caller)


def _wasted(call: Instance, results: Sequence[_Result]) -> RuleViolation:
    lines = {result.span: result.name for result in results}
    names = [f"`{name}`" for name in lines.values()]
    shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    reason = "the caller sees what every mode returns" if call.template.is_model else ""
    return RuleViolation(
        Code.UNUSED_VALUE,
        f"nobody uses {shown} inside of `{call.template.name}`",
        notes=(reason,) if reason else (),
        help="call the blocks of that file that you need, or give it a parameter that leaves "
        "out the rest",
        labels=tuple(Label(span) for span in list(lines)[:SHOWN]),
    )


def _covers(line: Span, part: Span) -> bool:
    start, end = (line.line, line.column), (line.end_line, line.end_column)
    inner = (part.line, part.column), (part.end_line, part.end_column)
    return line.file == part.file and start <= inner[0] and inner[1] <= end
