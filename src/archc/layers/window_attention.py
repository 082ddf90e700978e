"""Attention within the windows of a picture, weighed also by how far apart positions lie.

Letters: h and w the sides of a window, L = h·w its positions, C the features, n the windows of a
picture that is filled up to whole ones.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from archc.diagnostics import Code, RuleViolation
from archc.layers.attention import check_heads, heads_rules
from archc.layers.base import Layer, Owned
from archc.layers.fields import NotNegativeAxes, Positive, PositiveAxes, Probability
from archc.layers.rules import Rule, expect_floating, expect_rank, numbers_for_axes, spatial
from archc.reach import Goes, Reach, Reads, unmoved
from archc.shapes import TensorType, elements, number

_ARGUMENTS = """\
    relative_position_index: Tensor

    def __init__(
        self,
        dim: int,
        num_heads: int,
        window_size: int | tuple[int, int],
        shift_size: int | tuple[int, int] = 0,
        qkv_bias: bool = True,
        proj_bias: bool = True,
        attention_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.window = (window_size,) * 2 if isinstance(window_size, int) else window_size
        self.shift = (shift_size,) * 2 if isinstance(shift_size, int) else shift_size
        self.attention_dropout = attention_dropout
        self.dropout = dropout
        height, width = self.window
"""

_INDEX = """\
        rows = torch.arange(height).repeat_interleave(width)
        columns = torch.arange(width).repeat(height)
        down = rows[:, None] - rows + height - 1
        right = columns[:, None] - columns + width - 1
        index = (down * (2 * width - 1) + right).flatten()
        self.register_buffer("relative_position_index", index)
"""
"""Which row of the table belongs to each two positions of a window."""

_PROJECTIONS = """\
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim, bias=proj_bias)
"""

_FORWARD = '''
    def forward(self, x: Tensor) -> Tensor:
        batch, height, width, _ = x.shape
        x = F.pad(x, (0, 0, 0, -width % self.window[1], 0, -height % self.window[0]))
        size = x.shape[1:3]
        down = self.shift[0] if self.window[0] < size[0] else 0
        right = self.shift[1] if self.window[1] < size[1] else 0
        is_shifted = down > 0 or right > 0
        x = self.windows(x.roll((-down, -right), (1, 2)) if is_shifted else x)
        q, k, v = self.projected(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        weights = self.similarities(q, k) + self.position_bias()
        if is_shifted:
            mask = self.mask(x, size, down, right)
            weights = (weights.unflatten(0, (batch, -1)) + mask).flatten(0, 1)
        weights = F.dropout(weights.softmax(-1), self.attention_dropout, self.training)
        x = self.proj((weights @ v).transpose(1, 2).reshape(x.shape))
        x = F.dropout(x, self.dropout, self.training)
        x = x.unflatten(0, (batch, size[0] // self.window[0], -1)).unflatten(3, self.window)
        x = x.transpose(2, 3).flatten(3, 4).flatten(1, 2)
        x = x.roll((down, right), (1, 2)) if is_shifted else x
        return x[:, :height, :width].contiguous()

    def windows(self, x: Tensor) -> Tensor:
        """Cut (B, H, W, C) into windows: (B * windows, positions, C)."""
        x = x.unflatten(2, (-1, self.window[1])).unflatten(1, (-1, self.window[0]))
        return x.transpose(2, 3).flatten(3, 4).flatten(0, 2)

    def mask(self, x: Tensor, size: tuple[int, int], down: int, right: int) -> Tensor:
        """Return -100 between positions that are neighbours through the shift alone."""
        came_below = torch.arange(size[0], device=x.device) >= size[0] - down
        came_right = torch.arange(size[1], device=x.device) >= size[1] - right
        came = self.windows((2 * came_below[:, None] + came_right)[None, :, :, None])
        return -100 * (came != came.transpose(1, 2)).to(x.dtype)[:, None]
'''

_SHIFTED_WINDOW_ATTENTION = f'''
class ShiftedWindowAttention(nn.Module):
    """Attend within the windows of a picture: arXiv:2103.14030."""

{_ARGUMENTS}\
        table = torch.empty((2 * height - 1) * (2 * width - 1), num_heads)
        self.relative_position_bias_table = nn.Parameter(nn.init.trunc_normal_(table, std=0.02))
{_INDEX}\
{_PROJECTIONS}\
{_FORWARD}
    def projected(self, x: Tensor) -> Tensor:
        return self.qkv(x)

    def similarities(self, q: Tensor, k: Tensor) -> Tensor:
        return q * q.shape[-1] ** -0.5 @ k.transpose(-2, -1)

    def position_bias(self) -> Tensor:
        bias = self.relative_position_bias_table[self.relative_position_index]
        positions = self.window[0] * self.window[1]
        return bias.view(positions, positions, -1).permute(2, 0, 1)
'''

_SHIFTED_WINDOW_ATTENTION_V2 = f'''
class ShiftedWindowAttentionV2(nn.Module):
    """Attend within the windows of a picture by angles: arXiv:2111.09883."""

    relative_coords_table: Tensor
{_ARGUMENTS}\
        self.logit_scale = nn.Parameter(torch.full((num_heads, 1, 1), 10.0).log())
        sides = torch.meshgrid(
            torch.arange(1 - height, height), torch.arange(1 - width, width), indexing="ij"
        )
        table = 8 * torch.stack(sides, -1)[None] / torch.tensor([height - 1, width - 1])
        table = table.sign() * torch.log2(table.abs() + 1) / 3
        self.register_buffer("relative_coords_table", table)
{_INDEX}\
{_PROJECTIONS}\
        self.cpb_mlp = nn.Sequential(
            nn.Linear(2, 512), nn.ReLU(inplace=True), nn.Linear(512, num_heads, bias=False)
        )
        if qkv_bias:
            nn.init.zeros_(self.qkv.bias[dim : 2 * dim])
{_FORWARD}
    def projected(self, x: Tensor) -> Tensor:
        """Return queries, keys and values; keys have no bias."""
        bias = self.qkv.bias
        if bias is not None:
            bias = bias.clone()
            bias[x.shape[-1] : 2 * x.shape[-1]] = 0
        return F.linear(x, self.qkv.weight, bias)

    def similarities(self, q: Tensor, k: Tensor) -> Tensor:
        cosines = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
        return cosines * self.logit_scale.clamp(max=4.605170185988092).exp()  # at most 100

    def position_bias(self) -> Tensor:
        table = self.cpb_mlp(self.relative_coords_table).flatten(0, 2)
        positions = self.window[0] * self.window[1]
        bias = table[self.relative_position_index].view(positions, positions, -1)
        return 16 * bias.permute(2, 0, 1).contiguous().sigmoid()
'''


class _ShiftedWindow(Layer):
    """Let the positions of a picture attend to each other within windows side by side.

    A picture that is no multiple of the window is filled up with zeros. With a shift the windows
    lie that far down and to the right, and what is left over at the borders attends to itself; no
    shift is made along a side that a single window covers.

    Shapes: (B, H, W, C) → the same.
    """

    positional: ClassVar[tuple[str, ...]] = ("num_heads", "window_size")
    inferred_names: ClassVar[tuple[str, ...]] = ("dim",)
    family: ClassVar[str] = "attention"
    inner: ClassVar[Mapping[str, str]] = {"qkv": "Linear", "proj": "Linear"}

    num_heads: Positive = Field(description="heads, among which the features are divided")
    window_size: PositiveAxes = Field(description="height and width of a window")
    shift_size: NotNegativeAxes = Field(
        0, description="how far down and right the windows lie; less than their size"
    )
    qkv_bias: bool = Field(True, description="add learnt numbers to queries, keys and values")
    proj_bias: bool = Field(True, description="add learnt numbers after the heads are mixed")
    attention_dropout: Probability = Field(0.0, description="probability of dropping a weight")
    dropout: Probability = Field(0.0, description="probability of a 0 in the result")

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the window and of its shift, and of the heads."""
        numbers = numbers_for_axes(self, 2, "window_size", "shift_size")
        heads = heads_rules(lambda: self.num_heads, claimed.get("dim"))
        return (*numbers, self._shift_rule, *heads)

    def _shift_rule(self) -> None:
        """Refuse a shift by a whole window or more."""
        shifts = spatial(self.shift_size, 2, "shift_size")
        for side, shift in zip(self.window_sides(), shifts, strict=True):
            if shift >= side:
                raise RuleViolation(
                    Code.ARGUMENT_VALUE,
                    f"a shift of {shift} is not below a window's side of {side}",
                    help="half the window is usual: shift_size=window // 2",
                    argument="shift_size",
                )

    def window_sides(self) -> tuple[int, ...]:
        """Return h and w."""
        return spatial(self.window_size, 2, "window_size")

    def inferred(self, *inputs: TensorType) -> Mapping[str, int]:
        """Return `dim`: the input's features."""
        return {"dim": number(inputs[0].shape[-1], "the number of features")}

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        (x,) = inputs
        name = type(self).__name__
        expect_rank(x, 4, layer=name)
        expect_floating(x, name)
        check_heads(self.num_heads, self.inferred(x)["dim"])
        for side in x.shape[1:3]:
            number(side, "a side of the picture")
        self._shift_rule()
        return (x,)

    def projections(self, features: int) -> list[Owned]:
        """Return the maps to queries, keys and values, and back."""
        maps = [("qkv", 3 * features, self.qkv_bias), ("proj", features, self.proj_bias)]
        return [
            owned
            for name, rows, bias in maps
            for owned in (
                Owned(f"{name}.weight", (rows, features)),
                *([Owned(f"{name}.bias", (rows,))] if bias else []),
            )
        ]

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return n·L·4·C² for the four projections, and n·2·L²·C to weigh and mix."""
        (x,) = inputs
        features = self.inferred(x)["dim"]
        sides = [number(side, "a side of the picture") for side in x.shape[1:3]]
        window = self.window_sides()
        positions = elements(window)
        count = elements([-(-a // b) for a, b in zip(sides, window, strict=True)])
        return count * positions * (4 * features**2 + 2 * positions * features)

    def reads(self, *inputs: TensorType, result: int = 0) -> tuple[Reads, ...]:
        """Return that each position reads its window: position j from ⌊(j + s)/w⌋·w − s on."""
        sizes = [number(side, "a side of the picture") for side in inputs[0].shape[1:3]]
        shifts = spatial(self.shift_size, 2, "shift_size")
        moving = {
            dim: Goes((dim,), _window_reach(side, shift if side < size else 0))
            for dim, side, shift, size in zip(
                (1, 2), self.window_sides(), shifts, sizes, strict=True
            )
        }
        return (unmoved((0,)) | moving,)


def _window_reach(side: int, shift: int) -> Reach:
    """Return what the positions of windows read that lie `shift` places on."""
    firsts = ((j + shift) // side * side - shift for j in range(side))
    return Reach(side, tuple((first, first + side - 1) for first in firsts)).shortest()


class ShiftedWindowAttention(_ShiftedWindow):
    """Attend within windows; a table holds what a weight gains for how two positions lie.

    torch has no such module: the compiled source holds its class. It is torchvision's.

    Source: Liu, Lin, Cao, Hu, Wei, Zhang, Lin, Guo 2021, arXiv:2103.14030, section 3.2
    """

    torch_name: ClassVar[str] = "ShiftedWindowAttention"
    source_class: ClassVar[str] = _SHIFTED_WINDOW_ATTENTION

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return the table ((2h − 1)(2w − 1), heads), where it is read, and the projections."""
        h, w = self.window_sides()
        return (
            Owned("relative_position_bias_table", ((2 * h - 1) * (2 * w - 1), self.num_heads)),
            Owned("relative_position_index", ((h * w) ** 2,), "int64", "buffer"),
            *self.projections(self.inferred(*inputs)["dim"]),
        )


class ShiftedWindowAttentionV2(_ShiftedWindow):
    """Attend within windows by the angle between query and key, over a learnt temperature.

    What a weight gains for how two positions lie comes from a small network of their distance, on
    a logarithmic scale, so that weights carry over to larger windows. Keys have no bias. torch has
    no such module: the compiled source holds its class. It is torchvision's.

    Source: Liu, Hu, Lin, Yao, Xie, Wei, Ning, Cao, Zhang, Dong, Wei, Guo 2021, arXiv:2111.09883,
    sections 3.3 and 3.4
    """

    torch_name: ClassVar[str] = "ShiftedWindowAttentionV2"
    source_class: ClassVar[str] = _SHIFTED_WINDOW_ATTENTION_V2
    inner: ClassVar[Mapping[str, str]] = {
        "qkv": "Linear",
        "proj": "Linear",
        "cpb_mlp.0": "Linear",
        "cpb_mlp.2": "Linear",
    }
    hidden: ClassVar[int] = 512
    """The features between the two maps of a distance."""

    def argument_rules(self, claimed: Mapping[str, int]) -> tuple[Rule, ...]:
        """Return the rules of the window and of its shift, and of the heads."""
        return (*super().argument_rules(claimed), self._width_rule)

    def _width_rule(self) -> None:
        """Refuse a window in which there is no distance."""
        if 1 in self.window_sides():
            raise RuleViolation(
                Code.ARGUMENT_VALUE,
                "a window one position wide has no distances to scale",
                help="use a window_size of at least 2",
                argument="window_size",
            )

    def outputs(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """Return the type of the input."""
        self._width_rule()
        return super().outputs(*inputs)

    def owned(self, *inputs: TensorType) -> tuple[Owned, ...]:
        """Return temperatures, the distances and where they are read, all maps."""
        h, w = self.window_sides()
        return (
            Owned("logit_scale", (self.num_heads, 1, 1)),
            Owned("relative_coords_table", (1, 2 * h - 1, 2 * w - 1, 2), kind="buffer"),
            Owned("relative_position_index", ((h * w) ** 2,), "int64", "buffer"),
            *self.projections(self.inferred(*inputs)["dim"]),
            Owned("cpb_mlp.0.weight", (self.hidden, 2)),
            Owned("cpb_mlp.0.bias", (self.hidden,)),
            Owned("cpb_mlp.2.weight", (self.num_heads, self.hidden)),
        )

    def multiply_adds(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> int:
        """Return those of the attention, and (2h − 1)(2w − 1)·512·(2 + heads) of the distances."""
        h, w = self.window_sides()
        distances = (2 * h - 1) * (2 * w - 1)
        return super().multiply_adds(inputs, outputs) + distances * self.hidden * (
            2 + self.num_heads
        )
