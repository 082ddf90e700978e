"""What fuzzing starts from: the specs and the failing examples of the repository, read in place."""

import json
import re
from functools import cache
from pathlib import Path

from archc.artefacts import canonical_text
from archc.compiler import compile_graph
from archc.diagnostics import CompileError
from archc.opening import open_spec

ROOT = Path(__file__).parents[2]
LONGEST = 3000
"""Longer specs take long to check, and shorter ones hold every construct."""


@cache
def specs() -> tuple[bytes, ...]:
    """Return the shorter specs of the repository, good and bad."""
    folders = ("specs", "tests/bad", "tests/golden", "tests/backends/specs", "examples")
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.yaml"))]
    texts = dict.fromkeys(path.read_bytes() for path in paths)
    return tuple(text for text in texts if len(text) <= LONGEST)


@cache
def networks() -> tuple[bytes, ...]:
    """Return the specs that compile and import nothing."""
    return tuple(text for text in specs() if b"import:" not in text and _compiles(text))


def _compiles(text: bytes) -> bool:
    import archc

    return archc.check(text=text.decode("utf-8", "surrogateescape")).ok


@cache
def lines() -> tuple[bytes, ...]:
    """Return what stands behind a dash or a key in the specs, each once."""
    found: dict[bytes, None] = {}
    for text in specs():
        for line in text.split(b"\n"):
            value = re.sub(rb"^\s*(?:- +)*(?:[^\s:]+: +)?", b"", line).partition(b"  #")[0].rstrip()
            if value:
                found[value] = None
    return tuple(found)


@cache
def expressions() -> tuple[bytes, ...]:
    """Return expressions: parts of the specs' lines, and every construct once."""
    parts = [
        inner
        for line in lines()
        for inner in re.split(rb"\s(?:from|if|else|as|->)\s|[=:]\s|\(|\)$", line)
        if 3 < len(inner) < 60
    ]
    return (*_EXPRESSIONS, *dict.fromkeys(parts))


_EXPRESSIONS = tuple(
    text.strip().encode()
    for text in """
    n + 1|width // 2 * 3 - 4|-n ** 2|2 ** -n|(1 if flag else 2)|rows[0][1] + a[-1]|a[1:]
    a[::-1]|a[:2] + (4,)|[[1, 2], [3, 4]]|n in a|n not in a|not flag or n > 2 and b <= 2.5
    1 < n <= 3 != 4|mode == 'same'|len(a) % 2|range(1, 10, 2)|zip(a, rows)|enumerate(a)
    reversed(a)|min(a)|max(1, n, b)|sum(a)|prod(a)|abs(-n)|round(b)|round(b, 1)|floor(b)|ceil(b)
    sqrt(n)|log2(width)|int(b)|float(n)|make_divisible(width * 0.35, 8)|make_divisible(b * 10)
    (0,) * 4|1e-3|1_000|.5|inf|True|None|"a"|()|(1,)|1 / 3|7 % -3|-7 // 2|b ** 0.5|n @ n
    """.replace("\n", "|").split("|")
    if text.strip()
)


@cache
def canonical_forms() -> tuple[bytes, ...]:
    """Return the canonical JSON of the smallest specs, and what JSON can be besides."""
    found: list[bytes] = []
    for path in sorted((ROOT / "specs").glob("*.yaml"), key=lambda path: path.stat().st_size):
        spec = open_spec(path)
        try:
            text = canonical_text(compile_graph(spec), spec)
        except CompileError:
            continue
        found.append(json.dumps(json.loads(text)).encode())
        if len(found) == 8:
            break
    return (*found, b'{"canonical": 1}', b'{"archc": 1, "canonical": true, "spec": []}')


@cache
def weights() -> tuple[bytes, ...]:
    """Return safetensors files as header, zero byte and numbers; and whole files."""
    header = {
        "weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "bias": {"dtype": "F32", "shape": [2], "data_offsets": [24, 32]},
    }
    more = {"__metadata__": {"format": "pt"}, **header}
    half = json.dumps(header).replace("F32", "F16").replace("24", "12").replace("32]", "16]")
    texts = [json.dumps(header).encode(), json.dumps(more).encode(), half.encode()]
    whole = len(texts[0]).to_bytes(8, "little") + texts[0] + bytes(32)
    return (*(text + b"\0" + bytes(32) for text in texts), texts[2] + b"\0" + bytes(16), whole, b"")


@cache
def command_lines() -> tuple[bytes, ...]:
    """Return command lines, each above the spec that it is about."""
    texts = specs()
    return tuple(
        command.encode() + b"\n" + texts[index * 37 % len(texts)]
        for index, command in enumerate(COMMAND_LINES * 6)
    )


COMMAND_LINES = [
    command.strip()
    for command in """
    check net.yaml|check . --format json|check net.yaml --format sarif|check net.yaml --fix
    check net.yaml --diff|check net.yaml --format github|check -|check net.yaml -v -p n=3
    check net.yaml --variant a --input image=1,3,64,64 --mode train --max-nodes 50
    summary net.yaml --format markdown|summary net.yaml --format csv --depth 1
    summary net.yaml --format json --sort macs|why net.yaml 0|expand net.yaml
    expand net.yaml --json|keys net.yaml|keys net.yaml --json|draw net.yaml -o net.dot
    draw net.yaml --depth 1 -o net.dot|list .|list nowhere|layers|layers Conv2d|explain ARC402
    --help|check --help|--version|summary lenet5|check net.yaml -p n= -q|explain|why lenet5
    """.replace("\n", "|").split("|")
    if command.strip()
]
