"""What no file of archc does: run text, unpickle, start a shell, look an attribute up by a value.

Every exception stands here with the reason why nothing of a spec can reach it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "archc"

CALLS = {
    "eval": "runs text",
    "exec": "runs text",
    "compile": "prepares text to be run",
    "__import__": "imports by a value",
    "import_module": "imports by a value",
    "breakpoint": "stops the program",
    "input": "waits for a person",
    "globals": "reaches names by a value",
}
"""Names that are not called, bare or as an attribute of any module but `re`."""

MODULES = frozenset(
    "pickle marshal shelve dill cloudpickle subprocess socket ssl urllib http ftplib requests "
    "ctypes code codeop runpy multiprocessing pty webbrowser smtplib asyncio telnetlib".split()
)
SHELLS = frozenset("system popen spawnl spawnv spawnlp spawnvp execv execve execl fork".split())
YAML = frozenset(
    "load load_all safe_load safe_load_all full_load unsafe_load construct compose".split()
)

ALLOWED = {
    ("runtime/modules.py", "exec"): "the one place: source that our own back end wrote",
    ("runtime/modules.py", "compile"): "the same line",
    ("runtime/modules.py", "getattr"): "a class of that source, by the name it was pickled under",
    ("runtime/python_layers.py", "import_module"): "what the caller named with --allow-python",
    ("runtime/python_layers.py", "getattr"): "the class that the caller named; torch's dtypes",
    ("runtime/skipping.py", "setattr"): "torch.nn.init's functions, from a table of ours",
    ("runtime/build_proof.py", "subprocess"): "a fresh interpreter, arguments without a shell",
    ("backends/rendering.py", "subprocess"): "the renderer, arguments without a shell",
    ("__init__.py", "import_module"): "a public name's module, from a table of ours",
    ("__init__.py", "getattr"): "a public name, from that table",
    ("__init__.py", "globals"): "a public name, kept where it was found",
    (
        "backends/python_source/layer_calls.py",
        "getattr",
    ): "a layer's field, by the class's own name",
    ("diagnostics/fixes.py", "getattr"): "a diagnostic's fields, from a list of ours",
    ("diagnostics/formats.py", "urllib"): "`urllib.parse.quote`, which opens nothing",
    ("expressions/syntax.py", "getattr"): "the fields that a record declares",
    ("layers/base.py", "getattr"): "the fields that a layer's class declares",
    ("layers/rules.py", "getattr"): "the same",
    ("passes/summarize.py", "attrgetter"): "a column, from a list of ours",
    ("cli/__init__.py", "import_module"): "a command's module, from a table of ours",
    ("cli/__init__.py", "getattr"): "a command, by its name in that table",
    ("layers/__init__.py", "import_module"): "a family's module, from a table of ours",
    ("layers/__init__.py", "getattr"): "a layer, by its name in that table",
    ("functions/__init__.py", "import_module"): "a family's module, from a table of ours",
    ("functions/__init__.py", "getattr"): "a function, by its name in that table",
}
"""(File, what) that may be, and why."""

FILES = sorted(SOURCE.rglob("*.py"))


def forbidden(tree: ast.AST) -> Iterator[str]:
    """Yield the name of each thing in a module's tree that stands on one of the lists."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.Import):
            yield from {alias.name.split(".")[0] for alias in node.names} & MODULES
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from {node.module.split(".")[0]} & MODULES
            names = {alias.name for alias in node.names}
            yield from names & SHELLS if node.module in {"os", "posix"} else ()
            yield from names & YAML if node.module == "yaml" else ()


def _of_call(call: ast.Call) -> Iterator[str]:
    owner, name = _called(call.func)
    is_mode = name == "eval" and bool(owner) and not call.args  # `model.eval()` runs no text
    if name in CALLS and owner != "re" and not is_mode:
        yield name
    is_literal = len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    if name in {"getattr", "setattr", "delattr"} and not owner and not is_literal:
        yield name
    if owner == "os" and name in SHELLS:
        yield f"os.{name}"
    if owner == "yaml" and name in YAML:
        yield f"yaml.{name}"
    if owner == "torch" and name == "load":
        yield "torch.load"
    if any(word.arg == "shell" for word in call.keywords):
        yield "shell"
    if name == "attrgetter":
        yield name


def _called(function: ast.expr) -> tuple[str, str]:
    """Return what a call's function belongs to, and its name."""
    if isinstance(function, ast.Attribute):
        return ast.unparse(function.value), function.attr
    return "", function.id if isinstance(function, ast.Name) else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_file_calls_nothing_forbidden(path: Path) -> None:
    name = path.relative_to(SOURCE).as_posix()
    found = set(forbidden(ast.parse(path.read_text(encoding="utf-8"))))
    assert not {what for what in found if (name, what) not in ALLOWED}


def test_program_of_the_proof_calls_nothing_forbidden_but_the_source() -> None:
    from archc.runtime.build_proof import _CHILD  # pyright: ignore[reportPrivateUsage]

    assert set(forbidden(ast.parse(_CHILD))) == {"getattr"}  # torch's dtypes, as we wrote them


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')",
        "builtins.exec('1')",
        "compile('1', '', 'eval')",
        "__import__('os')",
        "importlib.import_module(name)",
        "getattr(value, name)",
        "setattr(value, name, 1)",
        "operator.attrgetter(name)",
        "import pickle",
        "from pickle import loads",
        "import subprocess as s",
        "from os import system",
        "os.system('ls')",
        "os.popen('ls')",
        "yaml.load(text)",
        "yaml.safe_load(text)",
        "from yaml import safe_load",
        "torch.load(path)",
        "run('ls', shell=True)",
        "import urllib.request",
    ],
)
def test_forbidden_call_is_noticed(text: str) -> None:
    assert list(forbidden(ast.parse(text)))


def test_calls_that_only_look_alike_are_allowed() -> None:
    text = "re.compile('a')\ngetattr(value, 'name', None)\nmodel.eval()\nyaml.parse(text)"
    assert not list(forbidden(ast.parse(text)))


def test_every_exception_is_needed() -> None:
    for name, what in ALLOWED:
        assert what in set(forbidden(ast.parse((SOURCE / name).read_text("utf-8")))), (name, what)
