"""docs/layers.md is what the classes say."""

import importlib.util
import sys
from types import ModuleType

from archc import functions, layers
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "layers.md"


def _generator() -> ModuleType:
    place = ROOT / "scripts" / "layer_reference.py"
    spec = importlib.util.spec_from_file_location("layer_reference", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["layer_reference"] = module
    spec.loader.exec_module(module)
    return module


def test_layer_reference_is_up_to_date(update_golden: bool) -> None:
    real = _generator().reference()
    if update_golden:
        PAGE.write_text(real, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == real, (
        "run python scripts/layer_reference.py > docs/layers.md"
    )


def test_layer_reference_has_every_name() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in layers.NAMES | functions.NAMES:
        assert f"\n### {name}\n" in text


def test_every_argument_is_described() -> None:
    for name in layers.NAMES:
        for field, info in layers.find(name).fields().items():
            assert info.description, f"{name}.{field}"
