"""Every case of every layer and function: archc's answer, and torch's own, which is the referee."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from archc import functions, layers
from archc.diagnostics import Code, RuleViolation
from archc.expressions.printing import constant_text
from archc.layers.base import Function, Layer, Returned
from archc.shapes import Batch, TensorType, elements
from tests.layers.case_files import Case, all_cases, cannot_fail, read_cases, subjects

BATCH = 2
CASES = all_cases()
PASSING = [case for case in CASES if not case.error]
FAILING = [case for case in CASES if case.error]
JUDGED = [case for case in PASSING if case.inputs]
"""What torch can judge: a parameter by itself is no module, and its back end's tests hold it."""
QUIET = ("Using padding='same' with even kernel", "LSTM with projections is not supported with")
"""torch's remarks on its own speed."""


def can_be_refused_by_torch(case: Case) -> bool:
    """Return whether torch has a say: it has the layer, and is not known to accept the case."""
    is_torchs = case.subject not in layers.NAMES or not layers.find(case.subject).source_class
    return bool(case.inputs) and not case.stricter and is_torchs


def can_be_judged_stricter(case: Case) -> bool:
    """Return whether torch can be given the call: not where its inferred sizes were written."""
    return bool(case.stricter and case.inputs) and case.error != Code.TOO_MANY_POSITIONAL


@pytest.mark.parametrize("case", PASSING, ids=str)
def test_outputs_and_tensors_of_a_passing_case_are_as_written(case: Case) -> None:
    layer = case.bound()
    assert layer.outputs(*case.inputs) == case.outputs
    owned = layer.owned(*case.inputs)
    for kind, written in (("parameter", case.parameters), ("buffer", case.buffers)):
        assert [(o.name, o.shape) for o in owned if o.kind == kind] == list(written.items())


@pytest.mark.parametrize("case", [c for c in PASSING if c.multiply_adds is not None], ids=str)
def test_multiply_adds_of_a_case_are_as_written(case: Case) -> None:
    assert counted(case) == case.multiply_adds


@pytest.mark.parametrize("case", FAILING, ids=str)
def test_a_failing_case_is_refused_with_its_code(case: Case) -> None:
    with pytest.raises(RuleViolation) as caught:
        case.bound().outputs(*case.inputs)
    assert caught.value.code == case.error
    assert caught.value.headline[0] == caught.value.headline[0].lower() or (
        caught.value.headline.startswith("`")
    )


@pytest.mark.parametrize("case", JUDGED, ids=str)
def test_torch_gives_the_shapes_and_dtypes_of_a_passing_case(case: Case) -> None:
    whole = sdpa_kernel(SDPBackend.MATH)
    with torch.no_grad(), whole, FlopCounterMode(display=False) as counter:
        results = run_in_torch(case.bound(), case.inputs)
    assert [(tuple(r.shape), r.dtype) for r in results] == [
        (concrete(output), getattr(torch, output.dtype)) for output in case.outputs
    ]
    flops = counter.get_total_flops()
    if flops and not samples_meet(case):
        assert flops == 2 * (counted(case) * samples(case) - (samples(case) - 1) * once(case))


@pytest.mark.slow
@pytest.mark.parametrize("case", [c for c in JUDGED if c.bound().is_module], ids=str)
def test_torch_returns_the_results_of_a_case_as_they_lie(case: Case) -> None:
    layer = case.bound()
    tensors = [tensor(x) for x in case.inputs]
    with torch.no_grad():
        result = forwarded(layer, constructed(layer, case.inputs), tensors)
    assert form_of(result, iter(range(len(case.outputs)))) == layer.returned


@pytest.mark.slow
@pytest.mark.parametrize("case", JUDGED, ids=str)
def test_torch_owns_the_tensors_of_a_passing_case(case: Case) -> None:
    layer = case.bound()
    if not layer.is_module:
        assert not layer.owned(*case.inputs)
        return
    state = constructed(layer, case.inputs).state_dict()
    assert [(o.name, o.shape, o.dtype) for o in layer.owned(*case.inputs)] == [
        (name, tuple(t.shape), str(t.dtype).removeprefix("torch.")) for name, t in state.items()
    ]


@pytest.mark.slow
@pytest.mark.parametrize("case", [c for c in JUDGED if c.bound().is_module], ids=str)
def test_modules_with_tensors_inside_a_layer_are_named(case: Case) -> None:
    layer = case.bound()
    module = constructed(layer, case.inputs)
    inside = {
        name: part
        for name, part in module.named_modules()
        if name and (list(part.parameters(recurse=False)) or list(part.buffers(recurse=False)))
    }
    assert inside.keys() == layer.inner.keys()
    assert all(isinstance(part, getattr(nn, layer.inner[name])) for name, part in inside.items())


@pytest.mark.parametrize("case", [c for c in FAILING if can_be_refused_by_torch(c)], ids=str)
def test_torch_refuses_a_failing_case(case: Case) -> None:
    """What archc cannot even bind is given to torch as it was written."""
    with torch.no_grad(), pytest.raises(Exception):  # noqa: B017 (torch raises what it likes)
        run_as_written(case)


@pytest.mark.parametrize("case", [c for c in FAILING if can_be_judged_stricter(c)], ids=str)
def test_torch_accepts_what_archc_is_stricter_about(case: Case) -> None:
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_as_written(case)


@pytest.mark.parametrize("name", sorted(layers.NAMES | functions.NAMES))
def test_every_operation_has_a_passing_and_a_failing_case(name: str) -> None:
    assert name in subjects(), f"tests/layers/cases/{name}.yaml is missing"
    cases = read_cases(name)
    assert any(not case.error for case in cases)
    assert cannot_fail(name) or any(case.error for case in cases)


def counted(case: Case) -> int:
    """Return archc's multiply-adds for one sample: the leading size of the inputs is the batch."""
    layer = case.bound()
    inputs = case.inputs
    if not any(isinstance(size, Batch) for x in inputs for size in x.shape):
        inputs = [batched(x, inputs[0]) for x in inputs]
    return layer.multiply_adds(inputs, layer.outputs(*inputs))


def batched(x: TensorType, first: TensorType) -> TensorType:
    """Return `x` with the batch unknown, where its leading size is that of the first input."""
    if x.shape and x.shape[0] == first.shape[0]:
        return x.with_shape((Batch("B"), *x.shape[1:]))
    return x


def samples(case: Case) -> int:
    """Return how many samples torch runs on."""
    is_unknown = any(isinstance(size, Batch) for x in case.inputs for size in x.shape)
    return BATCH if is_unknown else concrete(case.inputs[0])[0]


def once(case: Case) -> int:
    """Return the multiply-adds that serve all samples: torch counts them once for a batch."""
    owned = case.bound().owned(*case.inputs)
    sizes = {tensor.name: elements(tensor.shape) for tensor in owned}
    rows = sizes.get("relative_coords_table", 0) // 2
    return rows * (sizes.get("cpb_mlp.0.weight", 0) + sizes.get("cpb_mlp.2.weight", 0))


def samples_meet(case: Case) -> bool:
    """Return whether each sample works with each other, which no count for one sample can say."""
    return any(sum(isinstance(s, Batch) for s in x.shape) > 1 for x in case.outputs)


def concrete(x: TensorType) -> tuple[int, ...]:
    """Return the shape with the unknown batch as a number."""
    return tuple(BATCH if isinstance(size, Batch) else size for size in x.shape)


def tensor(x: TensorType) -> torch.Tensor:
    """Return a tensor of this type: random numbers, or zeros, which any table can look up."""
    dtype = getattr(torch, x.dtype)
    if x.is_floating:
        return torch.randn(concrete(x)).to(dtype)
    return torch.zeros(concrete(x), dtype=dtype)


def run_in_torch(layer: Layer, inputs: Sequence[TensorType]) -> list[torch.Tensor]:
    """Return torch's results for random inputs, in eval mode."""
    tensors = [tensor(x) for x in inputs]
    if isinstance(layer, Function):
        names = {f"x{index}": value for index, value in enumerate(tensors)}
        result = evaluated(layer.forward(list(names), batch=str(BATCH)), **names)
    else:
        result = forwarded(layer, constructed(layer, inputs), tensors)
    results = list(flattened(result))
    return results[: len(layer.outputs(*inputs))]


def forwarded(layer: Layer, module: nn.Module, tensors: list[torch.Tensor]) -> Any:
    """Return the module's result in eval mode, called as the source calls it."""
    names = {f"x{index}": value for index, value in enumerate(tensors)}
    given = layer.call_arguments(list(names), frozenset(range(len(layer.results))))
    with warnings.catch_warnings():
        for message in QUIET:
            warnings.filterwarnings("ignore", message)
        return evaluated(f"module({given})", module=module.eval(), **names)


def flattened(result: Any) -> Iterator[torch.Tensor]:
    """Yield the tensors of nested tuples in order."""
    if isinstance(result, torch.Tensor):
        yield result
        return
    for part in result:
        yield from flattened(part)


def form_of(result: Any, numbers: Iterator[int]) -> Returned:
    """Return how tensors lie in nested tuples: `(0, (1, 2))`."""
    if isinstance(result, torch.Tensor):
        return next(numbers)
    return tuple(form_of(part, numbers) for part in result)


def constructed(layer: Layer, inputs: Sequence[TensorType]) -> nn.Module:
    """Return torch's module, made from the constructor as the source writes it."""
    return evaluated(constructor_text(layer, layer.inferred(*inputs).values()))


def constructor_text(layer: Layer, inferred: Iterable[int]) -> str:
    """Return `nn.Conv2d(3, 64, 7, stride=2)`: the inferred sizes where torch has them."""
    given = {
        name: constant_text(value)
        for name, value in layer.given.items()
        if name not in layer.of_call
    }
    positional = [given.pop(name) for name in layer.positional if name in given]
    place = layer.inferred_after
    parts = [*positional[:place], *map(str, inferred), *positional[place:]]
    parts += [f"{name}={text}" for name, text in given.items()]
    return f"{layer.torch_name}({', '.join(parts)})"


def run_as_written(case: Case) -> None:
    """Run a failing case in torch, whose verdict is the caller's to expect."""
    try:
        layer = case.bound()
    except RuleViolation:
        tensors = {f"x{index}": tensor(x) for index, x in enumerate(case.inputs)}
        evaluated(written_for_torch(case), **tensors)
        return
    try:
        module = None if isinstance(layer, Function) else layer.inferred(*case.inputs)
    except (RuleViolation, IndexError):
        module = dict.fromkeys(layer.inferred_names, BATCH)
    tensors = [tensor(x) for x in case.inputs]
    if isinstance(layer, Function):
        names = {f"x{index}": value for index, value in enumerate(tensors)}
        evaluated(layer.forward(list(names), batch=str(BATCH)), **names)
        return
    text = constructor_text(layer, (module or {}).values())
    forwarded(layer, evaluated(text), tensors)


def written_for_torch(case: Case) -> str:
    """Return an expression in torch that means the call which archc could not bind."""
    name, _, rest = case.call.partition("(")
    arguments = rest.removesuffix(")")
    if name not in layers.NAMES:
        return called_in_torch(functions.find(name), len(case.inputs), arguments)
    layer = layers.find(name)
    x = case.inputs[0]
    sizes = [str(concrete(x)[min(1, x.rank - 1)])] * len(layer.inferred_names)
    own = arguments.split(", ") if arguments else []
    parts = [*own[: layer.inferred_after], *sizes, *own[layer.inferred_after :]]
    return f"{layer.torch_name}({', '.join(parts)}).eval()(torch.zeros({concrete(x)}))"


def called_in_torch(function: type[Function], inputs: int, arguments: str) -> str:
    """Return the call of a function on the tensors `x0`, `x1`, … with arguments as written."""
    first, *others = [f"x{index}" for index in range(inputs)]
    given = [*others, *([arguments] if arguments else [])]
    if function.method:
        return f"{first}.{function.torch_name}({', '.join(given)})"
    return f"{function.torch_name}({', '.join([first, *given])})"


def evaluated(text: str, **names: Any) -> Any:
    """Return the value of an expression of the compiled source."""
    scope = {"torch": torch, "nn": nn, "F": F, "self": SimpleNamespace(training=False), "inf": inf}
    return eval(text, scope | classes_torch_lacks() | names)


@cache
def classes_torch_lacks() -> dict[str, Any]:
    """Return the modules that the compiled source brings along, by name."""
    scope: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "Tensor": torch.Tensor}
    for name in layers.NAMES:
        exec(layers.find(name).source_class, scope)
    return scope


@pytest.fixture(autouse=True)
def _plain_attention() -> Iterator[None]:
    """Keep torch from fusing attention into one operator, which hides what it multiplies."""
    torch.manual_seed(0)
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    yield
    torch.backends.mha.set_fastpath_enabled(before)
