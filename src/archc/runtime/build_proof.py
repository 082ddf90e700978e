"""The proof of a build: its source, loaded alone, has the predicted keys and shapes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from archc.diagnostics import Code, CompileError, Diagnostic
from archc.files import output_error
from archc.ir.graph import Graph, Mode
from archc.shapes import Shape, TensorType

TIME_LIMIT = 600.0
_NO_TORCH = 3
_DIFFERENT = 4
_NO_MODULE = 5
_BATCH = 2
"""The size of an open batch while proving; batch norm refuses 1 in training."""

_CHILD = """
import importlib.util, json, sys
try:
    import torch
except ImportError as error:
    print(error)
    sys.exit(3)
predicted = json.load(sys.stdin)
place = importlib.util.spec_from_file_location("model", sys.argv[1])
module = importlib.util.module_from_spec(place)
sys.modules["model"] = module
try:
    place.loader.exec_module(module)
except ModuleNotFoundError as error:
    print(error.name)
    sys.exit(5)
classes = [value for value in vars(module).values() if isinstance(value, type)
           and issubclass(value, torch.nn.Module) and value.__module__ == "model"]
found = {"outputs": {}}
with torch.device("meta"), torch.no_grad():
    model = classes[-1]()
    found["keys"] = [[name, list(tensor.shape), str(tensor.dtype).removeprefix("torch.")]
                     for name, tensor in model.state_dict().items()]
    inputs = [torch.zeros(shape, dtype=getattr(torch, dtype))
              for shape, dtype in predicted["inputs"]]
    for mode in predicted["outputs"]:
        model.train(mode == "train")
        result = model(*inputs)
        results = [result] if isinstance(result, torch.Tensor) else list(result)
        found["outputs"][mode] = [list(tensor.shape) for tensor in results]
for part in ("keys", "outputs"):
    if found[part] != predicted[part]:
        print(f"{part}: predicted {json.dumps(predicted[part])}, found {json.dumps(found[part])}")
        sys.exit(4)
"""


def prove(source: Path, graph: Graph) -> None:
    """Load a written module in a fresh interpreter and compare it with the graph.

    Raises:
        CompileError: torch or the module of a Python layer cannot be imported, the interpreter was
            killed, or the module is not as predicted, which is our fault.
    """
    command = [sys.executable, "-I", "-B", "-c", _CHILD, str(source)]
    try:
        child = subprocess.run(
            command,
            input=json.dumps(_predicted(graph)),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise output_error(Code.OUTPUT_FAILED, "proving the build took too long") from None
    if child.returncode == _NO_TORCH:
        headline = f"the build cannot be proved without torch: {child.stdout.strip()}"
        raise output_error(Code.OUTPUT_FAILED, headline, "install torch")
    if child.returncode == _NO_MODULE:
        headline = f"the build cannot be proved without the module `{child.stdout.strip()}`"
        advice = "install it: a fresh interpreter, which knows no PYTHONPATH, has to find it"
        raise output_error(Code.OUTPUT_FAILED, headline, advice)
    if child.returncode < 0:
        headline = f"proving the build was ended by signal {-child.returncode}"
        advice = "there may be too little memory; nothing was written"
        raise output_error(Code.OUTPUT_FAILED, headline, advice)
    if child.returncode:
        raise _disproved(child)


def _predicted(graph: Graph) -> dict[str, Any]:
    modes: tuple[Mode, ...] = ("train", "eval")
    kept = (key for key in graph.keys if key.tensor.kind != "transient")
    return {
        "keys": [[key.name, list(key.tensor.shape), key.tensor.dtype] for key in kept],
        "inputs": [[_numbers(node.output), node.output.dtype] for node in graph.inputs],
        "outputs": {
            mode: [_numbers(output.value.type) for output in graph.live_outputs(mode)]
            for mode in modes
        },
    }


def _numbers(kind: TensorType) -> list[int]:
    shape: Shape = kind.shape
    return [size if isinstance(size, int) else _BATCH for size in shape]


def _disproved(child: "subprocess.CompletedProcess[str]") -> CompileError:
    words = child.stdout if child.returncode == _DIFFERENT else child.stderr
    last = words.strip().splitlines()[-1] if words.strip() else f"exit status {child.returncode}"
    return CompileError(
        [
            Diagnostic(
                Code.INTERNAL,
                "the written `model.py` is not what was predicted, and it is archc's fault",
                notes=(last[:500],),
                help="please report it with the spec; nothing was written",
            )
        ],
        {},
    )
