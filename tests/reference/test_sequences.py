"""What the papers say of networks for sequences, asked of the networks themselves."""

import pytest
import torch
from torch import Tensor, nn

import archc
from tests.reference.comparison import fill

SMALL: dict[str, object] = {"depth": 2, "vocab": 50, "context": 12, "dim": 24}
FEW_WORDS: dict[str, object] = {"depth": 2, "vocab": 50, "dim": 16, "hidden": 32}
FEW_LAYERS: dict[str, object] = {"layers": 4, "residual": 4, "skip": 6}


SEEN = (1, 2, 512, 1024, 1025, 1026, 1027, 1100)
"""How far back samples are changed."""


def words(*shape: int) -> Tensor:
    """Return the numbers of words, none of them padding."""
    return torch.randint(1, 50, shape, generator=torch.Generator().manual_seed(2))


def changed(tokens: Tensor, place: int) -> Tensor:
    """Return tokens of which one is another."""
    other = tokens.clone()
    other[:, place] = 50 - other[:, place]
    return other


def outputs(model: nn.Module, *inputs: Tensor) -> Tensor:
    """Return what a network gives in evaluation."""
    with torch.no_grad():
        return model.eval()(*inputs)


def test_gpt2_takes_published_weights_which_hold_the_tied_table_once() -> None:
    model = archc.load("gpt2", params=SMALL, seed=1)
    published = {k: v for k, v in model.state_dict().items() if k != "lm_head.weight"}
    loaded = archc.load("gpt2", params=SMALL, weights=published)
    assert loaded.get_parameter("lm_head.weight") is loaded.get_parameter("wte.weight")
    assert outputs(loaded, words(2, 7)).equal(outputs(model, words(2, 7)))


def test_published_weights_that_lack_another_table_are_refused() -> None:
    model = archc.load("gpt2", params=SMALL, seed=1)
    published = {k: v for k, v in model.state_dict().items() if k != "wte.weight"}
    with pytest.raises(archc.CompileError, match="ARC504"):
        archc.load("gpt2", params=SMALL, weights=published)


@pytest.mark.parametrize(("name", "params"), [("gpt2", SMALL), ("wavenet", FEW_LAYERS)])
def test_no_place_sees_a_later_one(name: str, params: dict[str, object]) -> None:
    model = archc.load(name, params=params, seed=1)
    time = 2 if name == "wavenet" else 1
    one, other = (outputs(model, t) for t in (words(2, 9), changed(words(2, 9), 5)))
    assert one.narrow(time, 0, 5).equal(other.narrow(time, 0, 5))
    for place in range(5, 9):
        assert not one.select(time, place).equal(other.select(time, place))


def test_transformer_sees_the_whole_source_and_no_later_target() -> None:
    model = archc.load("transformer_base", params=FEW_WORDS, seed=1)
    source, target = words(2, 8), words(2, 6)
    one = outputs(model, source, target)
    assert one[:, :4].equal(outputs(model, source, changed(target, 4))[:, :4])
    assert not one[:, 4:].equal(outputs(model, source, changed(target, 4))[:, 4:])
    assert not one[:, :1].equal(outputs(model, changed(source, 7), target)[:, :1])


def test_transformer_and_bert_do_not_see_padding() -> None:
    source, target = words(2, 8), words(2, 6)
    model = archc.load("transformer_base", params=FEW_WORDS, seed=1)
    longer = torch.cat((source, torch.zeros(2, 3, dtype=torch.int64)), 1)
    torch.testing.assert_close(outputs(model, longer, target), outputs(model, source, target))
    model = archc.load("bert_base", params=SMALL, seed=1)
    mask, types = torch.arange(8).expand(2, 8) < 6, torch.zeros(2, 8, dtype=torch.int64)
    one, other = (outputs(model, s, mask, types) for s in (source, changed(source, 7)))
    torch.testing.assert_close(one[0][:, :6], other[0][:, :6], rtol=0, atol=0)
    torch.testing.assert_close(one[1], other[1], rtol=0, atol=0)


def test_ten_layers_of_wavenet_see_1024_samples() -> None:
    """Section 2.1 says so of each block 1, 2, 4, …, 512; the first convolution sees one more."""
    model = archc.load("wavenet", params={"layers": 10, "residual": 4, "skip": 6})
    fill(model)
    samples = words(1, 1100)
    last = [outputs(model, s)[..., -1] for s in (samples, *(changed(samples, -n) for n in SEEN))]
    assert [not last[0].equal(other) for other in last[1:]] == [n <= 1025 for n in SEEN]


def test_gpt2_begins_as_openais_code_does() -> None:
    model = archc.load("gpt2", params={"depth": 2, "vocab": 500, "context": 200}, seed=1)
    expected = {"wte": 0.02, "wpe": 0.01, "h.1.attn.c_attn": 0.02, "h.1.attn.c_proj": 0.01}
    for name, std in {**expected, "h.0.mlp.c_fc": 0.02, "h.0.mlp.c_proj": 0.01}.items():
        weight = model.get_parameter(f"{name}.weight")
        assert weight.std().item() == pytest.approx(std, rel=0.02), name
    assert not model.get_parameter("h.0.mlp.c_fc.bias").any()


def test_bert_begins_with_numbers_cut_at_two_spreads() -> None:
    model = archc.load("bert_base", params={"depth": 1, "vocab": 500}, seed=1)
    for name, tensor in model.named_parameters():
        if tensor.ndim > 1:
            assert 0.0399 < tensor.abs().max() <= 0.04 or tensor.numel() < 5000, name
            assert tensor.std().item() == pytest.approx(0.0176, rel=0.05), name  # 0.88 of 0.02
        elif name.endswith("bias"):
            assert not tensor.any(), name


@pytest.mark.parametrize(("name", "std"), [("char_cnn_large", 0.02), ("char_cnn_small", 0.05)])
def test_char_cnn_begins_as_section_2_3_says(name: str, std: float) -> None:
    model = archc.load(name, params={"features": 64, "units": 64}, seed=1)
    for key in ("features.3.weight", "classifier.0.weight"):
        assert model.get_parameter(key).std().item() == pytest.approx(std, rel=0.03)
