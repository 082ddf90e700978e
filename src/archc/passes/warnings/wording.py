"""A warning about a node: its place, the calls that led there, the tensors it takes."""

from archc.diagnostics import Code, Diagnostic, Operand
from archc.ir.runs import Node, Value
from archc.layers.base import spec_name
from archc.passes.elaboration.nodes import call_chain, operand, origin_text


def warning(
    code: Code,
    node: Node,
    headline: str,
    *,
    help: str,
    operands: tuple[Operand, ...] = (),
    notes: tuple[str, ...] = (),
) -> Diagnostic:
    """Return a warning about the line of a node."""
    return Diagnostic(
        code,
        headline,
        node.span,
        operands=operands,
        notes=notes,
        calls=call_chain(node.caller),
        help=help,
        severity="warning",
    )


def layer_name(node: Node) -> str:
    """Return what a spec calls a node's layer."""
    assert node.operation is not None
    return spec_name(type(node.operation))


def row(name: str, value: Value) -> Operand:
    """Return a tensor as a row of a message."""
    return operand(name, value, value.node.span, origin_text(value.node))
