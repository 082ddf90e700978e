"""How a `forward` reaches the modules below it: `self.encoder.layers[0]`."""

import keyword

from archc.expressions.printing import string_literal


def relative_path(path: str, owner: str) -> str:
    """Return a path as seen from the module at `owner`."""
    return path[len(owner) :].lstrip(".") if owner else path


def access_text(path: str, owner: str, indexed: frozenset[str]) -> str:
    """Return the expression for a module; `indexed` are the paths whose children have numbers."""
    relative = relative_path(path, owner)
    text, place = "self", owner
    for name in relative.split(".") if relative else ():
        text = _step(text, name, place in indexed)
        place = f"{place}.{name}" if place else name
    return text


def is_attribute(name: str) -> bool:
    """Return whether a child's name can follow a dot."""
    return name.isidentifier() and not keyword.iskeyword(name)


def _step(text: str, name: str, is_indexed: bool) -> str:
    if name.isdigit() and is_indexed:
        return f"{text}[{name}]"
    return f"{text}.{name}" if is_attribute(name) else f"getattr({text}, {string_literal(name)})"
