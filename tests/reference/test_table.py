"""specs/README.md says what the specs are."""

import pytest

from archc.catalogue import specs_folder
from tests.reference.table import PAPERS, page


@pytest.mark.slow
def test_readme_of_the_specs_is_the_generated_one(update_golden: bool) -> None:
    readme = specs_folder() / "README.md"
    if update_golden:
        readme.write_text(page(), encoding="utf-8")
    assert readme.read_text(encoding="utf-8") == page()


def test_every_source_is_of_a_spec() -> None:
    assert set(PAPERS) == {path.stem for path in specs_folder().glob("*.yaml")}
