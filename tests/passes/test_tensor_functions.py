"""Functions of tensors as expressions write them: comparisons, masks, several results."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import archc
from archc.diagnostics import Diagnostic

HEAD = "archc: 1\nname: net\ninputs:\n  x: [B, 2, 3]\nmodel:\n"


def loaded(folder: Path, body: str) -> nn.Module:
    """Return the model of these lines."""
    (folder / "net.yaml").write_text(HEAD + body, encoding="utf-8")
    return archc.load(folder / "net.yaml")


def refused(body: str) -> Diagnostic:
    """Return the one mistake of these lines."""
    (found,) = archc.check(text=HEAD + body).diagnostics
    return found


@pytest.mark.parametrize("sign", ["==", "!=", "<", "<=", ">", ">="])
def test_comparison_gives_booleans_as_torch_does(tmp_path: Path, sign: str) -> None:
    x = torch.tensor([[[1.0, 0.5, 0.0], [0.5, 0.25, 2.0]]])
    ours: Tensor = loaded(tmp_path, f"  out: from x {sign} 0.5\n")(x)
    assert ours.equal(eval(f"x {sign} 0.5", {"x": x}))
    assert ours.dtype == torch.bool


def test_comparison_with_a_number_on_the_left_keeps_its_sides(tmp_path: Path) -> None:
    x = torch.tensor([[[1.0, 0.5, 0.0], [0.5, 0.25, 2.0]]])
    assert loaded(tmp_path, "  out: from 0.5 < x\n")(x).equal(x > 0.5)


def test_comparison_within_arithmetic_stands_in_parentheses(tmp_path: Path) -> None:
    x = torch.tensor([[[1.0, -0.5, 0.0], [0.5, 0.25, 2.0]]])
    assert loaded(tmp_path, "  out: from (x > 0) * x\n")(x).equal((x > 0) * x)


def test_where_with_a_number_before_the_tensor_is_refused() -> None:
    found = refused("  mask: from x > 0\n  out: from where(mask, 0.0, x)\n")
    assert found.code == "ARC206"
    assert "the tensors of `where` come before" in found.headline


def test_where_with_a_number_by_name_takes_it_where_the_mask_is_true(tmp_path: Path) -> None:
    x = torch.tensor([[[1.0, -0.5, 0.0], [0.5, 0.25, 2.0]]])
    ours: Tensor = loaded(tmp_path, "  mask: from x > 0\n  out: from where(mask, x, input=7.0)\n")(
        x
    )
    assert ours.equal(torch.where(x > 0, 7.0, x))


def test_function_of_a_buffer_broadcasts(tmp_path: Path) -> None:
    x = torch.tensor([[[1.0, -0.5, 0.0], [0.5, 0.25, 2.0]]])
    ours: Tensor = loaded(
        tmp_path, "  least: Buffer([0.0, 0.1, 0.2])\n  out: from maximum(x, least)\n"
    )(x)
    assert ours.equal(torch.maximum(x, torch.tensor([0.0, 0.1, 0.2])))


MADE_OF_BUFFERS = """\
  steps: Buffer([0, 1, 2, 3], persistent=False)
  table: Embedding(4, 3) from steps[:2]
  scale: Parameter(3)
  out: from x + table * (scale + 1)
"""


def test_what_is_made_of_parameters_and_buffers_alone_broadcasts(tmp_path: Path) -> None:
    x = torch.tensor([[[1.0, -0.5, 0.0], [0.5, 0.25, 2.0]]])
    model = loaded(tmp_path, MADE_OF_BUFFERS)
    assert model(x).equal(x + model.get_parameter("table.weight")[:2])


def test_what_an_input_has_a_part_in_does_not_broadcast() -> None:
    found = refused(
        "  scale: Parameter(3)\n  mean: from mean(x + scale, 1)\n  out: from x + mean\n"
    )
    assert found.code == "ARC402"


def test_positions_follow_the_length_of_each_input(tmp_path: Path) -> None:
    body = "  table: positions(1) -> Embedding(9, 3)\n  out: from x + table\n"
    model = loaded(tmp_path, body)
    table = model.get_parameter("table.weight")
    for length in (1, 2, 9):
        x = torch.randn(2, length, 3)
        assert model(x).equal(x + table[:length])


CAUSAL = """\
  at: positions(1)
  scores: from x @ transpose(x, 1, 2)
  out: from masked_fill(scores, unsqueeze(at, 0) > unsqueeze(at, 1), value=-inf)
"""


def test_positions_compare_to_a_causal_mask(tmp_path: Path) -> None:
    x = torch.randn(2, 5, 3)
    seen = torch.full((5, 5), True).tril()
    expected = (x @ x.transpose(1, 2)).masked_fill(~seen, -torch.inf)
    assert loaded(tmp_path, CAUSAL)(x).equal(expected)


def test_both_results_of_max_are_read(tmp_path: Path) -> None:
    x = torch.tensor([[[1.0, -0.5, 0.0], [0.5, 0.25, 2.0]]])
    ours: Tensor = loaded(tmp_path, "  best: max(2) from x\n  out: from best + best.indices\n")(x)
    assert ours.equal(x.max(2).values + x.max(2).indices)


def test_second_result_alone_is_read(tmp_path: Path) -> None:
    x = torch.tensor([[[1.0, -0.5, 0.0], [0.5, 0.25, 2.0]]])
    ours: Tensor = loaded(tmp_path, "  best: topk(2, 2) from x\n  out: from best.indices\n")(x)
    assert ours.equal(x.topk(2, 2).indices)


def test_second_gru_of_a_chain_takes_the_sequence_alone(tmp_path: Path) -> None:
    """The state of the first would else be the first state of the second, without a word."""
    ours = loaded(tmp_path, "  a: GRU(3, batch_first=True) -> GRU(3, batch_first=True)\n")
    first, second = (nn.GRU(3, 3, batch_first=True) for _ in range(2))
    keys = {f"a.0.{k}": v for k, v in first.state_dict().items()}
    ours.load_state_dict(keys | {f"a.1.{k}": v for k, v in second.state_dict().items()})
    x = torch.randn(2, 2, 3)
    assert ours(x).equal(second(first(x)[0])[0])


def test_decoder_takes_the_state_and_cell_that_its_line_names(tmp_path: Path) -> None:
    lines = "  enc: LSTM(3, batch_first=True)\n"
    lines += "  dec: LSTM(3, batch_first=True) from x, enc.h_n, enc.c_n\n"
    lines += "  out: from dec + enc\n"
    ours = loaded(tmp_path, lines)
    first, second = (nn.LSTM(3, 3, batch_first=True) for _ in range(2))
    keys = {f"enc.{k}": v for k, v in first.state_dict().items()}
    ours.load_state_dict(keys | {f"dec.{k}": v for k, v in second.state_dict().items()})
    x = torch.randn(2, 2, 3)
    sequence, state = first(x)
    assert ours(x).equal(second(x, state)[0] + sequence)


def test_cells_of_a_loop_carry_state_and_cell(tmp_path: Path) -> None:
    lines = "  a: LSTMCell(3) from x[:, 0]\n  b: LSTMCell(3) from x[:, 1], a, a.c\n"
    ours = loaded(tmp_path, lines)
    first, second = nn.LSTMCell(3, 3), nn.LSTMCell(3, 3)
    keys = {f"a.{k}": v for k, v in first.state_dict().items()}
    ours.load_state_dict(keys | {f"b.{k}": v for k, v in second.state_dict().items()})
    x = torch.randn(2, 2, 3)
    assert ours(x).equal(second(x[:, 1], first(x[:, 0]))[0])


def test_unpooling_takes_the_indices_of_its_pooling(tmp_path: Path) -> None:
    lines = (
        "  pool: MaxPool1d(3, return_indices=True)\n  up: MaxUnpool1d(3) from pool, pool.indices\n"
    )
    x = torch.tensor([[[1.0, 3.0, 2.0], [6.0, 5.0, 4.0]]])
    expected = torch.tensor([[[0.0, 3.0, 0.0], [6.0, 0.0, 0.0]]])
    assert loaded(tmp_path, lines)(x).equal(expected)


def test_stack_of_transformer_layers_has_the_keys_of_torchs(tmp_path: Path) -> None:
    layer = "TransformerEncoderLayer(3, batch_first=True)"
    ours = loaded(tmp_path, f"  encoder:\n    layers: {layer} * 2\n    norm: LayerNorm\n")
    made = nn.TransformerEncoderLayer(3, 3, batch_first=True)
    theirs = nn.TransformerEncoder(made, 2, norm=nn.LayerNorm(3), enable_nested_tensor=False)
    ours.load_state_dict({f"encoder.{k}": v for k, v in theirs.state_dict().items()})
    x = torch.randn(2, 2, 3)
    assert torch.allclose(ours.eval()(x), theirs.eval()(x))
    assert list(ours.state_dict()) == [f"encoder.{k}" for k in theirs.state_dict()]


def test_einsum_multiplies_what_a_line_or_an_expression_names(tmp_path: Path) -> None:
    lines = "  scores: einsum('bld,bmd->blm') from x, x\n"
    lines += "  out: from einsum('blm,bmd->bld', softmax(scores, -1), x)\n"
    x = torch.randn(2, 2, 3)
    expected = (x @ x.transpose(1, 2)).softmax(-1) @ x
    assert torch.allclose(loaded(tmp_path, lines)(x), expected)


def test_einsum_with_a_parameter_broadcasts(tmp_path: Path) -> None:
    lines = "  w: Parameter(3, 4)\n  out: from einsum('...d,...de->...e', x, w)\n"
    ours = loaded(tmp_path, lines)
    ours.load_state_dict({"w": torch.arange(12.0).reshape(3, 4)})
    x = torch.randn(2, 2, 3)
    assert torch.allclose(ours(x), x @ torch.arange(12.0).reshape(3, 4))


def test_einsum_that_sums_over_the_batch_is_refused() -> None:
    found = refused("  out: einsum('bld,bmd->lm') from x, x\n")
    assert found.code == "ARC407"
    assert "sum over the batch" in found.headline


def test_parts_of_unbind_are_read_by_their_numbers(tmp_path: Path) -> None:
    x = torch.randn(2, 2, 3)
    ours: Tensor = loaded(tmp_path, "  rows: unbind(1) from x\n  out: from rows.0 - rows.1\n")(x)
    assert ours.equal(x[:, 0] - x[:, 1])


def test_gradient_does_not_pass_detach(tmp_path: Path) -> None:
    """The straight-through estimator of a quantised code: its gradient is that of x alone."""
    straight = loaded(tmp_path, "  out: from x + detach(round(x) - x)\n")
    x = torch.randn(2, 2, 3, requires_grad=True)
    straight(x).sum().backward()
    assert x.grad is not None
    assert x.grad.equal(torch.ones_like(x))
    assert torch.allclose(straight(x), x.round())


@pytest.mark.parametrize(
    ("call", "made"),
    [("abs(x - 1)", "sub abs"), ("sum(x * 2, 1)", "mul sum"), ("sqrt(x * x + 1)", "mul add sqrt")],
)
def test_function_that_numbers_have_too_makes_its_argument_once(call: str, made: str) -> None:
    graph = archc.check(text=HEAD + f"  out: from {call}\n").graph
    assert graph is not None
    names = [str(node.operation).partition("(")[0] for node in graph.nodes if node.operation]
    assert names == made.split()


def test_padding_is_hidden_from_attention_as_torch_hides_it(tmp_path: Path) -> None:
    lines = "  pad: from x[:, :, 0] > 0\n"
    lines += "  a: MultiheadAttention(3, batch_first=True, masks='key_padding_mask') from x, pad\n"
    ours = loaded(tmp_path, lines).eval()
    theirs = nn.MultiheadAttention(3, 3, batch_first=True).eval()
    ours.load_state_dict({f"a.{k}": v for k, v in theirs.state_dict().items()})
    x = torch.tensor([[[1.0, 0.5, 0.0], [-0.5, 0.25, 2.0]], [[-1.0, 0.5, 0.0], [-0.5, 0.25, 2.0]]])
    expected = theirs(x, x, x, key_padding_mask=x[:, :, 0] > 0)[0]
    assert torch.allclose(ours(x), expected)
    assert not torch.allclose(ours(x), theirs(x, x, x)[0])


def test_decoder_takes_the_masks_that_it_names(tmp_path: Path) -> None:
    lines = "  pad: from x[:, :, 0] > 0\n  seen: Buffer([[0.0, -1.0], [0.0, 0.0]])\n"
    names = "['memory_key_padding_mask', 'tgt_mask']"
    call = f"TransformerDecoderLayer(3, batch_first=True, dim_feedforward=4, masks={names})"
    ours = loaded(tmp_path, lines + f"  a: {call} from x, x, pad, seen\n").eval()
    theirs = nn.TransformerDecoderLayer(3, 3, 4, batch_first=True).eval()
    ours.load_state_dict({f"a.{k}": v for k, v in theirs.state_dict().items()}, strict=False)
    x = torch.tensor([[[1.0, 0.5, 0.0], [-0.5, 0.25, 2.0]], [[-1.0, 0.5, 0.0], [-0.5, 0.25, 2.0]]])
    seen = torch.tensor([[0.0, -1.0], [0.0, 0.0]])
    expected = theirs(x, x, tgt_mask=seen, memory_key_padding_mask=x[:, :, 0] > 0)
    assert torch.allclose(ours(x), expected, atol=1e-6)


def test_mask_that_nothing_names_is_refused_with_its_name() -> None:
    lines = "  pad: from x[:, :, 0] > 0\n"
    found = refused(lines + "  a: MultiheadAttention(3, batch_first=True) from x, x, x, pad\n")
    assert found.code == "ARC206"
    assert found.help == "say what the masks are: masks='key_padding_mask'"


def test_mask_without_its_tensor_is_refused() -> None:
    found = refused("  a: TransformerEncoderLayer(3, batch_first=True, masks='src_mask')\n")
    assert found.code == "ARC206"


def test_size_of_an_unpooling_may_follow_from_a_blocks_argument(tmp_path: Path) -> None:
    spec = """archc: 1
name: net
inputs:
  x: [B, 2, 9]
blocks:
  Up(size)(x, at):
    up: MaxUnpool1d(2, output_size=[size]) from x, at
model:
  pool: MaxPool1d(2, return_indices=True)
  a: Up(8) from pool, pool.indices
  b: Up(9) from pool, pool.indices
  return: a, b
"""
    (tmp_path / "net.yaml").write_text(spec, encoding="utf-8")
    x = torch.randn(2, 2, 9)
    pooled, at = nn.MaxPool1d(2, return_indices=True)(x)
    up = nn.MaxUnpool1d(2)
    a, b = archc.load(tmp_path / "net.yaml")(x)
    assert a.equal(up(pooled, at))
    assert b.equal(up(pooled, at, output_size=[9]))


def test_arguments_of_the_call_that_a_block_hands_on_reach_the_call(tmp_path: Path) -> None:
    spec = """archc: 1
name: net
inputs:
  x: [B, 4, 9]
blocks:
  Hidden(**kw)(x, mask):
    a: MultiheadAttention(3, batch_first=True, **kw) from x, mask
model:
  pad: from x[:, :, 0] > 0
  one: Hidden(masks='key_padding_mask', bias=False) from x, pad
"""
    (tmp_path / "net.yaml").write_text(spec, encoding="utf-8")
    x = -torch.rand(2, 4, 9)
    assert archc.load(tmp_path / "net.yaml")(x).shape == (2, 4, 9)
