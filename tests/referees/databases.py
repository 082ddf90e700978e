"""The calls in torch's own databases of modules and operators, which torch's tests run on."""

import contextlib
import inspect
import logging
import random
from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import nn

from archc import functions, layers
from tests.referees.calls import TorchCall, found

DTYPES = {torch.float32: None, torch.int64: 20, torch.bool: 20}
"""How many samples of each dtype: all, or the first."""
LATER = {"scaled_dot_product_attention": "attn_mask", "prelu": "weight"}
"""Keywords of torch that are tensors which flow in archc."""
OF_TWO = {"max": "maximum", "min": "minimum"}
"""Functions that are others where two tensors meet."""
AMONG_NUMBERS = ("gather", "take_along_dim")
"""Functions with a tensor behind a number."""


@cache
def module_database() -> dict[str, Any]:
    """Return torch's entries for the modules that archc has, by archc's name."""
    with _undisturbed():
        from torch.testing._internal.common_modules import module_db
    entries = {entry.name.removeprefix("nn."): entry for entry in module_db}
    return {name: entries[name] for name in sorted(layers.NAMES & entries.keys())}


@cache
def operator_database() -> dict[str, tuple[Any, ...]]:
    """Return torch's entries for the functions that archc has, by archc's name."""
    with _undisturbed():
        from torch.testing._internal.common_methods_invocations import op_db
    entries: dict[str, list[Any]] = {}
    for entry in op_db:
        entries.setdefault(entry.name, []).append(entry)
    named = {name: _rows(entries, torch_name(name)) for name in sorted(functions.NAMES)}
    return {name: tuple(rows) for name, rows in named.items() if rows}


def aliases_of_torch() -> dict[str, str]:
    """Return torch's other names of functions that archc has under one name alone."""
    found: dict[str, str] = {}
    for ours, rows in operator_database().items():
        for alias in (alias.name for row in rows for alias in row.aliases):
            if alias.rpartition(".")[2] not in functions.NAMES:
                found[alias] = ours
    return found


def _rows(entries: dict[str, list[Any]], name: str) -> list[Any]:
    return entries.get(name) or entries.get(name.removeprefix("nn.functional."), [])


def torch_name(function: str) -> str:
    """Return the name of a function in torch's database."""
    if function == "getitem":
        return "__getitem__"
    name = found(function).torch_name
    return name.removeprefix("torch.").replace("F.", "nn.functional.")


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Undo what the import of torch's tests changes: hypothesis' profile, logging, threads."""
    from hypothesis import settings

    profile = settings.get_current_profile_name()
    level, threads = logging.root.level, torch.get_num_threads()
    yield
    settings.load_profile(profile)
    logging.root.setLevel(level)
    torch.set_num_threads(threads)


def _seed() -> None:
    """Make the samples of a subject the same in every run: some are drawn."""
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)


def module_calls(subject: str) -> Iterator[TorchCall]:
    """Yield the calls of a module in torch's database: samples, then what must be refused."""
    _seed()
    entry = module_database()[subject]
    for training in (False, True):
        arguments = {"device": "cpu", "dtype": torch.float32, "requires_grad": False}
        arguments["training"] = training
        for sample in entry.module_inputs_func(entry, **arguments):
            yield _module_call(subject, entry.module_cls, sample, training)
        if entry.module_error_inputs_func:
            for error in entry.module_error_inputs_func(entry, **arguments):
                yield _module_call(subject, entry.module_cls, error.module_error_input, training)


def _module_call(subject: str, cls: type[nn.Module], sample: Any, training: bool) -> TorchCall:
    made, given = sample.constructor_input, sample.forward_input

    def run() -> tuple[nn.Module, Any]:
        module = cls(*made.args, **made.kwargs).train(training)
        return module, None if given is None else module(*given.args, **given.kwargs)

    forward = {} if given is None else _named_by(cls, given.args) | given.kwargs
    tensors = {name: _tensors(value) for name, value in forward.items() if _tensors(value)}
    others = {k: v for k, v in forward.items() if k not in tensors and v is not None}
    others.pop("need_weights", None)
    masks = tuple(name for name in tensors if name.endswith("mask"))
    keywords = made.kwargs | ({"masks": masks} if masks else {})
    inputs = tuple(x for values in tensors.values() for x in values)
    return TorchCall(subject, tuple(made.args), keywords, inputs, run, others)


def _named_by(cls: type[nn.Module], values: Sequence[Any]) -> dict[str, Any]:
    """Return the arguments of a module's call by the names that torch gives them."""
    _, *names = inspect.signature(cls.forward).parameters
    return dict(zip(names, values, strict=False))


def _tensors(value: Any) -> list[torch.Tensor]:
    """Return a tensor, or those of a recurrent layer's states."""
    values = value if isinstance(value, tuple) else (value,)
    return [x for x in values if isinstance(x, torch.Tensor)]


def operator_calls(subject: str) -> Iterator[TorchCall]:
    """Yield the calls of a function in torch's database: samples, then what must be refused."""
    _seed()
    for entry in operator_database()[subject]:
        for dtype in (dtype for dtype in DTYPES if dtype in entry.dtypes):
            for sample in islice(
                entry.sample_inputs_func(entry, "cpu", dtype, False), DTYPES[dtype]
            ):
                yield _operator_call(subject, entry, sample)
        if entry.error_inputs_func:
            for error in entry.error_inputs_func(entry, "cpu"):
                yield _operator_call(subject, entry, error.sample_input)


def _operator_call(subject: str, entry: Any, sample: Any) -> TorchCall:
    operands = [sample.input, *sample.args]
    if isinstance(sample.input, list | tuple):
        operands = [*sample.input, *sample.args]
    tensors: list[torch.Tensor] = []
    while operands and isinstance(operands[0], torch.Tensor):
        tensors.append(operands.pop(0))
    keywords = dict(sample.kwargs)
    if isinstance(keywords.get(LATER.get(subject)), torch.Tensor):
        tensors.append(keywords.pop(LATER[subject]))
    if subject in AMONG_NUMBERS:
        tensors += [x for x in operands if isinstance(x, torch.Tensor)]
        operands = [x for x in operands if not isinstance(x, torch.Tensor)]
    run = partial(_run_operator, entry, sample)
    if len(tensors) > 1:
        subject = OF_TWO.get(subject, subject)
    return TorchCall(subject, tuple(operands), keywords, tuple(tensors), run)


def _run_operator(entry: Any, sample: Any) -> tuple[None, Any]:
    return None, entry.op(sample.input, *sample.args, **sample.kwargs)
