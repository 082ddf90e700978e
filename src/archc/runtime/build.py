"""From a spec to a folder that holds everything made of it, proved before it is shown."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from archc import __version__
from archc.artefacts import canonical_text, diagram, python_module, summary_source
from archc.calling import check_flag, settings_of
from archc.compiler import MAX_PARAMETERS, Settings, graph_of, in_force
from archc.files import write_new
from archc.given import check_path
from archc.imports import bundled
from archc.interface import accountable, chosen
from archc.ir.canonical import Json, encoded_constant
from archc.ir.graph import Graph
from archc.manifest import WEIGHTS, sha256
from archc.opening import Spec, SpecPath, read_spec
from archc.passes.elaboration.nodes import MAX_NODES
from archc.runtime.build_folder import BuildFolder, write_manifest
from archc.runtime.build_proof import prove
from archc.runtime.choices import check_seed
from archc.runtime.load import check_size, initial_model
from archc.runtime.weights import save

INITIAL: Literal["init"] = "init"
"""What stands for the weights that a network starts with."""


def build(
    path: SpecPath | None = None,
    *,
    text: str | None = None,
    variant: str | None = None,
    params: Mapping[str, object] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    output: SpecPath = "build",
    force: bool = False,
    weights: SpecPath | None = None,
    seed: int = 0,
    max_nodes: int = MAX_NODES,
    max_parameters: int = MAX_PARAMETERS,
) -> Path:
    """Write `<output>/<name>/` with everything made of a network; return that path.

    The folder appears whole or not at all, after its `model.py` was loaded by a fresh
    interpreter and had the predicted keys and shapes. `weights` is a `.safetensors` file that
    must fit, or `"init"` for those that the network starts with, from `seed`. Without weights
    nothing is allocated; with them, a network of more than `max_parameters` is refused.

    Raises:
        CompileError: the spec is wrong, the weights do not fit, the folder cannot be written,
            or holds edited files.
        CallError: an argument is of the wrong kind.
    """
    asked = settings_of(variant, params, inputs, max_nodes=max_nodes, max_parameters=max_parameters)
    check_path("output", output)
    if weights is not None:
        check_path("weights", weights)
    check_flag("force", force)
    check_seed(seed)
    with accountable():
        spec, settings = chosen(path, text, asked)
        place = Path(output)
        return build_spec(spec, settings, place, force=force, weights=weights, seed=seed)


def build_spec(
    spec: Spec,
    settings: Settings,
    output: Path,
    *,
    force: bool = False,
    weights: SpecPath | None = None,
    seed: int = 0,
) -> Path:
    """Build a spec that was read; see `build`."""
    settings = replace(in_force(spec, settings), training=True)
    planned = graph_of(spec, settings)
    if weights is not None:
        check_size(planned, settings.max_parameters)
    name = planned.title
    folder = BuildFolder(output)
    with folder.locked():
        folder.check_free(name, force=force)
        with folder.draft() as draft:
            copied = _copied(draft, spec)
            graph = _write_artefacts(draft, copied, settings)
            if weights is not None:
                given = None if weights == INITIAL else weights
                model = initial_model(graph, copied, settings, given, seed)
                save(model, draft / WEIGHTS)
            used = seed if weights == INITIAL else None
            write_manifest(draft, _facts(spec, settings, planned, used))
            prove(draft / "model.py", graph)
            return folder.publish(draft, name, force=force)


def _write_artefacts(draft: Path, spec: Spec, settings: Settings) -> Graph:
    """Write what is made of a spec; return its graph."""
    graph = graph_of(spec, settings)
    artefacts = {
        "model.py": python_module(graph),
        "graph.json": canonical_text(graph, spec, settings.max_nodes),
        "diagram.svg": diagram(graph).svg,
        "summary.txt": summary_source(graph),
    }
    for name, content in artefacts.items():
        write_new(draft / name, content.encode())
    return graph


def _copied(draft: Path, spec: Spec) -> Spec:
    """Write a spec and its imports into a folder; return the spec as read from there.

    Its messages name `spec.yaml`, wherever the folder is: artefacts do not depend on it.
    """
    if spec.canonical is not None:
        return spec
    files = bundled(spec.document, spec.text, spec.imports)
    for name, text in files.items():
        (draft / name).parent.mkdir(exist_ok=True)
        write_new(draft / name, text.encode())
    return read_spec(files["spec.yaml"], "spec.yaml", draft / "spec.yaml")


def _facts(spec: Spec, settings: Settings, graph: Graph, seed: int | None) -> dict[str, Json]:
    """Return what the manifest says beside the hashes: nothing of the time or the machine."""
    facts: dict[str, Json] = {
        "archc": __version__,
        "python": platform.python_version(),
        "torch": _version("torch"),
        "name": graph.title,
        "variant": settings.variant,
        "parameters": {
            name: encoded_constant(graph.parameters[name])
            for name in (*settings.parameters, *settings.texts)
        },
        "inputs": {n: list(sizes) for n, sizes in settings.inputs.items()},
        "spec": {"name": spec.name, "sha256": sha256(spec.text.encode())},
    }
    return facts if seed is None else {**facts, "seed": seed}


def _version(package: str) -> str:
    """Return the version of an installed package, without importing it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
