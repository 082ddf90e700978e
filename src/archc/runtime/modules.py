"""Executing the compiled source: the one place where generated code runs.

The source is what `python_source` wrote out of a checked graph, never a file. Its classes
pickle through a reducer that carries the canonical form of the graph and compiles it again
on the other side, so `torch.save(model)` and `mp.spawn` work where `load` was never called.
"""

import linecache
import sys
from collections.abc import Callable
from hashlib import sha256
from types import ModuleType
from typing import TYPE_CHECKING, Any

from archc.backends.python_source import python_source
from archc.ir.graph import Graph

if TYPE_CHECKING:
    from torch import nn

_PREFIX = "archc_compiled_"
_FORMS: dict[str, Callable[[], str]] = {}
"""Module name → what gives the canonical form of its graph."""
_TEXTS: dict[str, str] = {}
"""Module name → the canonical form, kept so that a pickle holds it once."""


def compiled(graph: Graph, canonical: Callable[[], str]) -> ModuleType:
    """Return the module of a graph's source, executed once for each distinct source.

    `canonical` is called when a model of the module is pickled.
    """
    source = python_source(graph)
    digest = sha256(f"{graph.title}\n{source}".encode()).hexdigest()[:16]
    name = f"{_PREFIX}{digest}"
    _FORMS.setdefault(name, canonical)
    if name not in sys.modules:
        sys.modules[name] = _executed(source, name, f"<archc {graph.title} {digest}>")
    return sys.modules[name]


def _executed(source: str, name: str, file: str) -> ModuleType:
    """Run a source and let tracebacks show its lines."""
    module = ModuleType(name)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    module.__dict__["__archc_source__"] = source
    sys.modules[name] = module
    try:
        exec(compile(source, file, "exec"), module.__dict__)  # noqa: S102
    except BaseException:
        del sys.modules[name]
        raise
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == name:
            value.__reduce_ex__ = _reduced  # type: ignore[method-assign]
    return module


def model_class(module: ModuleType) -> "type[nn.Module]":
    """Return the class of the model: the last one that the source defines."""
    from torch import nn

    own = [
        v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__
    ]
    return [value for value in own if issubclass(value, nn.Module)][-1]


def _reduced(self: Any, _protocol: object) -> tuple[Any, ...]:
    kind = type(self)
    name = kind.__module__
    if name not in _TEXTS:
        _TEXTS[name] = _FORMS[name]()
    if isinstance(self, tuple):
        return rebuilt_tuple, (_TEXTS[name], kind.__name__, tuple(self))  # pyright: ignore[reportUnknownArgumentType]
    return rebuilt, (_TEXTS[name], kind.__name__), self.__dict__


def _class(text: str, name: str) -> type:
    from archc.compiler import compile_graph, read_spec

    graph = compile_graph(read_spec(text, "<pickle>"))
    return getattr(compiled(graph, lambda: text), name)


_CLASSES: dict[tuple[str, str], type] = {}


def _cached_class(text: str, name: str) -> type:
    key = (sha256(text.encode()).hexdigest(), name)
    if key not in _CLASSES:
        _CLASSES[key] = _class(text, name)
    return _CLASSES[key]


def rebuilt(text: str, name: str) -> Any:
    """Return an empty instance of a compiled class; the unpickler fills in its state."""
    kind = _cached_class(text, name)
    return kind.__new__(kind)


def rebuilt_tuple(text: str, name: str, values: tuple[Any, ...]) -> Any:
    """Return a model's several outputs as their named tuple."""
    return _cached_class(text, name)(*values)
