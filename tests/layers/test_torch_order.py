"""Arguments beyond the positional ones are named in the order of torch's constructors."""

from inspect import signature

import pytest
from torch import nn

from archc import layers

_OF_RECURRENT = ("hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")
"""torch's recurrent layers take `*args`; their documentation names these behind `input_size`."""
IN_TORCH = [name for name in sorted(layers.NAMES) if isinstance(getattr(nn, name, None), type)]


def torch_order(name: str) -> list[str]:
    """Return the arguments of torch's constructor in order, without those archc infers."""
    if name in {"RNN", "LSTM", "GRU"}:
        return [*_OF_RECURRENT]
    known = signature(getattr(nn, name).__init__).parameters
    return [n for n in known if n != "self" and n not in layers.find(name).inferred_names]


@pytest.mark.parametrize("name", [n for n in IN_TORCH if n not in {"Parameter", "Buffer"}])
def test_arguments_by_name_come_in_the_order_of_torch(name: str) -> None:
    layer = layers.find(name)
    expected = [n for n in torch_order(name) if n not in layer.positional]
    ours = layer.by_name_alone()
    common = min(len(ours), len(expected))
    assert [*ours[:common]] == expected[:common]
