"""archc: a compiler for neural-network architectures.

    >>> import archc
    >>> archc.check("resnet50").costs.parameters
    25557032
    >>> model = archc.load("resnet50")

The names below are imported when they are first used: `import archc` imports nothing else.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from archc.compiler import Report
    from archc.diagnostics import ArchcError, Code, CompileError, Diagnostic
    from archc.drawing import Drawing
    from archc.given import CallError
    from archc.interface import check, draw, summary
    from archc.ir.graph import Graph
    from archc.runtime.build import build
    from archc.runtime.load import load

__all__ = [
    "ArchcError",
    "CallError",
    "Code",
    "CompileError",
    "Diagnostic",
    "Drawing",
    "Graph",
    "Report",
    "__version__",
    "build",
    "check",
    "draw",
    "load",
    "summary",
]

_MODULES = {
    "ArchcError": "archc.diagnostics",
    "CallError": "archc.given",
    "Code": "archc.diagnostics",
    "CompileError": "archc.diagnostics",
    "Diagnostic": "archc.diagnostics",
    "Drawing": "archc.drawing",
    "Graph": "archc.ir.graph",
    "Report": "archc.compiler",
    "build": "archc.runtime.build",
    "check": "archc.interface",
    "draw": "archc.interface",
    "load": "archc.runtime.load",
    "summary": "archc.interface",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'archc' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
