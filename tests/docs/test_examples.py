"""Every example runs, says what its first lines promise, and leaves no file behind elsewhere."""

import runpy
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SAYS = {
    "auxiliary_heads": "eval: [4, 10]",
    "espresso": "coffee: espresso 94%",
    "feature_maps": "16 maps of [10, 10]",
    "find_the_face": "a face from (178, 63) to (265, 172), 100% sure",
    "first_layers": "a network of its own: [1, 2]",
    "initialisation": "an edge: [0.0, 0.0, -4.0, -4.0, 0.0, 0.0]",
    "modules_and_parameters": "trained: 1,082,570 of 1,175,818",
    "run_vgg16": "gives logits [1, 1000]",
    "torchvision_weights": "largest difference 0.0",
    "train": "the saved network says the same: True",
}


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs_and_says_what_it_promises(
    example: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    before = set((ROOT / "examples").iterdir())
    runpy.run_path(str(example), run_name="__main__")
    assert SAYS[example.stem] in capsys.readouterr().out
    assert set((ROOT / "examples").iterdir()) == before


def test_every_example_has_a_promise() -> None:
    assert {example.stem for example in EXAMPLES} == set(SAYS)
