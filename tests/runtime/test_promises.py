"""What works with any module works with a loaded network of each kind."""

import copy
import io
import linecache
import pickle
import re
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn

import archc
from tests.runtime.subjects import SUBJECTS, Subject, assert_close, run

LARGE = {"resnet18", "googlenet", "densenet121"}
TRACED = [
    pytest.param(s, id=str(s), marks=pytest.mark.prove if s.name in LARGE else pytest.mark.slow)
    for s in SUBJECTS
]
"""The networks where torch's tracing is what takes the time."""

every_network = pytest.mark.parametrize("subject", SUBJECTS, ids=str)


@pytest.mark.slow
@every_network
def test_deepcopy_is_equal_and_independent(subject: Subject, tmp_path: Path) -> None:
    model = subject.load(tmp_path)
    expected = run(model, subject.input())
    twin = copy.deepcopy(model)
    assert_close(run(twin, subject.input()), expected, 0)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    assert_close(run(model, subject.input()), expected, 0)


@pytest.mark.slow
@every_network
def test_pickle_and_torch_save_bring_the_network_back(subject: Subject, tmp_path: Path) -> None:
    model = subject.load(tmp_path)
    expected = run(model, subject.input())
    assert_close(run(pickle.loads(pickle.dumps(model)), subject.input()), expected, 0)
    buffer = io.BytesIO()
    torch.save(model, buffer)
    weights = sum(t.numel() * t.element_size() for t in model.state_dict().values())
    assert len(buffer.getvalue()) < 1.2 * weights + 100_000
    buffer.seek(0)
    assert_close(run(torch.load(buffer, weights_only=False), subject.input()), expected, 0)


@pytest.mark.slow
@every_network
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float64, 1e-4), (torch.float16, 0.02), (torch.bfloat16, 0.2)],
    ids=["double", "half", "bfloat16"],
)
def test_other_floating_types_give_near_outputs(
    subject: Subject, tmp_path: Path, dtype: torch.dtype, tolerance: float
) -> None:
    x = subject.input()
    expected = run(subject.load(tmp_path), x)
    other = x.to(dtype) if x.is_floating_point() else x
    moved, made = subject.load(tmp_path).to(dtype), subject.load(tmp_path, dtype=dtype)
    assert {t.dtype for t in moved.state_dict().values()} <= {dtype, torch.int64}
    for model in (moved, made):
        found = run(model, other)
        assert found[0].dtype == dtype
        assert_close(found, expected, tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("subject", [s for s in SUBJECTS if len(s.fits) == 3], ids=str)
def test_channels_last_gives_near_outputs_and_stays(subject: Subject, tmp_path: Path) -> None:
    model = subject.load(tmp_path)
    expected = run(model, subject.input())
    model = model.to(memory_format=torch.channels_last)
    image = subject.input().to(memory_format=torch.channels_last)
    seen: list[bool] = []
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_hook(lambda _module, _inputs, y: seen.append(_is_last(y)))
    assert_close(run(model, image), expected, 1e-4)
    assert seen
    assert all(seen)


def _is_last(y: Tensor) -> bool:
    return y.is_contiguous(memory_format=torch.channels_last)


OPENING = """\
import sys, torch
for model, x, expected in torch.load(sys.argv[1], weights_only=False):
    with torch.no_grad():
        found = model(x)
    found = [found] if isinstance(found, torch.Tensor) else found
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found, expected, strict=True))
print("fine")
"""


@pytest.mark.slow
def test_networks_saved_here_open_in_a_process_that_does_not_know_archc(tmp_path: Path) -> None:
    models = [(subject.load(tmp_path), subject.input()) for subject in SUBJECTS]
    torch.save([(model, x, list(run(model, x))) for model, x in models], tmp_path / "all.pt")
    command = [sys.executable, "-c", OPENING, str(tmp_path / "all.pt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout == "fine\n", done.stderr


def run_in_child(
    _rank: int, models: list[tuple[nn.Module, Tensor, list[Tensor]]], file: Path
) -> None:
    """Compare what networks say in this process with what they said in the parent's."""
    torch.set_num_threads(1)
    for model, x, expected in models:
        assert_close(run(model, x), expected)
    file.write_text("fine")


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raise TimeoutError where this takes longer.

    A child that dies before it has read its arguments leaves the parent writing them for ever.
    """

    def end(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.slow
def test_networks_run_in_a_spawned_process_that_never_loaded_them(tmp_path: Path) -> None:
    models = [(subject.load(tmp_path), subject.input()) for subject in SUBJECTS]
    told = [(model, x, list(run(model, x))) for model, x in models]
    with within(300):
        spawn(run_in_child, args=(told, tmp_path / "said"), nprocs=1)
    assert (tmp_path / "said").read_text() == "fine"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("subject", TRACED)
def test_torch_compile_takes_a_network_whole(subject: Subject, tmp_path: Path) -> None:
    """All but an LSTM, at which torch breaks its graph."""
    torch.compiler.reset()
    model = subject.load(tmp_path)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=subject.name != "tagger")
    assert_close(run(compiled, subject.input()), run(model, subject.input()))
    torch.compiler.reset()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("subject", TRACED)
def test_torch_export_takes_a_network_for_any_batch(subject: Subject, tmp_path: Path) -> None:
    model = subject.load(tmp_path)
    batch = torch.export.Dim("batch", min=2, max=64)
    program = torch.export.export(model, (subject.input(),), dynamic_shapes=({0: batch},))
    two = subject.input()[:2]
    assert_close(run(program.module(), two), run(model, two))


@every_network
def test_wrong_tensor_leads_to_lines_of_the_source_and_of_the_spec(
    subject: Subject, tmp_path: Path
) -> None:
    model, lines = subject.load(tmp_path), subject.spec_lines(tmp_path)
    with pytest.raises(RuntimeError) as caught:
        run(model, subject.unfit_input())
    frames = traceback.extract_tb(caught.tb)
    ours = [frame for frame in frames if frame.filename.startswith(f"<archc {subject.name} ")]
    named = [_named_lines(linecache.getline(f.filename, f.lineno or 0), lines) for f in ours]
    assert len(named) == len(subject.blamed)
    for text, blamed in zip(named, subject.blamed, strict=True):
        assert any(line.strip().startswith(blamed) for line in text), (blamed, text)


def _named_lines(source: str, lines: list[str]) -> list[str]:
    """Return the lines of the spec that a line of source names in its comment."""
    found = re.search(r"# lines? (\d+)(?:-(\d+))?", source)
    assert found, source
    return lines[int(found[1]) - 1 : int(found[2] or found[1])]


class Counted(type(archc.load("lenet5", device="meta"))):
    """A class of a user's own, made from a loaded network's."""

    calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return super().forward(x)


def test_subclass_of_a_users_own_copies_and_pickles() -> None:
    model, image = Counted(), torch.randn(1, 1, 32, 32)
    expected = run(model, image)
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert type(again) is Counted
        assert_close(run(again, image), expected, 0)
        assert again.calls == 2
