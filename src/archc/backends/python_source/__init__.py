"""The compiled source: a graph as the Python module that a good engineer would have written."""

import re
import textwrap

from archc.backends.python_source.classes import ClassPlan
from archc.backends.python_source.initialisation import init_lines
from archc.backends.python_source.layout import Line, written
from archc.backends.python_source.planning import ClassPlanner
from archc.backends.python_source.symbols import MAKE_DIVISIBLE
from archc.ir.graph import Graph, GraphOutput


def python_source(graph: Graph) -> str:
    """Return the source of the module that computes a graph; it needs torch alone.

    The last class is the model. Comments name lines of the spec; shapes hold for the
    input size the graph was made for.
    """
    plans = ClassPlanner(graph).planned()
    model = plans[-1]
    lines = [*_header(graph), *_imports(plans, graph), *_output_classes(graph)]
    lines += [*_functions_python_lacks(plans), *_classes_torch_lacks(graph)]
    for plan in plans:
        lines += [Line(0, ""), Line(0, ""), *_class_lines(plan, model, plans, graph)]
    return written(lines)


def _class_lines(
    plan: ClassPlan, model: ClassPlan, plans: list[ClassPlan], graph: Graph
) -> list[Line]:
    if plan is not model:
        return plan.lines()
    return _with_init(plan.lines(), init_lines(graph, plans))


def _with_init(lines: list[Line], init: list[Line]) -> list[Line]:
    """Call `init_weights` at the end of the constructor and define it last."""
    if not init:
        return lines
    forward = next(i for i, line in enumerate(lines) if line.text.startswith("def forward"))
    call = Line(2, "self.init_weights()")
    method = [Line(0, ""), Line(1, "@torch.no_grad()"), Line(1, "def init_weights(self) -> None:")]
    body = [line.deeper(2) for line in init]
    return [*lines[: forward - 1], call, *lines[forward - 1 :], *method, *body]


def _header(graph: Graph) -> list[Line]:
    title = f"{graph.title}: {graph.doc}" if graph.doc else f"{graph.title}."
    text = _docstring(f"{title}")
    spec = "Compiled by archc; the comments name the lines of the spec."
    return [
        Line(0, f'"""{text[0]}'),
        *[Line(0, t) for t in text[1:]],
        Line(0, ""),
        Line(0, spec),
        Line(0, '"""'),
    ]


def _docstring(text: str) -> list[str]:
    """Return user text as lines of a docstring: printable ASCII, nothing that could end it."""
    safe = "".join(c if " " <= c <= "~" else " " if c.isspace() else "?" for c in text)
    safe = safe.replace("\\", "/").replace('"""', "'''").replace('"', "'")
    return textwrap.wrap(safe, 90, break_on_hyphens=False) or [""]


def _imports(plans: list[ClassPlan], graph: Graph) -> list[Line]:
    text = "\n".join(line.text for plan in plans for line in plan.lines())
    text += "".join(line.text for line in _classes_torch_lacks(graph))
    lines = [Line(0, "")]
    if "Callable[[], nn.Module]" in text:
        lines.append(Line(0, "from collections.abc import Callable"))
    if re.search(r"(?<![\w.])partial\(", text) is not None:
        lines.append(Line(0, "from functools import partial"))
    if _named_tuples(graph):
        lines.append(Line(0, "from typing import NamedTuple"))
    if len(lines) > 1:
        lines.append(Line(0, ""))
    if _reads("torch", text) or init_lines(graph, plans):
        lines.append(Line(0, "import torch"))
    if _reads("F", text):
        lines.append(Line(0, "import torch.nn.functional as F"))
    return [*lines, Line(0, "from torch import Tensor, nn"), *_python_imports(graph)]


def _reads(module: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){module}\.", text) is not None


def _python_imports(graph: Graph) -> list[Line]:
    """Import the Python layers of the user's own that the network uses."""
    places = {(kind.source_module, kind.torch_name) for kind in graph.kinds if kind.source_module}
    lines = [Line(0, f"from {module} import {name}") for module, name in sorted(places)]
    return [Line(0, ""), *lines] if lines else []


_MAKE_DIVISIBLE = """
def make_divisible(v: float, d: int = 8) -> int:
    rounded = max(d, int(v + d / 2) // d * d)
    return rounded + d if rounded < 0.9 * v else rounded
"""


def _functions_python_lacks(plans: list[ClassPlan]) -> list[Line]:
    """Write the function of the spec's expressions that the constructors call."""
    if not any(f"{MAKE_DIVISIBLE}(" in line.text for plan in plans for line in plan.init):
        return []
    return _lines(_MAKE_DIVISIBLE)


def _lines(text: str) -> list[Line]:
    """Return source as it is written, apart from what stands before it."""
    return [Line(0, ""), Line(0, ""), *map(_line, text.strip().splitlines())]


def _classes_torch_lacks(graph: Graph) -> list[Line]:
    """Write the layers that archc has and torch has not."""
    lines: list[Line] = []
    for text in sorted({kind.source_class for kind in graph.kinds if kind.source_class}):
        lines += _lines(text)
    return lines


def _line(text: str) -> Line:
    """Return a line of source as text and its depth."""
    bare = text.lstrip(" ")
    return Line((len(text) - len(bare)) // 4, bare)


def _named_tuples(graph: Graph) -> list[tuple[str, tuple[GraphOutput, ...]]]:
    train, evaluated = graph.live_outputs("train"), graph.live_outputs("eval")
    found: list[tuple[str, tuple[GraphOutput, ...]]] = []
    if len(train) > 1:
        found.append(("Output", train))
    if evaluated != train and len(evaluated) > 1:
        found.append(("EvalOutput", evaluated))
    return found


def _output_classes(graph: Graph) -> list[Line]:
    lines: list[Line] = []
    for name, outputs in _named_tuples(graph):
        lines += [Line(0, ""), Line(0, ""), Line(0, f"class {name}(NamedTuple):")]
        lines += [Line(1, f"{output.name}: Tensor") for output in outputs]
    return lines
