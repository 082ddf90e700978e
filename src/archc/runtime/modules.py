"""Executing the compiled source: the one place where generated code runs.

The source is what `python_source` wrote out of a checked graph, never a file. Its classes
pickle through a reducer that carries the canonical form of the graph and compiles it again
on the other side, so `torch.save(model)` and `mp.spawn` work where `load` was never called.
"""

import linecache
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from types import ModuleType
from typing import TYPE_CHECKING, Any, SupportsIndex

from archc.backends.python_source import python_source
from archc.compiler import Settings, compile_graph
from archc.ir.graph import Graph
from archc.opening import read_spec
from archc.runtime.python_layers import own_classes, python_layers

if TYPE_CHECKING:
    from torch import nn

Ops = tuple[tuple[str, type], ...]

_PREFIX = "archc_compiled_"
_FORMS: dict[str, Callable[[], str]] = {}
"""Module name → what gives the canonical form of its graph."""
_TEXTS: dict[str, str] = {}
"""Module name → the canonical form, kept so that a pickle holds it once."""
_PERMISSIONS: dict[str, tuple[Ops, int]] = {}
"""Module name → the Python layers that its source imports, the nodes it was allowed."""


def compiled(
    graph: Graph, canonical: Callable[[], str], settings: Settings | None = None
) -> ModuleType:
    """Return the module of a graph's source, executed once for each distinct source.

    `canonical` is called when a model of the module is pickled. Of the settings a pickle holds
    what they permit: Python layers of the user's own, so many nodes.
    """
    settings = settings or Settings()
    source = python_source(graph)
    digest = sha256(f"{graph.title}\n{source}".encode()).hexdigest()[:16]
    name = f"{_PREFIX}{digest}"
    permitted = tuple(own_classes(settings.ops).items())
    if name not in _FORMS or settings.max_nodes > _PERMISSIONS[name][1]:
        _FORMS[name] = canonical
        _PERMISSIONS[name] = (permitted, settings.max_nodes)
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
    for kind in _own_classes(module):
        reducer = _reduced_tuple if issubclass(kind, tuple) else _reduced
        kind.__reduce_ex__ = reducer  # pyright: ignore[reportAttributeAccessIssue]
    return module


def model_class(module: ModuleType) -> "type[nn.Module]":
    """Return the class of the model: the last one that the source defines."""
    from torch import nn

    return [kind for kind in _own_classes(module) if issubclass(kind, nn.Module)][-1]


def _own_classes(module: ModuleType) -> list[type]:
    """Return the classes that a module defines itself, in the order of its text."""
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    return [kind for kind in classes if kind.__module__ == module.__name__]


def _reduced(self: object, protocol: SupportsIndex) -> str | tuple[Any, ...]:
    """Return how `pickle` makes a model or a block again; a user's own subclass as any class."""
    if type(self).__module__ not in _FORMS:
        return object.__reduce_ex__(self, protocol)
    return rebuilt, _origin(type(self)), self.__dict__


def _reduced_tuple(self: tuple[Any, ...], _protocol: object) -> tuple[Any, ...]:
    """Return how `pickle` makes a tuple of outputs again."""
    return rebuilt_tuple, (*_origin(type(self)), tuple(self))


def _origin(kind: type) -> tuple[str, str, Ops, int]:
    """Return the canonical form a class was compiled from, its name, and what is permitted."""
    module = kind.__module__
    if module not in _TEXTS:
        _TEXTS[module] = _FORMS[module]()
    return _TEXTS[module], kind.__name__, *_PERMISSIONS[module]


def rebuilt(text: str, name: str, ops: Ops, max_nodes: int) -> Any:
    """Return an empty instance of a compiled class; the unpickler fills in its state."""
    return object.__new__(_compiled_class(text, name, ops, max_nodes))


def rebuilt_tuple(text: str, name: str, ops: Ops, max_nodes: int, values: tuple[Any, ...]) -> Any:
    """Return a model's several outputs as their named tuple."""
    return _compiled_class(text, name, ops, max_nodes)(*values)


@cache
def _compiled_class(text: str, name: str, ops: Ops, max_nodes: int) -> type[Any]:
    settings = Settings(ops=python_layers(dict(ops)), max_nodes=max_nodes)
    graph = compile_graph(read_spec(text, "<pickle>", max_nodes=max_nodes), settings)
    return getattr(compiled(graph, lambda: text, settings), name)
