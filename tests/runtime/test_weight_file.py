"""Files of weights: whole or refused, whatever becomes of them while they are read."""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
import torch
from safetensors.torch import save_file

import archc
from archc.runtime import weight_file, weights

NET = """\
archc: 1
name: small
inputs: {image: [B, 3, 8, 8]}
model:
  conv: Conv2d(4, 3, padding=1)
  bn: BatchNorm2d -> relu
  pool: AdaptiveAvgPool2d(1) -> flatten(1)
  fc: Linear(10)
"""
State = dict[str, torch.Tensor]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(NET)
    return path


@pytest.fixture
def old(spec: Path) -> State:
    return dict(archc.load(spec, seed=1).state_dict())


@pytest.fixture
def new(spec: Path) -> State:
    return dict(archc.load(spec, seed=2).state_dict())


@pytest.fixture
def file(tmp_path: Path, old: State) -> Path:
    path = tmp_path / "old.safetensors"
    save_file(old, path)
    os.utime(path, (10**9, 10**9))
    return path


def equal(one: State, other: State) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


def _overwritten(path: Path, fresh: bytes) -> None:
    with path.open("r+b") as stream:
        stream.write(fresh)


def _replaced(path: Path, fresh: bytes) -> None:
    path.with_name("other").write_bytes(fresh)
    path.with_name("other").replace(path)


CHANGES: dict[str, tuple[Callable[[Path, bytes], object], bool]] = {
    "emptied": (lambda path, _: os.truncate(path, 0), False),
    "cut in half": (lambda path, fresh: os.truncate(path, len(fresh) // 2), False),
    "cut by a byte": (lambda path, fresh: os.truncate(path, len(fresh) - 1), False),
    "overwritten": (_overwritten, False),
    "written anew": (lambda path, fresh: path.write_bytes(fresh), False),
    "made longer": (lambda path, fresh: os.truncate(path, len(fresh) + 1), False),
    "removed": (lambda path, _: path.unlink(), True),
    "replaced": (_replaced, True),
    "forbidden": (lambda path, _: path.chmod(0), True),
}
"""What may happen to a file, and whether it can still be read as it was."""


@pytest.mark.parametrize("is_read", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("change", CHANGES)
def test_file_that_changes_while_it_is_read_gives_the_old_content_or_an_error(
    monkeypatch: pytest.MonkeyPatch,
    spec: Path,
    old: State,
    new: State,
    file: Path,
    change: str,
    is_read: bool,
) -> None:
    alter, is_whole = CHANGES[change]
    save_file(new, file.with_name("new.safetensors"))
    fresh = file.with_name("new.safetensors").read_bytes()
    model = archc.load(spec, seed=3)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    real = weight_file.read_all

    def read_all(stream: BinaryIO) -> bytes:
        start = stream.read(9) if is_read else b""
        alter(file, fresh)
        return start + real(stream)

    monkeypatch.setattr(weight_file, "read_all", read_all)
    if is_whole:
        weights.load_weights(model, file)
        assert equal(dict(model.state_dict()), old)
        return
    with pytest.raises(archc.CompileError, match="it changed while it was read") as caught:
        weights.load_weights(model, file)
    assert caught.value.diagnostics[0].code is archc.Code.WEIGHTS_UNREADABLE
    assert equal(dict(model.state_dict()), before)


def test_values_are_those_that_were_saved(tmp_path: Path) -> None:
    dtypes = (
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
        torch.bool,
    )
    state = {
        f"{dtype}.{shape}": torch.randint(0, 2, shape).to(dtype)
        for dtype in dtypes
        for shape in ((), (0,), (3,), (2, 3, 5))
    }
    path = tmp_path / "all.safetensors"
    save_file(state, path, metadata={"format": "pt"})
    values = weight_file.tensors_of(path, 0)
    assert equal(values, state)
    assert all(values[name].dtype == tensor.dtype for name, tensor in state.items())


def encoded(header: bytes | object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def tensor(begin: int, end: int, *shape: int, dtype: str = "U8") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


BROKEN = {
    "nothing": b"",
    "seven bytes": b"\0" * 7,
    "no header": b"\0" * 8,
    "a header past the end": (100).to_bytes(8, "little") + b"{}",
    "a header of 2⁶⁴ − 1 bytes": b"\xff" * 8 + b"{}",
    "no JSON": encoded(b"{a: 1}"),
    "a list": encoded([]),
    "not UTF-8": encoded(b'{"\xff": 1}'),
    "too deep": encoded(b"[" * 100_000),
    "a tensor that is none": encoded({"a": 1}),
    "a tensor without a dtype": encoded({"a": {"shape": [], "data_offsets": [0, 0]}}),
    "places that are no integers": encoded(
        {"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1.5]}}, b"12"
    ),
    "a negative size": encoded({"a": tensor(0, 4, -2, -2)}, b"1234"),
    "a negative place": encoded({"a": tensor(-4, 0, 4)}, b""),
    "places in reverse": encoded({"a": tensor(4, 0, 4)}, b"1234"),
    "a tensor past the end": encoded({"a": tensor(0, 5, 5)}, b"1234"),
    "too many bytes": encoded({"a": tensor(0, 4, 4)}, b"12345"),
    "a gap": encoded({"a": tensor(0, 1, 1), "b": tensor(2, 3, 1)}, b"123"),
    "an overlap": encoded({"a": tensor(0, 2, 2), "b": tensor(1, 3, 2)}, b"123"),
    "twice the same bytes": encoded({"a": tensor(0, 2, 2), "b": tensor(0, 2, 2)}, b"12"),
    "another size than the shape's": encoded({"a": tensor(0, 4, 3)}, b"1234"),
    "another size than the dtype's": encoded({"a": tensor(0, 4, 4, dtype="F32")}, b"1234"),
    "a product past 2⁶⁴": encoded({"a": tensor(0, 0, 2**32, 2**32)}),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(BROKEN[kind])
    with pytest.raises(archc.CompileError, match="is no whole safetensors file") as caught:
        weight_file.tensors_of(path, 0)
    assert caught.value.diagnostics[0].code is archc.Code.WEIGHTS_UNREADABLE


def test_changed_file_is_read_or_refused(tmp_path: Path) -> None:
    state = {"a": torch.arange(6, dtype=torch.int16).reshape(2, 3), "b": torch.zeros(1)}
    path, drawn = tmp_path / "changed.safetensors", random.Random(7)
    save_file(state, path)
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    taken = 0
    for _ in range(2_000):
        changed = bytearray(whole)
        for _ in range(drawn.choice((1, 1, 2))):
            changed[drawn.randrange(8 + length)] = drawn.choice(b'0123456789,:{}[]" -aF')
        path.write_bytes(changed)
        try:
            taken += bool(weight_file.tensors_of(path, 0))
        except archc.CompileError as error:
            assert "is no whole safetensors file" in str(error)
    assert 50 < taken < 1_950


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "nothing", "a device"])
def test_weights_that_are_no_file_are_refused_at_once(
    tmp_path: Path, spec: Path, kind: str
) -> None:
    path = tmp_path / "weights.safetensors"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a folder":
        path.mkdir()
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    with pytest.raises(archc.CompileError, match=r"it is no file|a folder|no such file"):
        archc.load(spec, weights=path)


@pytest.mark.parametrize("is_zip", [True, False])
def test_pickle_by_the_name_of_a_safetensors_file_is_called_one(
    spec: Path, old: State, tmp_path: Path, is_zip: bool
) -> None:
    path = tmp_path / "saved.safetensors"
    torch.save(old, path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(archc.CompileError, match="it is a pickle, as"):
        archc.load(spec, weights=path)
