"""Change the shape rules one token at a time and see whether cases and referees notice.

python scripts/mutate.py [--every N] [--lines N …] [module …]

Each mutant is judged in a fork of a process that has imported torch, but not archc: first by the
cases of `tests/layers/cases`, then by calls drawn at the edge of validity, then by the suites that
read the same classes. Changed are comparisons, arithmetic, whole numbers, conditions and booleans;
not the texts of messages, which `tests/diagnostics` holds, nor `strict=True`, nor how a class is
stored.
"""

import argparse
import ast
import copy
import importlib.util
import os
import re
import resource
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WINDOWS = ("convolutions", "transposed convolutions", "poolings", "adaptive poolings")
KINDS: dict[str, tuple[str, ...]] = {
    "archc.windows": WINDOWS,
    "archc.shapes": ("reshapings", "repetitions", "orderings", "parts", "meetings", "reductions"),
    "archc.layers.convolution": WINDOWS[:2],
    "archc.layers.pooling": WINDOWS[2:3],
    "archc.layers.adaptive_pooling": WINDOWS[3:],
    "archc.layers.unpooling": (),
    "archc.layers.padding": ("paddings",),
    "archc.layers.resampling": ("interpolations",),
    "archc.functions.reshaping": ("reshapings",),
    "archc.functions.joining": ("meetings",),
    "archc.functions.reduction": ("reductions",),
    "archc.functions.repeating": ("repetitions",),
}
"""The modules to change, and the kinds of calls that judge them."""
SUBJECTS = {
    "archc.windows": r"Conv|.*[Pp]ool|Upsample|interpolate",
    "archc.shapes": r"concat|stack|add|mul|reshape|view|flatten|unflatten|squeeze|unsqueeze|expand"
    r"|repeat|permute|transpose|movedim|sum|mean|matmul|bmm|cumsum|narrow|maximum|Flatten|glu",
    "archc.layers.convolution": r"Conv",
    "archc.layers.pooling": r".*[Pp]ool",
    "archc.layers.adaptive_pooling": r"[Aa]daptive",
    "archc.layers.unpooling": r"MaxUnpool|max_unpool",
    "archc.layers.padding": r".*Pad|pad",
    "archc.layers.resampling": r"Upsampl",
    "archc.functions.reshaping": r"reshape|view|flatten|unflatten|squeeze|unsqueeze|[UF]\w*latten",
    "archc.functions.joining": r"concat|stack",
    "archc.functions.reduction": r"sum|mean|prod|amax|amin|std|var|logsumexp|all|any|arg|median",
    "archc.functions.repeating": r"expand|repeat|tile",
}
"""Whose cases judge a module."""
MESSAGES = {"RuleViolation", "Field", "format_shape"}
SPEAKING = {"formula", "_does_not_fit", "_smaller", "_too_much_padding", "_first_difference"}
SPEAKING |= {"_squeezable", "_takes_batch", "__str__", "__repr__"}
"""Functions that make messages alone."""
NOT_RULES = {"strict", "frozen", "gc"}
"""Keywords that no rule depends on: how Python checks and stores."""
QUICK = ("layers/test_shapes.py", "layers/test_windows.py", "backends/test_derivation.py")
"""The suites that judge a mutant after the cases and before the drawn calls."""
SUITES = (
    "layers/test_reshaping.py",
    "layers/test_overwriting.py",
    "layers/test_results.py",
    "passes/test_receptive_field.py",
    "referees/test_boundaries.py",
)
"""What judges a mutant that cases and drawn calls miss."""
# Calls drawn of each kind, and seconds of processor time for a mutant.
EXAMPLES, SECONDS = 600, 240

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
}


def variants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what a node may be changed into, with a word for it."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in _COMPARISONS[type(node.ops[0])]:
            yield other.__name__, ast.Compare(node.left, [other()], node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        other = _ARITHMETIC[type(node.op)]
        yield other.__name__, ast.BinOp(node.left, other(), node.right)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield other.__name__, ast.BoolOp(other(), node.values)
    elif isinstance(node, ast.UnaryOp):
        yield "drop the sign", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "not", ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield "+ 1", ast.Constant(node.value + 1)
    elif isinstance(node, ast.If | ast.IfExp):
        for value in (True, False):
            changed = copy.copy(node)
            changed.test = ast.Constant(value)
            yield f"if {value}", changed


def places(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Yield every child that may change: its parent, field and index; no messages."""
    if isinstance(tree, ast.Call) and getattr(tree.func, "id", "") in MESSAGES:
        return
    if isinstance(tree, ast.FunctionDef) and tree.name in SPEAKING:
        return
    if isinstance(tree, ast.JoinedStr | ast.AnnAssign):
        return
    if isinstance(tree, ast.keyword) and tree.arg in NOT_RULES:
        return
    for name, value in ast.iter_fields(tree):
        children = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, child in children:
            if isinstance(child, ast.AST):
                yield tree, name, index
                yield from places(child)


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Yield a description and a changed source, one for each change."""
    tree = ast.parse(source)
    for parent, name, index in list(places(tree)):
        held = getattr(parent, name)
        node = held if index is None else held[index]
        for word, changed in variants(node):
            _put(parent, name, index, ast.copy_location(changed, node))
            line = getattr(node, "lineno", 0)
            text = ast.unparse(node).split("\n")[0]
            yield f"line {line}: {text}  →  {word}", ast.unparse(ast.fix_missing_locations(tree))
            _put(parent, name, index, node)


def _put(parent: ast.AST, name: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


class Changed:
    """A finder and loader of one module from a source that differs from its file's."""

    def __init__(self, name: str, source: str, path: Path) -> None:
        self.name, self.source, self.path = name, source, path

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return the changed module's spec, and nobody else's."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)  # pyright: ignore

    def create_module(self, spec: ModuleSpec) -> None:
        """Let Python make the module."""

    def exec_module(self, module: object) -> None:
        """Run the changed source."""
        exec(compile(self.source, str(self.path), "exec"), vars(module))  # noqa: S102


def judge(subjects: str, kinds: Sequence[str]) -> None:
    """Run cases and referees; whatever raises has noticed the mutant."""
    import torch
    from hypothesis import HealthCheck, given, settings
    from tests.layers import case_files

    known = case_files.subjects
    case_files.subjects = lambda: tuple(n for n in known() if re.match(subjects, n))
    from tests.layers import test_cases
    from tests.referees import edges, judging

    case_files.subjects = known

    torch.set_num_threads(1)
    for case in test_cases.PASSING:
        test_cases.test_outputs_and_tensors_of_a_passing_case_are_as_written(case)
        if case.multiply_adds is not None:
            test_cases.test_multiply_adds_of_a_case_are_as_written(case)
    for case in test_cases.FAILING:
        test_cases.test_a_failing_case_is_refused_with_its_code(case)
    expect_green(QUICK)
    for case in test_cases.JUDGED:
        test_cases.test_torch_gives_the_shapes_and_dtypes_of_a_passing_case(case)
        test_cases.test_torch_owns_the_tensors_of_a_passing_case(case)
    for kind in kinds:
        profile = settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[p for p in settings.default.phases if p.name == "generate"],
            suppress_health_check=list(HealthCheck),
        )
        profile(given(edges.STRATEGIES[kind])(judging.expect_agreement))()
    expect_green(SUITES)


def expect_green(suites: Sequence[str]) -> None:
    """Run suites to their first failure, which ends in an error here."""
    import pytest

    paths = [str(ROOT / "tests" / suite) for suite in suites]
    assert pytest.main(["-q", "-x", "-o", "filterwarnings=", *paths]) == 0


def noticed(name: str, source: str, kinds: Sequence[str]) -> bool:
    """Judge a mutant in a fork; one that hangs runs out of processor time."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        warnings.simplefilter("ignore")
        sys.meta_path.insert(0, Changed(name, source, path_of(name)))  # pyright: ignore
        judge(SUBJECTS[name], kinds)
        code = 0
    finally:
        os._exit(code)


def path_of(name: str) -> Path:
    """Return a module's file."""
    return ROOT / "src" / (name.replace(".", "/") + ".py")


def main() -> None:
    """Judge every mutant, or every n-th, and print those that nobody noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--lines", type=int, nargs="*", help="change these lines alone")
    parser.add_argument("modules", nargs="*", default=list(KINDS))
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    import hypothesis  # noqa: F401
    import torch
    import yaml  # noqa: F401
    from torch.utils import flop_counter  # noqa: F401

    torch.set_num_threads(1)
    for name in options.modules:
        start, source = time.time(), path_of(name).read_text(encoding="utf-8")
        assert not noticed(name, source, KINDS[name]), f"{name} fails unchanged"
        wanted = tuple(f"line {line}:" for line in options.lines or ())
        chosen = [m for m in mutants(source) if not wanted or m[0].startswith(wanted)]
        chosen = chosen[:: options.every]
        missed = 0
        for word, changed in chosen:
            if not noticed(name, changed, KINDS[name]):
                missed += 1
                print("   ", word, flush=True)
        spent = f"{time.time() - start:.0f} s"
        print(f"{name}: {len(chosen) - missed} of {len(chosen)} noticed, {spent}", flush=True)


if __name__ == "__main__":
    main()
