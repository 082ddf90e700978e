"""Folders that claim to be builds."""

import json
from hashlib import sha256
from pathlib import Path

NAMES = ("diagram.svg", "graph.json", "model.py", "spec.yaml", "summary.txt")
HASH = "0" * 64
FACTS: dict[str, object] = {
    "archc": "0.1.0",
    "name": "net",
    "variant": None,
    "parameters": {},
    "inputs": {},
    "files": dict.fromkeys(NAMES, HASH),
}


def manifest(**facts: object) -> bytes:
    """Return a manifest that says something else than an honest one."""
    return json.dumps({**FACTS, **facts}).encode()


def folder_of(data: bytes, folder: Path) -> Path:
    """Return a folder whose manifest vouches for a hostile spec, or a hostile canonical form."""
    is_canonical = b'"canonical"' in data[:200]
    names = NAMES if not is_canonical else tuple(n for n in NAMES if n != "spec.yaml")
    spec = "graph.json" if is_canonical else "spec.yaml"
    contents = {name: data if name == spec else b"" for name in names}
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    hashes = {name: sha256(content).hexdigest() for name, content in contents.items()}
    (folder / "manifest.json").write_bytes(manifest(files=hashes))
    return folder
