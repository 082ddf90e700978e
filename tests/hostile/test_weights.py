"""Files of weights that nobody's model was saved to: refused whole, whichever way they come in."""

import json
import os
import pickle
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.command import written
from tests.hostile.arena import Arena
from tests.hostile.judging import expect_fair, tree

pytestmark = pytest.mark.slow

SPEC = """\
archc: 1
name: small
inputs: {x: [B, 4]}
model:
  fc: Linear(2)
"""
KEYS = {"fc.weight": [2, 4], "fc.bias": [2]}


def encoded(header: bytes | object, data: bytes = b"", length: int | None = None) -> bytes:
    """Return a file of a header, whose length may be a lie, and data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = len(text) if length is None else length
    return size.to_bytes(8, "little") + text + data


def entry(shape: object, begin: object, end: object, dtype: object = "F32") -> dict[str, object]:
    """Return what a header says of a tensor."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def fitting(**changed: object) -> dict[str, object]:
    """Return the header of a file that fits the model but for what is changed."""
    whole: dict[str, object] = {
        "fc.weight": entry([2, 4], 0, 32),
        "fc.bias": entry([2], 32, 40),
    }
    return {**whole, **{name.replace("fc_", "fc."): value for name, value in changed.items()}}


def many(count: int) -> bytes:
    """Return a file of many tensors without numbers."""
    return encoded({f"layer{i}.weight": entry([0], 0, 0) for i in range(count)})


BYTES = bytes(40)
CONTROL = "\x1b]0;pwned\x07\x1b[2J\u2028\u202e"
TEXTS: dict[str, bytes] = {
    "nothing": b"",
    "seven bytes": bytes(7),
    "a header of no bytes": bytes(8),
    "a header past the end": encoded(b"{}", length=100),
    "a header of a hundred megabytes that is not there": encoded(b"{}", length=100_000_000),
    "a header of half of all bytes": encoded(b"{}", length=2**63),
    "a header of minus one byte": encoded(b"{}", length=2**64 - 1),
    "no JSON": encoded(b"{fc.weight: 1}"),
    "half a header": encoded(json.dumps(fitting()).encode()[:-20], BYTES),
    "no UTF-8": encoded(b'{"\xff\xfe": 1}'),
    "a list": encoded([]),
    "a text": encoded("fc.weight"),
    "a number": encoded(1),
    "an empty header": encoded({}),
    "names twice": encoded(json.dumps(fitting()).encode()[:-1] + b', "fc.bias": {}}', BYTES),
    "a tensor twice": encoded(
        json.dumps(fitting()).replace('"fc.bias"', '"fc.weight"').encode(), BYTES
    ),
    "a tensor that is a list": encoded(fitting(fc_bias=[1]), BYTES),
    "a tensor without places": encoded(fitting(fc_bias={"dtype": "F32", "shape": [2]}), BYTES),
    "no such dtype": encoded(fitting(fc_bias=entry([2], 32, 40, "F33")), BYTES),
    "a dtype that is a list": encoded(fitting(fc_bias=entry([2], 32, 40, ["F32"])), BYTES),
    "a dtype of control characters": encoded(fitting(fc_bias=entry([2], 32, 40, CONTROL)), BYTES),
    "overlapping tensors": encoded(fitting(fc_bias=entry([2], 28, 36)), BYTES),
    "the same bytes twice": encoded(fitting(fc_bias=entry([2], 0, 8)), BYTES),
    "a gap": encoded(fitting(fc_bias=entry([2], 36, 44)), bytes(44)),
    "places in reverse": encoded(fitting(fc_bias=entry([2], 40, 32)), BYTES),
    "a tensor past the end": encoded(fitting(fc_bias=entry([2], 32, 48)), BYTES),
    "a tensor far past the end": encoded(fitting(fc_bias=entry([2**60], 32, 2**62)), BYTES),
    "a negative place": encoded(fitting(fc_bias=entry([2], -8, 0)), BYTES),
    "a place that is no integer": encoded(fitting(fc_bias=entry([2], 32.5, 40)), BYTES),
    "a place of a hundred digits": encoded(fitting(fc_bias=entry([2], 32, 10**100)), BYTES),
    "a negative size": encoded(fitting(fc_bias=entry([-2], 32, 40)), BYTES),
    "two negative sizes": encoded(fitting(fc_bias=entry([-2, -1], 32, 40)), BYTES),
    "a size that is a text": encoded(fitting(fc_bias=entry(["2"], 32, 40)), BYTES),
    "a size past 2⁶⁴": encoded(fitting(fc_bias=entry([2**65], 32, 40)), BYTES),
    "a product past 2⁶⁴": encoded(fitting(fc_bias=entry([2**32, 2**32, 2], 32, 40)), BYTES),
    "many sizes": encoded(fitting(fc_bias=entry([1] * 100_000 + [2], 32, 40)), BYTES),
    "another size than the shape's": encoded(fitting(fc_bias=entry([3], 32, 40)), BYTES),
    "another size than the dtype's": encoded(fitting(fc_bias=entry([2], 32, 40, "F64")), BYTES),
    "bytes that are missing": encoded(fitting(), bytes(39)),
    "a byte too many": encoded(fitting(), bytes(41)),
    "deep lists": encoded(b'{"fc.weight": ' + b"[" * 200_000),
    "deep lists that end": encoded(b'{"a": ' + b"[" * 90_000 + b"]" * 90_000 + b"}"),
    "deep objects": encoded(b'{"a": ' * 100_000),
    "metadata that are numbers": encoded(fitting(__metadata__={"format": 1}), BYTES),
    "metadata that are a list": encoded(fitting(__metadata__=["pt"]), BYTES),
    "deep metadata": encoded(b'{"__metadata__": {"a": ' + b"[" * 100_000),
    "another shape": encoded(fitting(fc_bias=entry([2, 1], 32, 40)), BYTES),
    "another dtype": encoded(fitting(fc_bias=entry([2], 32, 40, "I32")), BYTES),
    "a dtype of eight bits": encoded(fitting(fc_bias=entry([8], 32, 40, "F8_E4M3")), BYTES),
    "a key of control characters": encoded({**fitting(), CONTROL: entry([0], 40, 40)}, BYTES),
    "a key of many characters": encoded({**fitting(), "a" * 10**6: entry([0], 40, 40)}, BYTES),
    "a key that is empty": encoded({**fitting(), "": entry([0], 40, 40)}, BYTES),
    "twenty thousand tensors": many(20_000),
    "a pickle": pickle.dumps({"fc.weight": [1]}),
    "a page of the web": b"<!DOCTYPE html><html><title>404 Not Found</title></html>",
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    "zeros": bytes(2**20),
    "random bytes": os.urandom(2**16),
}
"""What a file may hold."""


class Evil:
    """What a pickle may do: this one would leave a file."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, ("pwned",)


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", pickle.dumps(Evil()))
        file.writestr("archive/data/0", bytes(2**24))


def _sparse(path: Path) -> None:
    path.write_bytes(encoded(fitting(fc_bias=entry([2**34], 32, 2**36 + 32))))
    os.truncate(path, path.stat().st_size + 2**36 + 32)


def _endless(path: Path) -> None:
    path.write_bytes(encoded(fitting(), BYTES))
    os.truncate(path, 2**40)


def _long_header(path: Path) -> None:
    path.write_bytes(encoded(json.dumps(fitting()).encode().ljust(100_000_001), BYTES))


PLACES: dict[str, Callable[[Path], object]] = {
    "no file": lambda path: None,
    "a folder": Path.mkdir,
    "a pipe nobody writes to": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a link to zeros": lambda path: path.symlink_to("/dev/zero"),
    "a link to memory": lambda path: path.symlink_to("/proc/self/mem"),
    "a terminal": lambda path: path.symlink_to("/dev/ptmx"),
    "a zip with a pickle": _zip,
    "a tensor of 64 GiB": _sparse,
    "zeros without end": _endless,
    "a header of a hundred megabytes": _long_header,
}
"""What may stand at a path of weights."""


@pytest.fixture(scope="module")
def torch_arena() -> Iterator[Arena]:
    """Return a server of forks that have imported torch."""
    with Arena(with_torch=True) as started:
        yield started


@pytest.mark.parametrize("name", [*TEXTS, *PLACES])
def test_hostile_weights_are_refused_on_every_way_in(
    name: str, torch_arena: Arena, tmp_path: Path
) -> None:
    spec, here = written(tmp_path, SPEC, "small.yaml"), tmp_path / "here"
    here.mkdir()
    for ending in (".safetensors", ".pt"):
        weights = tmp_path / f"given{ending}"
        _place(name, weights)
        before = tree(tmp_path)
        expect_fair(torch_arena.run(here, spec, weights, program="weights"), {4})
        ways = (spec, "--weights", weights, "-o", tmp_path / "out")
        expect_fair(
            torch_arena.run(here, *ways, program="build", terminal=True), {4}, terminal=True
        )
        now = tree(tmp_path)
        assert set(now.keys() - before.keys()) <= {
            "out",
            "out/.store",
            "out/.store/lock",
        }
        assert {path: now[path] for path in before} == before
        if name not in TEXTS:
            break


@pytest.mark.parametrize("name", TEXTS)
def test_build_with_hostile_weights_is_refused(
    name: str, torch_arena: Arena, tmp_path: Path
) -> None:
    """The manifest vouches for them."""
    spec = written(tmp_path, SPEC, "small.yaml")
    assert torch_arena.run(tmp_path, spec, "-o", tmp_path / "out", program="build").status == 0
    build = tmp_path / "loose"
    build.mkdir()
    for path in (tmp_path / "out/small").iterdir():
        (build / path.name).write_bytes(path.read_bytes())
    (build / "weights.safetensors").write_bytes(TEXTS[name])
    manifest = json.loads((build / "manifest.json").read_bytes())
    manifest["files"]["weights.safetensors"] = sha256(TEXTS[name]).hexdigest()
    (build / "manifest.json").write_text(json.dumps(manifest))
    expect_fair(torch_arena.run(tmp_path, build, program="load"), {4})


def test_file_that_fits_is_taken(torch_arena: Arena, tmp_path: Path) -> None:
    """The corpus is refused for what is wrong with it, and not for its form."""
    spec, weights = written(tmp_path, SPEC, "small.yaml"), tmp_path / "given.safetensors"
    weights.write_bytes(encoded(fitting(__metadata__={"format": "pt"}), BYTES))
    ways = (spec, "--weights", weights, "-o", tmp_path / "out")
    ending = torch_arena.run(tmp_path, *ways, program="build")
    assert ending.status == 0, ending.said


def _place(name: str, path: Path) -> None:
    if name in TEXTS:
        path.write_bytes(TEXTS[name])
    else:
        PLACES[name](path)
