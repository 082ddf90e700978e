"""Which path a layer gets: the key of its weights."""

import pytest

import archc

HEAD = (
    "archc: 1\nname: net\nparams: {norm: false, n: 2}\ninputs:\n  image: [B, 3, H=8, W=8]\nmodel:\n"
)


def keys(body: str, **params: object) -> list[str]:
    """Return the weights of a model's lines, by their keys."""
    report = archc.check(text=HEAD + body, params=params)
    assert report.graph is not None, str(report)
    names = [key.name for key in report.graph.keys]
    return [name.removesuffix(".weight") for name in names if name.endswith(".weight")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("  - Conv2d(4, 1)\n  - ReLU\n  - Conv2d(5, 1)\n", ["0", "2"]),
        ("  - Conv2d(4, 1) -> relu\n  - Conv2d(5, 1)\n", ["0", "1"]),
        ("  - relu\n  - Conv2d(5, 1)\n", ["0"]),
        ("  - Conv2d(4, 1) -> Conv2d(5, 1)\n  - Conv2d(6, 1)\n", ["0.0", "0.1", "1"]),
        ("  a: Conv2d(4, 1) -> relu\n", ["a"]),
        ("  a: Conv2d(4, 1) -> Conv2d(5, 1)\n", ["a.0", "a.1"]),
        ("  a: Conv2d(4, 1) * n\n", ["a.0", "a.1"]),
        ("  a: Conv2d(4, 1) * 1\n", ["a.0"]),
        ("  a: Conv2d(4, 1) * 0 -> Conv2d(5, 1)\n", ["a"]),
        ("  - Conv2d(4, 1) * n\n  - Conv2d(5, 1)\n", ["0", "1", "2"]),
        ("  a: (Conv2d(4, 1) -> relu) * n\n", ["a.0", "a.1"]),
        ("  a: (Conv2d(4, 1) -> Conv2d(5, 1)) * n\n", ["a.0.0", "a.0.1", "a.1.0", "a.1.1"]),
        ("  a: (Conv2d(4, 1) if norm) -> Conv2d(5, 1)\n", ["a"]),
        ("  a: (Conv2d(4, 1) if n == 2) -> Conv2d(5, 1)\n", ["a.0", "a.1"]),
        ("  - Conv2d(4, 1) if norm\n  - Conv2d(5, 1)\n", ["0"]),
        ("  - for i in range(n):\n      - Conv2d(4, 1)\n  - Conv2d(5, 1)\n", ["0", "1", "2"]),
        ("  for i in range(n):\n    conv{i}: Conv2d(4, 1)\n", ["conv0", "conv1"]),
        ("  a:\n    - - Conv2d(4, 1)\n    - b: Conv2d(5, 1)\n", ["a.0.0", "a.1.b"]),
    ],
)
def test_path_of_a_layer_is_where_it_stands(body: str, expected: list[str]) -> None:
    assert keys(body) == expected


def test_condition_of_a_parenthesis_asks_the_input_of_its_own_stage() -> None:
    body = "  a: Conv2d(4, 1) -> (Conv2d(5, 1) if in_channels == {n}) -> Conv2d(6, 1)\n"
    assert keys(body.replace("{n}", "3")) == ["a.0", "a.1"]
    assert keys(body.replace("{n}", "4")) == ["a.0", "a.1", "a.2"]
