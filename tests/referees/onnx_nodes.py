"""The node cases in the onnx package's backend tests, translated to our layers by one table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from archc.layers.binding import bind
from archc.shapes import TensorType, checked
from tests.referees.calls import found


@dataclass(frozen=True)
class Node:
    """One case: the operator, its attributes, and what goes in and comes out."""

    name: str
    operator: str
    attributes: Mapping[str, Any]
    inputs: tuple[np.ndarray | None, ...]
    outputs: tuple[np.ndarray, ...]

    def given(self, index: int, otherwise: Any = None) -> Any:
        """Return the numbers of an input that says how, as a tuple or a number."""
        if index >= len(self.inputs) or self.inputs[index] is None:
            return otherwise
        values = self.inputs[index].tolist()  # pyright: ignore
        return tuple(values) if isinstance(values, list) else values


@dataclass(frozen=True)
class Step:
    """One of our layers or functions with its arguments."""

    subject: str
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] | None = None


class Skipped(Exception):
    """Why a case says nothing that the language could."""


Steps = list[Step]
Translator = Callable[[Node], Steps]


def results_of(steps: Sequence[Step], types: Sequence[TensorType]) -> tuple[TensorType, ...]:
    """Return the results of a chain of our layers.

    Raises:
        RuleViolation: a layer refuses.
    """
    results = tuple(types)
    for x in results:
        checked(x.shape)
    for step in steps:
        layer = bind(found(step.subject), step.arguments, step.keywords or {})
        results = layer.outputs(*results[: layer.arity[1]])
    return results


def _symmetric(node: Node, axes: int) -> tuple[int, ...]:
    if node.attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise Skipped("auto_pad follows from the input's size")
    pads = node.attributes.get("pads", [0] * 2 * axes)
    if pads[:axes] != pads[axes:]:
        raise Skipped("padding that differs at both ends is a layer of its own")
    return tuple(pads[:axes])


def _window(node: Node, kernel: Sequence[int], *, dilated: bool = True) -> dict[str, Any]:
    axes = len(kernel)
    arguments: dict[str, Any] = {"kernel_size": tuple(kernel), "padding": _symmetric(node, axes)}
    arguments["stride"] = tuple(node.attributes.get("strides", [1] * axes))
    dilation = tuple(node.attributes.get("dilations", [1] * axes))
    if dilated:
        arguments["dilation"] = dilation
    elif set(dilation) != {1}:
        raise Skipped("torch dilates maxima only")
    if "ceil_mode" in node.attributes:
        arguments["ceil_mode"] = bool(node.attributes["ceil_mode"])
    return arguments


def _convolution(node: Node) -> Steps:
    weight = node.inputs[1]
    assert weight is not None
    axes, groups = weight.ndim - 2, node.attributes.get("group", 1)
    keywords = _window(node, weight.shape[2:]) | {"groups": groups, "bias": len(node.inputs) > 2}
    return [Step(f"Conv{axes}d", (weight.shape[0],), keywords)]


def _transposed(node: Node) -> Steps:
    weight = node.inputs[1]
    assert weight is not None
    if "output_shape" in node.attributes:
        raise Skipped("the padding follows from the size of the output")
    axes, groups = weight.ndim - 2, node.attributes.get("group", 1)
    keywords = _window(node, weight.shape[2:]) | {"groups": groups}
    keywords["output_padding"] = tuple(node.attributes.get("output_padding", [0] * axes))
    return [Step(f"ConvTranspose{axes}d", (weight.shape[1] * groups,), keywords)]


def _pooling(kind: str) -> Translator:
    def translate(node: Node) -> Steps:
        kernel = node.attributes["kernel_shape"]
        keywords = _window(node, kernel, dilated=kind == "Max")
        return [Step(f"{kind}Pool{len(kernel)}d", (), keywords)]

    return translate


def _globally(kind: str) -> Translator:
    return lambda node: [Step(f"Adaptive{kind}Pool{node.inputs[0].ndim - 2}d", (1,))]  # pyright: ignore


def _spatial_norm(name: str) -> Translator:
    def translate(node: Node) -> Steps:
        if node.attributes.get("training_mode"):
            raise Skipped("running statistics are no results")
        return [Step(f"{name}{max(node.inputs[0].ndim - 2, 1)}d")]  # pyright: ignore

    return translate


def _last_norm(name: str) -> Translator:
    def translate(node: Node) -> Steps:
        if node.attributes.get("axis", -1) not in (-1, node.inputs[0].ndim - 1):  # pyright: ignore
            raise Skipped("a norm over several dimensions infers the last alone")
        return [Step(name)]

    return translate


def _reduction(name: str) -> Translator:
    def translate(node: Node) -> Steps:
        axes = node.given(1, tuple(node.attributes.get("axes", ())))
        if not axes and node.attributes.get("noop_with_empty_axes"):
            raise Skipped("no dimension to reduce: the line is left out")
        keepdim = bool(node.attributes.get("keepdims", 1))
        dims = axes or tuple(range(node.inputs[0].ndim))  # pyright: ignore
        return [Step(name, (), {"dim": dims, "keepdim": keepdim})]

    return translate


def _position(name: str) -> Translator:
    return lambda node: [
        Step(name, (node.attributes.get("axis", 0), bool(node.attributes.get("keepdims", 1))))
    ]


def _reshape(node: Node) -> Steps:
    sizes = node.given(1)
    if 0 in sizes:
        raise Skipped("a 0 that copies the input's size is a number here")
    return [Step("reshape", sizes)]


def _flattened(node: Node) -> Steps:
    x = node.inputs[0]
    assert x is not None
    axis = node.attributes.get("axis", 1) % x.ndim if node.attributes.get("axis", 1) else 0
    if not axis:
        return [Step("flatten"), Step("unsqueeze", (0,))]
    return [Step("flatten", (axis, -1)), Step("flatten", (0, axis - 1))]


def _squeezed(node: Node) -> Steps:
    return [Step("squeeze", (axis,)) for axis in sorted(node.given(1), reverse=True)]


def _unsqueezed(node: Node) -> Steps:
    rank = node.inputs[0].ndim + len(node.given(1))  # pyright: ignore
    return [Step("unsqueeze", (axis,)) for axis in sorted(a % rank for a in node.given(1))]


def _transposition(node: Node) -> Steps:
    order = node.attributes.get("perm", list(range(node.inputs[0].ndim))[::-1])  # pyright: ignore
    return [Step("permute", tuple(order))]


def _parts(node: Node) -> Steps:
    axis, sizes = node.attributes.get("axis", 0), node.given(1)
    if sizes is None:
        length = node.inputs[0].shape[axis]  # pyright: ignore
        count = node.attributes.get("num_outputs", len(node.outputs))
        return [Step("split", (-(-length // count), axis))]
    return [Step("split", (sizes, axis))]


def _slice(node: Node) -> Steps:
    x = node.inputs[0]
    assert x is not None
    starts, ends = node.given(1), node.given(2)
    axes, steps = node.given(3, tuple(range(len(starts)))), node.given(4, (1,) * len(starts))
    items: list[Any] = [("slice", None, None, None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if step < 0:
            raise Skipped("a step below 0 is `flip`")
        items[axis] = ("slice", start, end, step)
    return [Step("getitem", (tuple(items),))]


def _padding(node: Node) -> Steps:
    pads, axes = node.given(1), node.given(3)
    if axes is not None or node.attributes.get("mode", b"constant") != b"constant":
        raise Skipped("modes that copy the input pad its last dimensions alone")
    half = len(pads) // 2
    pairs = [size for axis in reversed(range(half)) for size in (pads[axis], pads[half + axis])]
    return [Step("pad", (tuple(pairs),))]


def _resized(node: Node) -> Steps:
    attributes, x = node.attributes, node.inputs[0]
    assert x is not None
    policy = attributes.get("keep_aspect_ratio_policy", b"stretch")
    if node.given(1) or "axes" in attributes or policy != b"stretch":
        raise Skipped("regions, axes and aspect ratios of `Resize` are not torch's")
    mode = {b"nearest": "nearest", b"linear": "bilinear", b"cubic": "bicubic"}
    keywords: dict[str, Any] = {"mode": mode[attributes.get("mode", b"nearest")]}
    for index, name in ((2, "scale_factor"), (3, "size")):
        if node.given(index):
            first, second, *rest = node.given(index)
            if (first, second) != ((1, 1) if index == 2 else x.shape[:2]):
                raise Skipped("batch and channels keep their size")
            keywords[name] = tuple(rest)
    return [Step("interpolate", (), keywords)]


def _broadcasting(name: str) -> Translator:
    return lambda node: [Step(name, (), {"broadcast": True})]


def _along(name: str, default: int) -> Translator:
    return lambda node: [Step(name, (), {"dim": node.attributes.get("axis", default)})]


def _plain(name: str) -> Translator:
    return lambda node: [Step(name)]


TABLE: dict[str, dict[str, Translator]] = {
    "conv": {"Conv": _convolution},
    "convtranspose": {"ConvTranspose": _transposed},
    "maxpool": {"MaxPool": _pooling("Max")},
    "averagepool": {"AveragePool": _pooling("Avg")},
    "globalaveragepool": {"GlobalAveragePool": _globally("Avg")},
    "globalmaxpool": {"GlobalMaxPool": _globally("Max")},
    "batch_normalization": {"BatchNormalization": _spatial_norm("BatchNorm")},
    "instance_normalization": {"InstanceNormalization": _spatial_norm("InstanceNorm")},
    "groupnormalization": {
        "GroupNormalization": lambda node: [Step("GroupNorm", (node.attributes["num_groups"],))]
    },
    "layernormalization": {"LayerNormalization": _last_norm("LayerNorm")},
    "rmsnormalization": {"RMSNormalization": _last_norm("RMSNorm")},
    "lrn": {"LRN": lambda node: [Step("LocalResponseNorm", (), {"size": node.attributes["size"]})]},
    "reshape": {"Reshape": _reshape},
    "flatten": {"Flatten": _flattened},
    "squeeze": {"Squeeze": _squeezed},
    "unsqueeze": {"Unsqueeze": _unsqueezed},
    "transpose": {"Transpose": _transposition},
    "concat": {"Concat": _along("concat", 0)},
    "split": {"Split": _parts},
    "slice": {"Slice": _slice},
    "tile": {"Tile": lambda node: [Step("repeat", node.given(1))]},
    "expand": {"Expand": lambda node: [Step("expand", tuple(node.outputs[0].shape))]},
    "pad": {"Pad": _padding},
    "depthtospace": {
        "DepthToSpace": lambda node: [Step("pixel_shuffle", (node.attributes["blocksize"],))]
    },
    "spacetodepth": {
        "SpaceToDepth": lambda node: [Step("pixel_unshuffle", (node.attributes["blocksize"],))]
    },
    "resize": {"Resize": _resized},
    "reducemax": {"ReduceMax": _reduction("amax")},
    "reducemin": {"ReduceMin": _reduction("amin")},
    "reducemean": {"ReduceMean": _reduction("mean")},
    "reducesum": {"ReduceSum": _reduction("sum")},
    "reduce_log_sum_exp": {"ReduceLogSumExp": _reduction("logsumexp")},
    "argmax": {"ArgMax": _position("argmax")},
    "argmin": {"ArgMin": _position("argmin")},
    "cumsum": {"CumSum": lambda node: [Step("cumsum", (node.given(1),))]},
    "softmax": {"Softmax": _along("softmax", -1)},
    "logsoftmax": {"LogSoftmax": _along("log_softmax", -1)},
    "matmul": {"MatMul": _broadcasting("matmul")},
    "einsum": {"Einsum": lambda node: [Step("einsum", (node.attributes["equation"].decode(),))]},
    "add": {"Add": _broadcasting("add")},
    "sub": {"Sub": _broadcasting("sub")},
    "mul": {"Mul": _broadcasting("mul")},
    "relu": {"Relu": _plain("relu")},
    "sigmoid": {"Sigmoid": _plain("sigmoid")},
    "tanh": {"Tanh": _plain("tanh")},
    "elu": {"Elu": _plain("ELU")},
    "gelu": {"Gelu": _plain("GELU")},
    "hardswish": {"HardSwish": _plain("hardswish")},
    "leakyrelu": {"LeakyRelu": _plain("LeakyReLU")},
}
"""The file of cases → the operator → its translation; other operators are not looked at."""


@cache
def nodes() -> tuple[Node, ...]:
    """Return the cases of the table's operators."""
    from onnx.backend.test.case import node as cases

    for file in TABLE:
        import_module(f"onnx.backend.test.case.node.{file}")
    return tuple(_nodes(cases._NodeTestCases))  # pyright: ignore


def _nodes(cases: Sequence[Any]) -> Iterator[Node]:
    from onnx import helper

    known = {operator for table in TABLE.values() for operator in table}
    for case in cases:
        first, *more = case.model.graph.node
        if more or first.op_type not in known:
            continue
        attributes = {a.name: helper.get_attribute_value(a) for a in first.attribute}
        inputs, outputs = case.data_sets[0]
        slots = iter(inputs)
        placed = tuple(np.asarray(next(slots)) if name else None for name in first.input)
        yield Node(case.name, first.op_type, attributes, placed, tuple(map(np.asarray, outputs)))


def steps_of(node: Node) -> Steps:
    """Return our layers for a node.

    Raises:
        Skipped: the language has no such thing, with the reason.
    """
    (translate,) = (table[node.operator] for table in TABLE.values() if node.operator in table)
    return translate(node)
