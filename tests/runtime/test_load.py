"""A loaded model behaves as any module."""

import copy
import io
import pickle
import traceback
from pathlib import Path

import pytest
import torch
from torch import nn

import archc

NET = """\
archc: 1
name: tiny
params: {width: 4}
inputs:
  image: [B, 3, H=16, W=16]
blocks:
  Block(out, stride=1):
    conv: Conv2d(out, 3, stride=stride, padding=1, bias=False)
    norm: BatchNorm2d -> relu
    skip: Conv2d(out, 1, stride=stride) from x if stride != 1 or x.channels != out
    return: norm + skip
model:
  stem: Conv2d(width, 3, padding=1) -> relu
  stage:
    - Block(width)
    - Block(width * 2, 2)
  head: AdaptiveAvgPool2d(1) -> flatten(1) -> Linear(5)
  aux: AdaptiveAvgPool2d(1) -> flatten(1) -> Linear(5) from stem
outputs:
  logits: head
  aux: aux if training
init:
  Conv2d.weight: kaiming_normal(mode='fan_out', nonlinearity='relu')
  Linear.bias: constant(0.25)
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(NET)
    return path


@pytest.fixture
def image() -> torch.Tensor:
    return torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(7))


def outputs(model: nn.Module, image: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(image)


def test_train_mode_gives_a_named_tuple_and_eval_mode_a_tensor(
    spec: Path, image: torch.Tensor
) -> None:
    model = archc.load(spec)
    result = model(image)
    assert result._fields == ("logits", "aux")
    assert result.logits.shape == result.aux.shape == (2, 5)
    assert model.eval()(image).shape == (2, 5)


def test_state_dict_keys_are_the_paths_of_the_file(spec: Path) -> None:
    keys = list(archc.load(spec).state_dict())
    assert keys[:3] == ["stem.weight", "stem.bias", "stage.0.conv.weight"]
    assert "stage.1.skip.weight" in keys
    assert "stage.0.skip.weight" not in keys


def test_init_rules_fill_the_tensors_they_name(spec: Path) -> None:
    model = archc.load(spec)
    assert torch.equal(model.head.get_parameter("1.bias"), torch.full((5,), 0.25))


INSIDE = """\
archc: 1
name: inside
inputs: {x: [B, 4]}
blocks:
  Inner:
    fc: Linear(4)
    return: fc + x
  Outer:
    last: Inner
    return: last + x
model:
  - Outer
  - Inner
init:
  Inner.fc.weight: constant(1.0)
  Outer.last.fc.weight: constant(2.0)
"""


def test_last_rule_wins_where_its_block_stands_around_that_of_an_earlier(tmp_path: Path) -> None:
    (tmp_path / "inside.yaml").write_text(INSIDE, encoding="utf-8")
    model = archc.load(tmp_path / "inside.yaml")
    assert (model.get_parameter("0.last.fc.weight") == 2).all()
    assert (model.get_parameter("1.fc.weight") == 1).all()


HELD = """\
archc: 1
name: inside
inputs: {x: [B, 4, 4, 8]}
blocks:
  Sequence: flatten(1, 2) -> {layer}
model:
  windows: ShiftedWindowAttention(2, 2, qkv_bias=False)
  sequence: Sequence
  fc: Linear(3)
init:
  Linear.weight: constant(0.5)
  Linear.bias: ones
"""


@pytest.mark.parametrize(
    ("layer", "maps"),
    [
        ("MultiheadAttention(2, batch_first=True, bias=False)", ["out_proj"]),
        (
            "TransformerEncoderLayer(2, dim_feedforward=6, batch_first=True)",
            ["self_attn.out_proj", "linear1", "linear2"],
        ),
    ],
)
def test_init_rule_of_a_layer_means_those_inside_others_too(
    tmp_path: Path, layer: str, maps: list[str]
) -> None:
    path = tmp_path / "inside.yaml"
    path.write_text(HELD.replace("{layer}", layer), encoding="utf-8")
    model = archc.load(path)
    modules = {name: m for name, m in model.named_modules() if isinstance(m, nn.Linear)}
    wanted = ["windows.qkv", "windows.proj", *(f"sequence.{name}" for name in maps), "fc"]
    assert list(modules) == wanted
    for module in modules.values():
        assert (module.weight == 0.5).all()
        assert module.bias is None or (module.bias == 1).all()
    graph = archc.check(path).graph
    assert graph is not None
    assert graph.init[0].matches == tuple(f"{name}.weight" for name in wanted)


def test_parameters_change_the_network(spec: Path) -> None:
    assert archc.load(spec, params={"width": 6}).stem.out_channels == 6


def test_same_seed_gives_the_same_weights_and_keeps_the_generator(spec: Path) -> None:
    torch.manual_seed(3)
    state = torch.random.get_rng_state()
    first, second = archc.load(spec, seed=1), archc.load(spec, seed=1)
    assert torch.equal(torch.random.get_rng_state(), state)
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_init_false_skips_random_numbers_only(spec: Path) -> None:
    torch.manual_seed(3)
    state = torch.random.get_rng_state()
    model = archc.load(spec, init=False)
    assert torch.equal(torch.random.get_rng_state(), state)
    norm = model.stage[0].norm
    assert torch.equal(norm.running_var, torch.ones(4))
    assert torch.equal(norm.weight, torch.ones(4))


@pytest.mark.parametrize("rule", ["trunc_normal(std=0.01, a=-2, b=2)", "orthogonal"])
def test_init_false_skips_fills_that_draw_until_they_suit(tmp_path: Path, rule: str) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        "archc: 1\nname: net\ninputs:\n  x: [B, 30]\nmodel:\n  - Linear(4)\n"
        f"init:\n  Linear.weight: {rule}\n  Linear.bias: ones\n"
    )
    before = vars(nn.init)["trunc_normal_"]
    garbage = [torch.full((4, 30), 9.0) for _ in range(200)]
    del garbage
    state = torch.random.get_rng_state()
    model = archc.load(path, init=False)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(model[0].bias, torch.ones(4))
    assert vars(nn.init)["trunc_normal_"] is before


def test_weights_from_a_state_dict_give_equal_outputs(spec: Path, image: torch.Tensor) -> None:
    first = archc.load(spec)
    second = archc.load(spec, weights=first.state_dict())
    assert torch.equal(outputs(first, image), outputs(second, image))


def test_weights_through_a_safetensors_file_give_equal_outputs(
    spec: Path, image: torch.Tensor, tmp_path: Path
) -> None:
    from archc.runtime.weights import save

    model = archc.load(spec)
    save(model, tmp_path / "tiny.safetensors")
    again = archc.load(spec, weights=tmp_path / "tiny.safetensors")
    assert torch.equal(outputs(model, image), outputs(again, image))


def test_weights_convert_to_a_dtype_that_is_asked_for_and_to_no_narrower_one_else(
    spec: Path,
) -> None:
    state = {
        name: tensor.double() if tensor.is_floating_point() else tensor
        for name, tensor in archc.load(spec).state_dict().items()
    }
    with pytest.raises(archc.CompileError, match="cut short only where it is asked for"):
        archc.load(spec, weights=state)
    model = archc.load(spec, weights=state, dtype="float16")
    for name, tensor in model.state_dict().items():
        wanted = state[name].half() if state[name].is_floating_point() else state[name]
        assert torch.equal(tensor, wanted)
    counters = {name: t.double() for name, t in state.items()}
    with pytest.raises(archc.CompileError, match="of another shape or type"):
        archc.load(spec, weights=counters, dtype="float16")


def test_weights_that_do_not_fit_are_all_listed_and_change_nothing(spec: Path) -> None:
    from archc.runtime.weights import load_weights

    model = archc.load(spec)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    wrong = dict(archc.load(spec).state_dict())
    del wrong["stem.weight"]
    wrong["surplus"] = torch.zeros(1)
    wrong["stage.0.conv.weight"] = torch.zeros(1)
    with pytest.raises(archc.CompileError) as caught:
        load_weights(model, wrong)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "ARC504"
    assert diagnostic.notes == (
        "missing: stem.weight",
        "unexpected: surplus",
        "differs: stage.0.conv.weight: the model has [4, 4, 3, 3], the weights [1]",
    )
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())


def test_weights_in_a_pickle_are_refused(spec: Path, tmp_path: Path) -> None:
    torch.save({}, tmp_path / "weights.pt")
    with pytest.raises(archc.CompileError, match="does not unpickle"):
        archc.load(spec, weights=tmp_path / "weights.pt")


def test_missing_batch_counters_are_no_difference(spec: Path) -> None:
    from archc.runtime.weights import load_weights

    model = archc.load(spec)
    state = {k: v for k, v in model.state_dict().items() if "num_batches" not in k}
    assert load_weights(model, state) == (
        "stage.0.norm.num_batches_tracked",
        "stage.1.norm.num_batches_tracked",
    )


def test_integers_never_convert(spec: Path) -> None:
    state = archc.load(spec).state_dict()
    state["stem.bias"] = torch.zeros(4, dtype=torch.int64)
    with pytest.raises(archc.CompileError, match="1 of another shape or type"):
        archc.load(spec, weights=state)


def test_model_over_the_limit_is_refused_before_it_is_made(spec: Path) -> None:
    with pytest.raises(archc.CompileError, match="the limit is 100"):
        archc.load(spec, max_parameters=100)


def test_deepcopy_is_independent(spec: Path, image: torch.Tensor) -> None:
    model = archc.load(spec)
    twin = copy.deepcopy(model)
    assert torch.equal(outputs(model, image), outputs(twin, image))
    with torch.no_grad():
        twin.stem.weight.zero_()
    assert model.stem.weight.abs().sum() > 0


def test_pickle_and_torch_save_bring_the_model_back(spec: Path, image: torch.Tensor) -> None:
    model = archc.load(spec)
    again = pickle.loads(pickle.dumps(model))
    assert torch.equal(outputs(model, image), outputs(again, image))
    buffer = io.BytesIO()
    torch.save(model, buffer)
    buffer.seek(0)
    third = torch.load(buffer, weights_only=False)
    assert torch.equal(outputs(model, image), outputs(third, image))


def test_part_of_a_model_pickles_too(spec: Path) -> None:
    stage = archc.load(spec).stage
    again = pickle.loads(pickle.dumps(stage[1]))
    assert list(again.state_dict()) == list(stage[1].state_dict())


def test_named_tuple_of_outputs_pickles(spec: Path, image: torch.Tensor) -> None:
    result = archc.load(spec)(image)
    again = pickle.loads(pickle.dumps(result))
    assert again._fields == ("logits", "aux")
    assert torch.equal(again.logits, result.logits)


def _forward_in_child(model: nn.Module, image: torch.Tensor, queue: object) -> None:
    with torch.no_grad():
        queue.put(model(image).tolist())  # type: ignore[attr-defined]


@pytest.mark.slow
def test_spawned_child_that_never_called_load_runs_the_model(
    spec: Path, image: torch.Tensor
) -> None:
    import torch.multiprocessing as processes

    model = archc.load(spec).eval()
    context = processes.get_context("spawn")
    queue = context.SimpleQueue()
    child = context.Process(target=_forward_in_child, args=(model, image, queue))
    child.start()
    found = queue.get()
    child.join()
    assert child.exitcode == 0
    assert torch.allclose(torch.tensor(found), outputs(model, image))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_torch_compile_gives_the_same_output(spec: Path, image: torch.Tensor) -> None:
    model = archc.load(spec).eval()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    assert torch.allclose(outputs(model, image), outputs(compiled, image), atol=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_torch_export_gives_the_same_output(spec: Path, image: torch.Tensor) -> None:
    model = archc.load(spec).eval()
    program = torch.export.export(model, (image,))
    buffer = io.BytesIO()
    torch.export.save(program, buffer)
    buffer.seek(0)
    again = torch.export.load(buffer).module()
    assert torch.allclose(outputs(model, image), again(image), atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_floating_types_run(spec: Path, image: torch.Tensor, dtype: torch.dtype) -> None:
    model = archc.load(spec, dtype=dtype)
    assert outputs(model, image.to(dtype)).dtype == dtype
    assert model.stage[0].norm.num_batches_tracked.dtype == torch.int64


def test_channels_last_gives_close_outputs(spec: Path, image: torch.Tensor) -> None:
    model = archc.load(spec)
    expected = outputs(model, image)
    last = model.to(memory_format=torch.channels_last)
    found = outputs(last, image.to(memory_format=torch.channels_last))
    assert torch.allclose(expected, found, atol=1e-6)


def test_meta_device_allocates_nothing(spec: Path) -> None:
    model = archc.load(spec, device="meta")
    assert all(tensor.is_meta for tensor in model.state_dict().values())


def test_wrong_tensor_gives_a_traceback_through_a_line_that_names_the_spec(spec: Path) -> None:
    model = archc.load(spec)
    try:
        model(torch.zeros(2, 4, 16, 16))
    except RuntimeError:
        text = traceback.format_exc()
    else:
        pytest.fail("torch accepts an image of four channels")
    assert "stem = F.relu(self.stem(image), inplace=True)  # line 13" in text
    assert "<archc tiny" in text


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_loading_straight_to_a_gpu_gives_close_outputs(
    spec: Path, image: torch.Tensor, dtype: torch.dtype
) -> None:
    reference = archc.load(spec)
    model = archc.load(spec, weights=reference.state_dict(), device="cuda")
    assert all(tensor.is_cuda for tensor in model.state_dict().values())
    found = outputs(model.to(dtype).to(memory_format=torch.channels_last), image.cuda().to(dtype))
    tolerance = 1e-4 if dtype == torch.float32 else 5e-2
    assert torch.allclose(outputs(reference, image), found.float().cpu(), atol=tolerance)
