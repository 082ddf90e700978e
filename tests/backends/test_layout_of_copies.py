"""Copies that are too long for a line: the comprehension breaks, and stays Python."""

import ast

import pytest

from archc.artefacts import python_module
from tests.backends.networks import graph_of

HEAD = "archc: 1\nname: long\ninputs:\n  x: [B, L=5, 2]\nmodel:\n"


@pytest.mark.parametrize("arguments", ["dim_feedforward=4", "dim_feedforward=4, dropout=0.25"])
@pytest.mark.parametrize("layout", ["  layers: {} * 2\n", "  - {} * 3\n", "  a:\n    - {} * 2\n"])
def test_long_copies_break_into_element_and_loop(arguments: str, layout: str) -> None:
    layer = f"TransformerEncoderLayer(1, {arguments}, batch_first=True, norm_first=True)"
    source = python_module(graph_of(HEAD + layout.format(layer)))
    ast.parse(source)
    assert all(len(line) <= 100 for line in source.splitlines())
    assert "range(2),\n" not in source
