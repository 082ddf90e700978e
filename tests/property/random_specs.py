"""Random valid specs: convolutions, poolings, joins, blocks, loops and shared children.

The strategy keeps channels, height and width in mind and draws inside what torch accepts, so
that nearly every spec compiles; what it draws is plain text, as a person would write it.
"""

from dataclasses import dataclass, field

from hypothesis import strategies as st

ACTIVATIONS = "ReLU relu Tanh sigmoid GELU LeakyReLU(0.2) silu Hardswish ELU softplus".split()
EVEN = {2: 2, 4: 4}


@dataclass
class Sizes:
    """What flows: (B, channels, height, width)."""

    channels: int
    height: int
    width: int


@dataclass
class Writer:
    """The lines of one spec while it is drawn."""

    draw: st.DrawFn
    sizes: Sizes
    blocks: list[str] = field(default_factory=list[str])
    names: int = 0
    flow: str = "image"
    """The name of the line above, which an expression can read."""

    def any(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def divisor(self, count: int) -> int:
        return self.draw(st.sampled_from([n for n in range(1, count + 1) if count % n == 0]))

    def name(self, stem: str) -> str:
        self.names += 1
        return f"{stem}{self.names}"


def convolution(w: Writer) -> str:
    """Draw a convolution whose window fits, at most a little larger than the input."""
    s = w.sizes
    kernel, padding, stride = w.number(1, 4), w.number(0, 2), w.number(1, 2)
    dilation = w.number(1, 2)
    reach = dilation * (kernel - 1) + 1
    while reach > min(s.height, s.width) + 2 * padding:
        kernel, dilation = 1, 1
        reach = 1
    groups = w.divisor(s.channels)
    out = groups * w.number(1, 3)
    s.channels = out
    s.height = (s.height + 2 * padding - reach) // stride + 1
    s.width = (s.width + 2 * padding - reach) // stride + 1
    bias = w.any("", ", bias=False")
    return (
        f"Conv2d({out}, {kernel}, stride={stride}, padding={padding}, dilation={dilation}, "
        f"groups={groups}{bias})"
    )


def keeping(w: Writer, out: int) -> str:
    """Draw a convolution that keeps height and width."""
    kernel = w.number(1, 5)
    if kernel % 2:
        return f"Conv2d({out}, {kernel}, padding={kernel // 2})"
    return f"Conv2d({out}, {kernel}, padding='same')"


def pooling(w: Writer) -> str:
    """Draw a pooling whose window fits."""
    s = w.sizes
    kernel = min(w.number(1, 3), s.height, s.width)
    padding, stride = w.number(0, kernel // 2), w.number(1, 2)
    ceil = w.any("", ", ceil_mode=True")
    s.height, s.width = (
        pooled(length, kernel, stride, padding, bool(ceil)) for length in (s.height, s.width)
    )
    return f"{w.any('MaxPool2d', 'AvgPool2d')}({kernel}, {stride}, padding={padding}{ceil})"


def pooled(length: int, kernel: int, stride: int, padding: int, ceil: bool) -> int:
    room = length + 2 * padding - kernel
    if not ceil:
        return room // stride + 1
    windows = -(-room // stride) + 1
    return windows - 1 if (windows - 1) * stride >= length + padding else windows


def plain(w: Writer) -> str:
    """Draw a layer that keeps the shape."""
    groups = w.divisor(w.sizes.channels)
    return w.any(
        *ACTIVATIONS,
        "BatchNorm2d",
        f"GroupNorm({groups})",
        "Dropout(0.3)",
        "Identity",
        "Softmax(1)",
        "LocalResponseNorm(3)",
    )


def resizing(w: Writer) -> str:
    """Draw a layer that enlarges or fixes height and width."""
    s = w.sizes
    if s.height * s.width > 400 or w.number(0, 1):
        s.height, s.width = w.number(1, 6), w.number(1, 6)
        return f"AdaptiveAvgPool2d(({s.height}, {s.width}))"
    if w.number(0, 1):
        s.height, s.width = 2 * s.height, 2 * s.width
        return "Upsample(scale_factor=2)"
    out = w.number(1, 6)
    s.channels, s.height, s.width = out, 2 * s.height, 2 * s.width
    return f"ConvTranspose2d({out}, 2, stride=2)"


def stage(w: Writer) -> str:
    """Draw one line of layers."""
    kind = w.number(0, 9)
    if kind < 4:
        return convolution(w)
    if kind < 6:
        return pooling(w)
    return resizing(w) if kind == 6 else plain(w)


def chain(w: Writer) -> str:
    return " -> ".join(stage(w) for _ in range(w.number(1, 3)))


def line(w: Writer) -> str:
    """Draw a line of layers; some read an expression of the line above."""
    source = f" from {expression(w)}" if w.number(0, 3) == 0 else ""
    return f"  {w.name('line')}: {chain(w)}{source}"


def expression(w: Writer) -> str:
    """Draw an expression of the flow; of the functions some have several results."""
    s, x = w.sizes, w.flow
    drawn = w.number(0, 9)
    if drawn == 0:
        s.channels = 1
        return f"{w.any('max', 'median', 'mode')}({x}, 1, keepdim=True)"
    if drawn == 1:
        s.channels = w.number(1, s.channels)
        return f"topk({x}, {s.channels}, 1)"
    if drawn == 2 and s.channels % 2 == 0:
        s.channels //= 2
        return f"chunk({x}, 2, 1){w.any('', '.1', '[1]', ' * 2.0')}"
    if drawn == 3:
        s.channels = 2 * s.channels
        return f"concat(sort({x}, 1), {x})"
    return w.any(
        f"relu({x})",
        f"{x} * 2",
        f"tanh({x}) + sort({x}, 2)",
        f"abs({x} - 1)",
        f"cummax({x}, 3) * 0.5",
        f"sum(relu({x}), 1, keepdim=True) * {x}",
    )


def join(w: Writer, indent: str) -> list[str]:
    """Draw a concat or an add of branches that keep height and width."""
    operation = w.any("concat", "add")
    widths = [w.number(1, 5) for _ in range(w.number(2, 3))]
    if operation == "add":
        widths = [w.sizes.channels] * len(widths)
    lines = [f"{indent}{w.name('join')}:", f"{indent}  {operation}:"]
    for width in widths:
        more = f" -> {plain_of(w, width)}" if w.number(0, 1) else ""
        lines.append(f"{indent}    {w.name('branch')}: {keeping(w, width)}{more}")
    if operation == "add" and w.number(0, 1):
        lines.append(f"{indent}    {w.name('identity')}: Identity")
    elif operation == "add":
        widths = widths[:1]
    w.sizes.channels = sum(widths) if operation == "concat" else w.sizes.channels
    return lines


def plain_of(w: Writer, channels: int) -> str:
    kept, w.sizes.channels = w.sizes.channels, channels
    drawn = plain(w)
    w.sizes.channels = kept
    return drawn


def residual(w: Writer, indent: str) -> list[str]:
    """Draw a call of a residual block, with its shortcut only where it is needed."""
    if not w.blocks:
        w.blocks += [
            "  Residual(out, stride=1):",
            "    conv1: Conv2d(out, 3, stride=stride, padding=1, bias=False)",
            "    bn1: BatchNorm2d -> relu",
            "    conv2: Conv2d(out, 3, padding=1)",
            "    short: Conv2d(out, 1, stride=stride) from x if stride != 1 or x.channels != out",
            "    return: relu(conv2 + short)",
        ]
    s = w.sizes
    s.channels, stride = w.number(1, 6), w.number(1, 2)
    s.height, s.width = -(-s.height // stride), -(-s.width // stride)
    times = f" * {w.number(1, 3)}" if stride == 1 and w.number(0, 1) else ""
    given = "" if stride == 1 else f", stride={stride}"
    return [f"{indent}{w.name('res')}: Residual({s.channels}{given}){times}"]


def loop(w: Writer, indent: str) -> list[str]:
    """Draw a loop over widths."""
    widths = [w.number(1, 6) for _ in range(w.number(1, 3))]
    name = w.name("deep")
    w.sizes.channels = widths[-1]
    return [
        f"{indent}{name}:",
        f"{indent}  - for width in {widths}:",
        f"{indent}      - {keeping(w, 1).replace('Conv2d(1,', 'Conv2d(width,')}",
        f"{indent}      - {w.any(*ACTIVATIONS)}",
    ]


def shared(w: Writer, indent: str) -> list[str]:
    """Draw a child that is used twice: its weights are the same."""
    name = w.name("twice")
    return [
        f"{indent}{name}: {keeping(w, w.sizes.channels)}",
        f"{indent}{w.name('again')}: {w.any('relu', 'tanh')} -> {name}",
    ]


@st.composite
def specs(draw: st.DrawFn) -> str:
    """Draw a whole spec of an image network with one output."""
    sizes = Sizes(draw(st.integers(1, 4)), draw(st.integers(4, 12)), draw(st.integers(4, 12)))
    head = f"image: [B, {sizes.channels}, H={sizes.height}, W={sizes.width}]"
    w = Writer(draw, sizes)
    lines: list[str] = []
    for _ in range(w.number(1, 6)):
        kind = w.number(0, 8)
        if kind < 4:
            lines.append(line(w))
        else:
            lines += (join, join, residual, loop, shared)[kind - 4](w, "  ")
        w.flow = next(line.strip() for line in reversed(lines) if line[2] != " ").split(":")[0]
    if w.number(0, 1):
        lines += ["  flat: flatten(1)", f"  head: Linear({w.number(1, 5)})"]
    blocks = ["blocks:", *w.blocks] if w.blocks else []
    return "\n".join(
        ["archc: 1", "name: random", "inputs:", f"  {head}", *blocks, "model:", *lines, ""]
    )
