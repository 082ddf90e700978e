"""Loading a spec as an `nn.Module`."""

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from archc.artefacts import canonical_text
from archc.calling import check_flag, check_mappings, checked_names, settings_of
from archc.compiler import MAX_PARAMETERS, Settings, graph_of
from archc.diagnostics import Code, CompileError, Diagnostic
from archc.diagnostics.render import excerpt
from archc.given import CallError, check_path, not_of_type
from archc.interface import accountable, chosen
from archc.ir.graph import Graph
from archc.opening import Spec
from archc.passes.elaboration.nodes import MAX_NODES
from archc.runtime.choices import check_seed, floating_type, usable_device
from archc.runtime.modules import compiled, model_class
from archc.runtime.python_layers import python_layers
from archc.runtime.skipping import skip_random_numbers
from archc.runtime.weights import built_weights, load_weights

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Weights = str | os.PathLike[str] | Mapping[str, "Tensor"]


def load(
    spec: str | os.PathLike[str],
    variant: str | None = None,
    *,
    params: Mapping[str, object] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    weights: "str | os.PathLike[str] | Mapping[str, Tensor] | None" = None,
    device: "str | torch.device | None" = None,
    dtype: "str | torch.dtype | None" = None,
    ops: Mapping[str, type] | None = None,
    init: bool = True,
    seed: int | None = None,
    max_nodes: int = MAX_NODES,
    max_parameters: int = MAX_PARAMETERS,
    except_: Iterable[str] = (),
) -> "nn.Module":
    """Return the network of a spec as an ordinary module, in training mode.

    Args:
        spec: a path, or the name of a network that ships with archc. Of a build's folder the
            spec is compiled again and compared with its files; no `model.py` is ever executed.
        variant: one of the spec's variants; its name alone can stand for both.
        params: parameters of the spec.
        inputs: sizes of inputs, `{"image": (1, 3, 192, 192)}`.
        weights: a `.safetensors` file or a mapping of tensors such as `state_dict()`; every
            key must be there with its shape. A build that holds weights needs none.
        device: where the parameters are made, such as `"cuda"`.
        dtype: the floating-point type of parameters and buffers, such as `"float16"`, to which
            weights are converted.
        ops: classes of your own for the spec's `python:` layers, by the name they have there;
            naming one here is the permission to run it.
        init: False leaves parameters that would be random uninitialised.
        seed: the seed of the random numbers; the state of torch's generator is kept.
        max_nodes: a network that expands to more layers and functions is refused.
        max_parameters: a network with more is refused before anything is allocated.
        except_: keys and modules that the weights do not fill, such as a new head; one alone
            may stand for itself.

    Raises:
        CompileError: the spec is refused, the weights do not fit, or a build was changed.
        CallError: an argument is of the wrong kind, or names a device that is not there.
    """
    left = checked_names("except_", except_)
    _check_weights(weights, left)
    _check_classes(ops)
    check_flag("init", init)
    if seed is not None:
        check_seed(seed)
    place, kind = usable_device(device), floating_type(dtype)
    asked = settings_of(
        variant,
        params,
        inputs,
        max_nodes=max_nodes,
        max_parameters=max_parameters,
        training=True,
    )
    with accountable():
        asked = replace(asked, ops=python_layers(ops or {}))
        opened, settings = chosen(spec, None, asked)
        graph = graph_of(opened, settings)
        check_size(graph, settings.max_parameters)
        given = weights
        if weights is None and opened.build is not None:
            given = built_weights(opened.build, graph.parameter_count)
        with _constructing(place, seed, random=init and (given is None or bool(left))):
            model = bare_model(graph, opened, settings)
        if kind is not None:
            model = model.to(kind)
        if given is not None:
            fill(model, graph, given, except_=left, narrowing=kind is not None)
        return model


def initial_model(
    graph: Graph, spec: Spec, settings: Settings, weights: "Weights | None", seed: int
) -> "nn.Module":
    """Return the network of a graph with weights, or with those that it starts with.

    Raises:
        CompileError: the weights do not fit.
    """
    with _constructing(None, seed, random=weights is None):
        model = bare_model(graph, spec, settings)
    if weights is not None:
        fill(model, graph, weights)
    return model


def bare_model(graph: Graph, spec: Spec, settings: Settings) -> "nn.Module":
    """Return a module of a graph's compiled source, its parameters as the constructor has them."""
    module = compiled(graph, lambda: canonical_text(graph, spec, settings.max_nodes), settings)
    return model_class(module)()


def fill(
    model: "nn.Module",
    graph: Graph,
    weights: "Weights",
    *,
    except_: Iterable[str] = (),
    narrowing: bool = False,
) -> None:
    """Copy weights into the module of a graph; of tensors that are tied, one may be missing.

    Raises:
        CompileError: they do not fit.
    """
    optional = [name for name, _ in graph.ties]
    load_weights(model, weights, except_=except_, optional=optional, narrowing=narrowing)


def _check_weights(weights: object, left: tuple[str, ...]) -> None:
    """Refuse weights that are neither a path nor a mapping, and exceptions from no weights.

    Raises:
        CallError: it is so.
    """
    if isinstance(weights, (str, os.PathLike)):
        check_path("weights", cast("object", weights))
    elif weights is not None and not isinstance(weights, Mapping):
        raise CallError(f"weights are a path or tensors by name, {not_of_type(weights)}")
    if left and weights is None:
        raise CallError("except_ says what the weights leave out: give weights too")


def _check_classes(ops: Mapping[str, type] | None) -> None:
    """Refuse Python layers that are no classes by name.

    Raises:
        CallError: they are not.
    """
    check_mappings(ops=ops)
    for name, kind in (ops or {}).items():
        if not isinstance(cast("object", kind), type):
            raise CallError(f"ops has a class for `{excerpt(name)}`, {not_of_type(kind)}")


def check_size(graph: Graph, limit: int) -> None:
    """Refuse a network whose parameters would take more memory than was allowed.

    Raises:
        CompileError: it has more parameters than the limit.
    """
    if graph.parameter_count > limit:
        headline = f"{graph.title} has {graph.parameter_count:,} parameters; the limit is {limit:,}"
        advice = "if the memory is there: --max-parameters, or max_parameters in Python"
        raise CompileError([Diagnostic(Code.EXPANSION_LIMIT, headline, help=advice)], {})


@contextmanager
def _constructing(
    device: "torch.device | None", seed: int | None, *, random: bool
) -> Generator[None, None, None]:
    """Put in force what holds while a constructor runs: device, random numbers, their seed."""
    import torch

    with ExitStack() as stack:
        if device is not None:
            stack.enter_context(device)
        if not random:
            stack.enter_context(skip_random_numbers())
        if seed is not None:
            stack.enter_context(torch.random.fork_rng())  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            torch.manual_seed(seed)  # pyright: ignore[reportUnknownMemberType]
        yield
