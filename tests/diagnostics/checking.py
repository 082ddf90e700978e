"""Checking a text as a file of some name, so that messages name that file."""

from archc.compiler import Report, check_spec
from archc.diagnostics import CompileError
from archc.opening import read_spec


def report_on(text: str, file: str) -> Report:
    """Return what checking a text finds; it is called `file` in the messages."""
    try:
        return check_spec(read_spec(text, file))
    except CompileError as error:
        return Report(None, None, error.diagnostics, error.sources)


def message_on(text: str, file: str) -> str:
    """Return everything a terminal shows of a wrong text."""
    return f"{report_on(text, file)}\n"
