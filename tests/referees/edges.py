"""Calls drawn by chance around the edge of what each rule accepts."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from tests.referees.calls import TorchCall

Draw = st.DrawFn
Calls = st.SearchStrategy[TorchCall]
AXES = st.integers(1, 3)


def mostly(usual: Sequence[Any], odd: Sequence[Any]) -> st.SearchStrategy[Any]:
    """Return values that are usual nine times of ten: one wrong number hides the others."""
    return st.integers(0, 9).flatmap(lambda roll: st.sampled_from(usual if roll else odd))


LENGTH = mostly(range(1, 10), [1, 0])
CHANNELS = mostly([2, 4, 6, 12, 1, 3], [5, 1, 1, 0])
SMALL = mostly([0, 1, 2, 3], [-1, 4])
GROUPS = mostly([1, 1, 2], [3, 4, 0])
FACTORS = mostly([1, 2, 0.5, 0.29, 1 / 3, 1.5, 2.99], [0.1, 0.01, -1.0])


def module_call(name: str, shape: Sequence[int], *arguments: Any, **keywords: Any) -> TorchCall:
    """Return the call of a module on a tensor of this shape."""
    x = torch.randn(tuple(shape))

    def run() -> tuple[nn.Module, Any]:
        module = getattr(nn, name)(*arguments, **keywords).eval()
        return module, module(x)

    return TorchCall(name, arguments, keywords, (x,), run)


def function_call(
    name: str, function: Callable[..., Any], shape: Sequence[int], *arguments: Any, **keywords: Any
) -> TorchCall:
    """Return the call of a function on a tensor of this shape."""
    x = torch.randn(tuple(shape))
    return TorchCall(
        name, arguments, keywords, (x,), lambda: (None, function(x, *arguments, **keywords))
    )


def method_call(name: str, shape: Sequence[int], *arguments: Any, **keywords: Any) -> TorchCall:
    """Return the call of a tensor's method."""
    return function_call(name, getattr(torch.Tensor, name), shape, *arguments, **keywords)


def per_axis(draw: Draw, values: st.SearchStrategy[int], axes: int) -> int | tuple[int, ...]:
    """Return one number, one for each axis, or, seldom, a list of another length."""
    kind = draw(mostly(["one", "each"], ["one", "other"]))
    if kind == "one":
        return draw(values)
    count = axes if kind == "each" else axes + draw(st.sampled_from([-1, 1]))
    return tuple(draw(values) for _ in range(count))


@st.composite
def images(draw: Draw, axes: int) -> list[int]:
    """Return (B, C, L…), seldom of one dimension more or fewer."""
    shape = [draw(mostly([2, 1, 3], [1, 1, 0])), draw(CHANNELS)]
    shape += [draw(LENGTH) for _ in range(axes)]
    change = draw(mostly(["none"], ["none", "drop", "add", "lose"]))
    if change == "drop":
        del shape[0]
    elif change == "lose":
        del shape[-1]
    elif change == "add":
        shape.insert(0, 1)
    return shape


def kernels(draw: Draw, length: int, padding: int, dilation: int) -> st.SearchStrategy[int]:
    """Return kernels, most of them at, above or below the largest that the padded input holds."""
    largest = (length + 2 * padding - 1) // max(dilation, 1) + 1
    near = [largest + step for step in (-1, 0, 0, 1)]
    return mostly([1, 2, 3, 2 * padding + 1, max(largest, 1)], [*near, 4, 2 * padding])


@st.composite
def windows(draw: Draw, axes: int) -> tuple[list[int], dict[str, Any]]:
    """Return a shape, and kernel, stride, padding and dilation near the edge for it."""
    shape = draw(images(axes))
    padding, dilation = draw(st.integers(0, 3)), draw(mostly([1, 1, 2, 3], [1, 0]))
    length = shape[-1] if shape else 1
    arguments: dict[str, Any] = {
        "kernel_size": per_axis(draw, kernels(draw, length, padding, dilation), axes),
        "stride": per_axis(draw, mostly([1, 2, 3, 4], [1, 0]), axes),
        "padding": per_axis(draw, st.just(padding) | SMALL, axes),
        "dilation": per_axis(draw, st.just(dilation), axes),
    }
    return shape, arguments


@st.composite
def convolutions(draw: Draw) -> TorchCall:
    """Draw a convolution: `same`, padding modes and groups that do and do not divide."""
    axes = draw(AXES)
    shape, arguments = draw(windows(axes))
    if draw(mostly([False], [True])):
        arguments["padding"] = draw(st.sampled_from(["same", "same", "valid"]))
        arguments["stride"] = draw(mostly([1], [2]))
    arguments["groups"] = draw(GROUPS)
    arguments["padding_mode"] = draw(
        st.sampled_from(["zeros", "zeros", "reflect", "replicate", "circular"])
    )
    channels = shape[-axes - 1] if len(shape) > axes else 1
    return module_call(f"Conv{axes}d", shape, channels, draw(CHANNELS), **arguments)


@st.composite
def transposed_convolutions(draw: Draw) -> TorchCall:
    """Draw a transposed convolution, its output padding around the bound."""
    axes = draw(AXES)
    shape, arguments = draw(windows(axes))
    arguments["output_padding"] = per_axis(draw, mostly([0], [1, 2, 3]), axes)
    arguments["groups"] = draw(GROUPS)
    channels = shape[-axes - 1] if len(shape) > axes else 1
    return module_call(f"ConvTranspose{axes}d", shape, channels, draw(CHANNELS), **arguments)


@st.composite
def poolings(draw: Draw) -> TorchCall:
    """Draw a pooling: ceil mode, and padding around half the kernel."""
    axes = draw(AXES)
    kind = draw(st.sampled_from(["Max", "Avg"]))
    shape, arguments = draw(windows(axes))
    if kind == "Avg":
        del arguments["dilation"]
    kernel = arguments["kernel_size"]
    half = (kernel if isinstance(kernel, int) else max(kernel, default=0)) // 2
    arguments["padding"] = per_axis(draw, mostly([0, half, half], [half + 1]), axes)
    arguments["ceil_mode"] = draw(st.booleans())
    if draw(st.booleans()):
        del arguments["stride"]
    return module_call(f"{kind}Pool{axes}d", shape, **arguments)


@st.composite
def adaptive_poolings(draw: Draw) -> TorchCall:
    """Draw an adaptive pooling, to fewer, as many and more parts than there are positions."""
    axes = draw(AXES)
    name = f"Adaptive{draw(st.sampled_from(['Max', 'Avg']))}Pool{axes}d"
    sizes: st.SearchStrategy[Any] = mostly([1, 2, 3, 5, 7, 12, None], [0, -1, None])
    return module_call(name, draw(images(axes)), per_axis(draw, sizes, axes))


@st.composite
def interpolations(draw: Draw) -> TorchCall:
    """Draw an interpolation to a size or by a factor."""
    axes = draw(AXES)
    keywords: dict[str, Any] = {}
    if draw(st.booleans()):
        keywords["scale_factor"] = per_axis(draw, FACTORS, axes)
    if draw(mostly([not keywords], [True, False])):
        keywords["size"] = per_axis(draw, mostly([1, 2, 5, 9], [1, 0]), axes)
    modes = ["nearest", "nearest-exact", "area", ["linear", "bilinear", "trilinear"][axes - 1]]
    keywords["mode"] = draw(mostly(modes, [*modes, "bicubic", "linear"]))
    keywords["align_corners"] = draw(mostly([None], [True, False]))
    shape = draw(images(axes))
    if draw(st.booleans()):
        return function_call("interpolate", F.interpolate, shape, **keywords)
    return module_call("Upsample", shape, **keywords)


@st.composite
def paddings(draw: Draw) -> TorchCall:
    """Draw a padding layer, its padding around what the input can give."""
    axes = draw(AXES)
    kind = draw(st.sampled_from(["Zero", "Reflection", "Replication", "Circular"]))
    shape = draw(images(axes))
    length = shape[-1] if shape else 1
    near = mostly([0, 1, max(length - 1, 0)], [length, length + 1, -1, 1 - length, -length])
    pad = per_axis(draw, near, 2 * axes)
    if draw(st.booleans()):
        return module_call(f"{kind}Pad{axes}d", shape, pad)
    mode = {"Zero": "constant", "Reflection": "reflect", "Replication": "replicate"}
    pads = (pad,) * 2 * axes if isinstance(pad, int) else pad
    return function_call("pad", F.pad, shape, pads, mode=mode.get(kind, "circular"))


SHAPES = st.lists(mostly([1, 2, 3, 4, 6], [1, 1, 0]), min_size=1, max_size=5)


@st.composite
def dimensions(draw: Draw, rank: int) -> int:
    """Return a dimension, sometimes one before the first or past the last."""
    return draw(mostly(range(-rank, rank), [-rank - 1, rank]))


@st.composite
def sizes_for(draw: Draw, count: int) -> tuple[int, ...]:
    """Return sizes whose product is often `count`, sometimes with a -1 or an error."""
    sizes: list[int] = []
    rest = count
    for _ in range(draw(st.integers(0, 3))):
        divisors = [n for n in range(1, rest + 1) if rest % n == 0] or [1]
        sizes.append(draw(st.sampled_from(divisors)))
        rest //= sizes[-1]
    sizes.append(rest)
    sizes = list(draw(st.permutations(sizes)))
    place = draw(st.integers(0, len(sizes) - 1))
    change = draw(st.sampled_from(["none", "rest", "rest", "more", "two", "zero", "less"]))
    if change != "none":
        sizes[place] = {"rest": -1, "more": sizes[place] + 1, "zero": 0}.get(change, -1)
    if change == "two":
        sizes[place - 1] = -1
    if change == "less":
        sizes[place] = -2
    return tuple(sizes)


@st.composite
def reshapings(draw: Draw) -> TorchCall:
    """Draw `reshape`, `view`, `unflatten`, `flatten`, `squeeze` or `unsqueeze`."""
    shape = draw(SHAPES)
    count = int(torch.tensor(shape).prod())
    name = draw(
        st.sampled_from(["reshape", "view", "unflatten", "flatten", "squeeze"] * 2 + ["unsqueeze"])
    )
    if name in ("reshape", "view"):
        return method_call(name, shape, *draw(sizes_for(count)))
    dim = draw(dimensions(len(shape)))
    if name == "unflatten":
        size = shape[dim] if -len(shape) <= dim < len(shape) else 4
        return method_call(name, shape, dim, draw(sizes_for(size)))
    if name == "flatten":
        return method_call(name, shape, dim, draw(dimensions(len(shape))))
    return method_call(name, shape, dim)


@st.composite
def repetitions(draw: Draw) -> TorchCall:
    """Draw `expand` or `repeat`."""
    shape = draw(SHAPES)
    name = draw(st.sampled_from(["expand", "repeat"]))
    front = draw(st.lists(st.sampled_from([1, 2, 3, -1]), max_size=2))
    sizes = [draw(st.sampled_from([size, size, -1, 1, 2, 3, 0])) for size in shape]
    cut = draw(st.sampled_from([0, 0, 0, 1]))
    return method_call(name, shape, *[*front, *sizes][cut:])


@st.composite
def orderings(draw: Draw) -> TorchCall:
    """Draw `permute`, `transpose`, `movedim`, `flip` or `roll`."""
    shape = draw(SHAPES)
    rank = len(shape)
    name = draw(st.sampled_from(["permute", "transpose", "movedim", "flip", "roll"]))
    if name == "permute":
        order = list(draw(st.permutations(range(rank))))
        place = draw(st.integers(0, rank - 1))
        order[place] = draw(st.sampled_from([order[place], order[place] - rank, rank, 0]))
        return method_call(name, shape, *order[draw(st.sampled_from([0, 0, 0, 1])) :])
    if name in ("transpose", "movedim"):
        return method_call(name, shape, draw(dimensions(rank)), draw(dimensions(rank)))
    dims = tuple(draw(st.lists(dimensions(rank), min_size=1, max_size=3)))
    if name == "flip":
        return method_call(name, shape, dims)
    shifts = tuple(draw(st.lists(st.integers(-3, 3), min_size=1, max_size=3)))
    return method_call(name, shape, shifts, dims)


@st.composite
def parts(draw: Draw) -> TorchCall:
    """Draw `narrow`, `chunk`, `split`, or brackets with numbers and slices."""
    shape = draw(SHAPES)
    dim = draw(dimensions(len(shape)))
    size = shape[dim] if -len(shape) <= dim < len(shape) else 4
    name = draw(st.sampled_from(["narrow", "chunk", "split", "getitem"]))
    near = st.integers(-size - 1, size + 1)
    if name == "narrow":
        return method_call(name, shape, dim, draw(near), draw(st.integers(-1, size + 1)))
    if name == "chunk":
        return method_call(name, shape, draw(st.integers(0, size + 2)), dim)
    if name == "split":
        lengths = st.lists(st.integers(0, size), min_size=1, max_size=3)
        return method_call(name, shape, draw(st.integers(-1, size + 1) | lengths), dim)
    bound = st.none() | near
    cuts = st.builds(slice, bound, bound, st.sampled_from([None, None, 1, 2, 3]))
    items = tuple(draw(st.lists(near | cuts, min_size=1, max_size=len(shape) + 1)))
    return function_call("getitem", torch.Tensor.__getitem__, shape, items)


@st.composite
def reductions(draw: Draw) -> TorchCall:
    """Draw a reduction over one dimension, several, or all."""
    shape = draw(SHAPES)
    rank = len(shape)
    name = draw(st.sampled_from(["sum", "mean", "amax", "var", "std", "logsumexp", "argmax"]))
    several = st.lists(dimensions(rank), min_size=1, max_size=3).map(tuple)
    dim = draw(dimensions(rank) if name == "argmax" else dimensions(rank) | several)
    keywords: dict[str, Any] = {"dim": dim, "keepdim": draw(st.booleans())}
    if name in ("var", "std"):
        keywords["correction"] = draw(st.integers(0, 3))
    return method_call(name, shape, **keywords)


@st.composite
def regroupings(draw: Draw) -> TorchCall:
    """Draw pixel or channel shuffles, `glu`, and norms over groups."""
    shape = draw(images(2))
    if len(shape) > 1:
        shape[1] = draw(st.sampled_from([shape[1], 4, 9, 12, 16]))
    factor = draw(st.sampled_from([1, 2, 3, 4, 0]))
    name = draw(st.sampled_from(["pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "glu"]))
    if name == "glu":
        return function_call(name, F.glu, shape, dim=draw(dimensions(len(shape))))
    if draw(st.booleans()) and len(shape) > 1:
        return module_call("GroupNorm", shape, factor, shape[1])
    return function_call(name, getattr(F, name), shape, factor)


@st.composite
def meetings(draw: Draw) -> TorchCall:
    """Draw two or three tensors whose shapes nearly agree: arithmetic, products, joins."""
    shape = draw(st.lists(st.sampled_from([1, 2, 3, 4, 2, 3]), min_size=1, max_size=4))
    tensors = [torch.randn(shape)]
    for _ in range(draw(st.integers(1, 2))):
        other = [draw(st.sampled_from([size, size, size, 1, size + 1])) for size in shape]
        tensors.append(torch.randn(other[draw(st.sampled_from([0, 0, 0, 1])) :]))
    name = draw(
        st.sampled_from(
            ["add", "mul", "sub", "div", "maximum", "matmul", "bmm"] + ["concat", "stack"] * 2
        )
    )
    if name in ("concat", "stack"):
        function = torch.cat if name == "concat" else torch.stack
        dim = draw(dimensions(len(shape)))
        return TorchCall(name, (dim,), {}, tuple(tensors), lambda: (None, function(tensors, dim)))
    if name in ("matmul", "bmm") and draw(st.booleans()) and tensors[1].ndim > 1:
        tensors[1] = tensors[1].transpose(-1, -2)
    pair = tuple(tensors[:2])
    return TorchCall(name, (), {}, pair, lambda: (None, getattr(torch, name)(*pair)))


STRATEGIES: dict[str, Calls] = {
    "convolutions": convolutions(),
    "transposed convolutions": transposed_convolutions(),
    "poolings": poolings(),
    "adaptive poolings": adaptive_poolings(),
    "interpolations": interpolations(),
    "paddings": paddings(),
    "reshapings": reshapings(),
    "repetitions": repetitions(),
    "orderings": orderings(),
    "parts": parts(),
    "reductions": reductions(),
    "regroupings": regroupings(),
    "meetings": meetings(),
}
