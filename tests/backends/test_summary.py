"""The summary's four forms, on a network small enough to count by hand."""

import csv
import io
import json

import pytest

from archc.backends.keys import keys_json, keys_text
from archc.backends.summary import (
    print_summary,
    summary_csv,
    summary_json,
    summary_markdown,
    summary_text,
)
from archc.ir.costs import Summary
from archc.passes.summarize import summarize
from tests.backends.networks import graph_of, network

SPEC = """\
archc: 1
name: small
inputs:
  image: [B, 3, H=8, W=8]
model:
  conv: Conv2d(4, 3, padding=1) -> relu
  flatten: Flatten
  fc: Linear(10)
"""


@pytest.fixture(name="table")
def small_table() -> Summary:
    return summarize(graph_of(SPEC))


def test_summary_json_has_exactly_the_published_keys(table: Summary) -> None:
    document = json.loads(summary_json(table))
    convolution = 3 * 4 * 9
    assert (
        list(document)
        == (
            "name parameters buffers macs weight_bytes inference_bytes training_bytes input output "
            "field_axes layers"
        ).split()
    )
    assert document["name"] == "small"
    assert document["parameters"] == convolution + 4 + 256 * 10 + 10
    assert document["macs"] == convolution * 64 + 256 * 10
    assert document["input"] == {"image": ["B", 3, 8, 8]}
    assert document["output"] == {"output": ["B", 10]}
    assert document["layers"][0] == {
        "path": "conv",
        "op": "Conv2d(4, 3, padding=1)",
        "output_shape": ["B", 4, 8, 8],
        "parameters": convolution + 4,
        "buffers": 0,
        "macs": convolution * 64,
        "activation_bytes": 4 * 8 * 8 * 4,
        "weight_bytes": (convolution + 4) * 4,
        "receptive_field": [3, 3],
        "stride": [1, 1],
        "padding": [1, 1],
    }
    assert [layer["path"] for layer in document["layers"]] == ["conv", "relu", "flatten", "fc"]


def test_summary_text_is_a_table_with_units_and_separators(table: Summary) -> None:
    lines = summary_text(table).splitlines()
    assert lines[0] == "small: image [B, 3, 8, 8] → output [B, 10]"
    assert "parameters (numbers)" in lines[2] and "MACs (multiply-adds)" in lines[2]
    row = " ".join(lines[4].split())
    assert row == "conv Conv2d(4, 3, padding=1) [B, 4, 8, 8] 112 6,912 3×3 /1"
    assert lines[-4].split() == ["total", "2,682", "9,472"]
    assert lines[-2] == "2,682 trainable parameters, 9,472 multiply-adds for one sample"
    # weights 4 · 2,682; conv's result and relu's are 4·8·8·4 = 1,024 bytes each, the image 768,
    # the last one 40; flatten is a view
    assert lines[-1] == (
        "10.5 KiB of weights; activations of one sample: at most 2.0 KiB at a time in inference, "
        "2.8 KiB kept for a training step"
    )


def test_summary_text_has_no_trailing_space_and_is_the_same_each_time(table: Summary) -> None:
    text = summary_text(table)
    assert text == summary_text(summarize(graph_of(SPEC)))
    assert all(line == line.rstrip() for line in text.splitlines())


def test_summary_text_says_that_heads_count_nothing() -> None:
    assert summary_text(summarize(network("googlenet"))).splitlines()[-1] == (
        "layers that run in training alone count 0 MACs here; --mode train counts them"
    )


def test_summary_markdown_has_one_row_a_layer_and_a_total(table: Summary) -> None:
    rows = [line for line in summary_markdown(table).splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(table.rows) + 1
    assert rows[-1] == "| **total** |  |  | **2,682** | **9,472** |  |"


def test_summary_csv_reads_back_as_plain_numbers(table: Summary) -> None:
    rows = list(csv.DictReader(io.StringIO(summary_csv(table))))
    assert sum(int(row["parameters"]) for row in rows) == 2_682
    assert sum(int(row["macs"]) for row in rows) == 9_472


def test_summary_on_a_terminal_keeps_the_brackets_of_shapes(
    table: Summary, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    print_summary(table)
    assert "[B, 4, 8, 8]" in capsys.readouterr().out


def test_keys_are_listed_in_order_with_shapes_and_dtypes() -> None:
    graph = graph_of(SPEC)
    rows = json.loads(keys_json(graph))
    assert [(row["key"], row["shape"]) for row in rows] == [
        ("conv.weight", [4, 3, 3, 3]),
        ("conv.bias", [4]),
        ("fc.weight", [10, 256]),
        ("fc.bias", [10]),
    ]
    first = keys_text(graph).splitlines()[0]
    assert " ".join(first.split()) == "conv.weight [4, 3, 3, 3] float32"
