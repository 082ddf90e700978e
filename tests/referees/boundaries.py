"""Calls that are plain but for one number, which stands at a boundary or one past it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from tests.referees.calls import TorchCall
from tests.referees.edges import AXES, module_call
from tests.referees.judging import EQUAL, REFUSED

Draw = st.DrawFn
EMPTY = "a size of 0"
UNBATCHED = "unbatched input; equal with a batch of one"


class Window(NamedTuple):
    """A length and what slides over it."""

    length: int
    kernel: int
    stride: int
    padding: int
    dilation: int

    @property
    def room(self) -> int:
        """How many positions are left beside one window in the padded length."""
        return self.length + 2 * self.padding - self.dilation * (self.kernel - 1) - 1

    @property
    def spread(self) -> int:
        """How long a transposed convolution makes the length, without output padding."""
        across = (self.length - 1) * self.stride - 2 * self.padding
        return across + self.dilation * (self.kernel - 1) + 1

    @property
    def last(self) -> int:
        """Where the last window starts in ceil mode, counted from the padding before."""
        return -(-self.room // self.stride) * self.stride


WINDOWS = tuple(
    Window(*numbers) for numbers in product(range(1, 9), range(1, 6), range(1, 5), range(4), (1, 2))
)
Fits = Callable[[Window], bool]
FITTING: dict[str, Fits] = {
    "Conv": lambda w: w.room >= 0,
    "ConvTranspose": lambda w: w.spread >= 1,
    "MaxPool": lambda w: w.room >= 0 and w.padding <= w.kernel // 2,
    "AvgPool": lambda w: w.room >= 0 and w.padding <= w.kernel // 2 and w.dilation == 1,
    "AvgPool3d": lambda w: w.kernel <= w.length and w.padding <= w.kernel // 2 and w.dilation == 1,
    "MaxUnpool": lambda w: w.spread >= 1 and w.padding <= w.kernel // 2 and w.dilation == 1,
}
"""Which windows each kind of layer takes."""
AXES_OF = {"AvgPool": st.integers(1, 2), "AvgPool3d": st.just(3)}
"""Over how many axes; a mean over three counts no padding, which is a rule of its own."""


@dataclass
class Plan:
    """A call that torch takes, before one number of it is changed."""

    kind: str
    windows: list[Window]
    batch: int = 2
    channels: int = 4
    out: int = 6
    more: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def shape(self) -> list[int]:
        """The shape of the input."""
        return [self.batch, self.channels, *(window.length for window in self.windows)]

    @property
    def geometry(self) -> dict[str, Any]:
        """The arguments of the windows."""
        columns = zip(*self.windows, strict=True)
        _, kernel, stride, padding, dilation = [c if len(c) > 1 else c[0] for c in columns]
        given = {"kernel_size": kernel, "stride": stride, "padding": padding}
        if self.kind in ("Conv", "ConvTranspose", "MaxPool"):
            given["dilation"] = dilation
        return given | self.more

    def call(self, change: Callable[[list[int]], list[int]] = list) -> TorchCall:
        """Return the call on a tensor of the shape, changed."""
        name = f"{self.kind.removesuffix('3d')}{len(self.windows)}d"
        shape = change(self.shape)
        if self.kind == "MaxUnpool":
            return unpooling_call(name, shape, self.geometry)
        channels = (self.channels, self.out) if self.kind.startswith("Conv") else ()
        return module_call(name, shape, *channels, **self.geometry)


def unpooling_call(name: str, shape: list[int], given: dict[str, Any]) -> TorchCall:
    """Return the call of an unpooling, whose every number belongs to the first place."""
    pair = (torch.randn(shape), torch.zeros(shape, dtype=torch.int64))
    if "output_size" in given:
        name = f"max_unpool{name[-2:]}"
        function = getattr(F, name)
        return TorchCall(name, (), given, pair, lambda: (None, function(*pair, **given)))

    def run() -> tuple[nn.Module, Any]:
        module = getattr(nn, name)(**given)
        return module, module(*pair)

    return TorchCall(name, (), given, pair, run)


Put = Callable[[Draw, Plan], TorchCall]


def window_with(test: Fits, **more: Any) -> Put:
    """Return the boundary at which one axis has such a window."""

    def put(draw: Draw, plan: Plan) -> TorchCall:
        at = draw(st.integers(0, len(plan.windows) - 1))
        plan.windows[at] = draw(st.sampled_from([w for w in WINDOWS if test(w)]))
        plan.more |= more
        return plan.call()

    return put


def pooling_with(kind: str, test: Fits, **more: Any) -> Put:
    """Return the boundary of a pooling: padding and dilation as the kind has them."""
    undilated = kind.startswith("AvgPool")
    return window_with(lambda w: test(w) and not (undilated and w.dilation > 1), **more)


def given(**more: Any) -> Put:
    """Return the boundary of an argument by itself."""

    def put(draw: Draw, plan: Plan) -> TorchCall:
        plan.more |= more
        return plan.call()

    return put


def grouped(channels: int, out: int, groups: int) -> Put:
    """Return the boundary of groups among so many channels."""

    def put(draw: Draw, plan: Plan) -> TorchCall:
        plan.channels, plan.out, plan.more = channels, out, {"groups": groups}
        return plan.call()

    return put


def same(stride: int) -> Put:
    """Return the boundary of `padding='same'` under an even kernel."""

    def put(draw: Draw, plan: Plan) -> TorchCall:
        kernel, dilation = draw(st.sampled_from([2, 4])), draw(st.sampled_from([1, 2]))
        plan.windows = [Window(w.length, kernel, stride, 0, dilation) for w in plan.windows]
        plan.more = {"padding": "same"}
        return plan.call()

    return put


def beyond(mode: str, more: int) -> Put:
    """Return the boundary of a padding so much longer than the length it is taken from."""

    def put(draw: Draw, plan: Plan) -> TorchCall:
        at = draw(st.integers(0, len(plan.windows) - 1))
        plan.windows = [Window(3, 1, 1, 1, 1)] * len(plan.windows)
        plan.windows[at] = Window(3, 1, 1, 3 + more, 1)
        plan.more = {"padding_mode": mode}
        return plan.call()

    return put


def output_padding(past: int) -> Put:
    """Return the boundary of an output padding so far past the last that is taken."""

    def put(draw: Draw, plan: Plan) -> TorchCall:
        at = draw(st.integers(0, len(plan.windows) - 1))
        bounds = [max(w.stride, w.dilation) - 1 for w in plan.windows]
        extra = [0] * len(bounds)
        extra[at] = bounds[at] + past
        plan.more = {"output_padding": tuple(extra)}
        return plan.call()

    return put


def output_size(sign: int, past: int) -> Put:
    """Return the boundary of an unpooling's size, one stride away from the usual one."""

    def put(draw: Draw, plan: Plan) -> TorchCall:
        at = draw(st.integers(0, len(plan.windows) - 1))
        plan.windows[at] = Window(4, 4, plan.windows[at].stride, 0, 1)
        sizes = [w.spread for w in plan.windows]
        sizes[at] += sign * (plan.windows[at].stride - 1 + past)
        plan.more = {"output_size": tuple(sizes)}
        return plan.call()

    return put


def shaped(change: Callable[[list[int]], list[int]]) -> Put:
    """Return the boundary of a tensor whose shape is changed so."""
    return lambda draw, plan: plan.call(change)


def ones(draw: Draw, plan: Plan) -> TorchCall:
    """Return a call where every size is 1."""
    plan.windows = [Window(1, 1, w.stride, 0, 1) for w in plan.windows]
    plan.batch = plan.channels = plan.out = 1
    return plan.call()


def empty_axis(draw: Draw, plan: Plan) -> TorchCall:
    """Return a call where one axis has no position."""
    at = draw(st.integers(2, len(plan.windows) + 1))
    return plan.call(lambda shape: [*shape[:at], 0, *shape[at + 1 :]])


class Boundary(NamedTuple):
    """A place at a boundary, and what archc and torch say there."""

    put: Put
    outcomes: tuple[str, ...]


TAKEN, REJECTED = (EQUAL,), (REFUSED,)
COMMON = {
    "every size is 1": Boundary(ones, TAKEN),
    "an axis of size 0": Boundary(empty_axis, (EMPTY, REFUSED)),
    "a batch of 0": Boundary(shaped(lambda s: [0, *s[1:]]), (EMPTY, REFUSED)),
    "one dimension too many": Boundary(shaped(lambda s: [1, *s]), REJECTED),
    "no batch": Boundary(shaped(lambda s: s[1:]), (UNBATCHED,)),
    "two dimensions too few": Boundary(shaped(lambda s: s[2:]), REJECTED),
}
GROUPS = {
    "groups divide both": Boundary(grouped(4, 6, 2), TAKEN),
    "groups of one channel": Boundary(grouped(3, 3, 3), TAKEN),
    "groups do not divide the input": Boundary(grouped(5, 6, 2), REJECTED),
    "groups do not divide the output": Boundary(grouped(4, 5, 2), REJECTED),
    "more groups than channels": Boundary(grouped(2, 4, 4), REJECTED),
}


def _kernels(kind: str) -> Mapping[str, Boundary]:
    half: Fits = lambda w: kind == "Conv" or w.padding <= w.kernel // 2  # noqa: E731
    return {
        "the kernel is one below the padded input": Boundary(
            pooling_with(kind, lambda w: half(w) and w.room == 1), TAKEN
        ),
        "the kernel fills the padded input": Boundary(
            pooling_with(kind, lambda w: half(w) and w.room == 0), TAKEN
        ),
        "the kernel is one above the padded input": Boundary(
            pooling_with(kind, lambda w: half(w) and w.room == -1), REJECTED
        ),
    }


def _poolings(kind: str) -> Mapping[str, Boundary]:
    def partial(w: Window) -> bool:
        return FITTING[kind](w) and w.room % w.stride > 0

    return {
        **COMMON,
        **_kernels(kind),
        "padding of half the kernel": Boundary(
            window_with(lambda w: FITTING[kind](w) and w.padding == w.kernel // 2 > 0), TAKEN
        ),
        "padding of one more than half the kernel": Boundary(
            pooling_with(kind, lambda w: w.room >= 0 and w.padding == w.kernel // 2 + 1), REJECTED
        ),
        "ceil mode keeps a window that is not full": Boundary(
            window_with(lambda w: partial(w) and w.last < w.length + w.padding, ceil_mode=True),
            TAKEN,
        ),
        "ceil mode drops a window that starts in the padding": Boundary(
            window_with(lambda w: partial(w) and w.last >= w.length + w.padding, ceil_mode=True),
            TAKEN,
        ),
    }


BOUNDARIES: dict[str, Mapping[str, Boundary]] = {
    "Conv": {
        **COMMON,
        **GROUPS,
        **_kernels("Conv"),
        "`same` under an even kernel": Boundary(same(1), TAKEN),
        "`same` with a stride": Boundary(same(2), REJECTED),
        "reflection of all but one": Boundary(beyond("reflect", -1), TAKEN),
        "reflection of the whole length": Boundary(beyond("reflect", 0), REJECTED),
        "a turn of the whole length": Boundary(beyond("circular", 0), TAKEN),
        "a turn of more than the length": Boundary(beyond("circular", 1), REJECTED),
    },
    "ConvTranspose": {
        **COMMON,
        **GROUPS,
        "output padding one below stride or dilation": Boundary(output_padding(0), TAKEN),
        "output padding of stride or dilation": Boundary(output_padding(1), REJECTED),
        "the padding leaves one position": Boundary(window_with(lambda w: w.spread == 1), TAKEN),
        "the padding leaves nothing": Boundary(
            window_with(lambda w: w.spread == 0), (EMPTY, REFUSED)
        ),
        "the padding takes more than there is": Boundary(
            window_with(lambda w: w.spread == -1), REJECTED
        ),
    },
    "MaxPool": _poolings("MaxPool"),
    "AvgPool": _poolings("AvgPool"),
    "AvgPool3d": {
        **COMMON,
        "the kernel is as long as the input": Boundary(
            window_with(lambda w: FITTING["AvgPool3d"](w) and w.kernel == w.length), TAKEN
        ),
        "the kernel is longer than the input without its padding": Boundary(
            window_with(lambda w: FITTING["AvgPool"](w) and w.kernel == w.length + 1), REJECTED
        ),
    },
    "MaxUnpool": {
        **COMMON,
        "a size almost one stride above": Boundary(output_size(1, 0), TAKEN),
        "a size one stride above": Boundary(output_size(1, 1), REJECTED),
        "a size almost one stride below": Boundary(output_size(-1, 0), TAKEN),
        "a size one stride below": Boundary(output_size(-1, 1), REJECTED),
    },
}
"""The boundaries of each kind of layer, over one, two and three axes."""


@st.composite
def at_boundary(draw: Draw, kind: str, boundary: str) -> TorchCall:
    """Draw a call of a kind that stands at one of its boundaries."""
    fitting = [w for w in WINDOWS if FITTING[kind](w)]
    windows = [draw(st.sampled_from(fitting)) for _ in range(draw(AXES_OF.get(kind, AXES)))]
    return BOUNDARIES[kind][boundary].put(draw, Plan(kind, windows))
