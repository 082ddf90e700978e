"""Every page says what is true: its specs compile, its commands print what it shows."""

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Walk, agrees, anchors, completed, fences, links

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
LONG = {"docs/commands.md", "docs/python-api.md"}
FOLLOWED = [
    pytest.param(page, id=name, marks=[pytest.mark.slow] if name in LONG else [])
    for page, name in zip(PAGES, NAMES, strict=True)
]
"""The pages to work through; those that build and load networks take the most time."""
IMAGES = ROOT / "docs" / "images"


@pytest.mark.parametrize("page", FOLLOWED)
def test_page_followed_step_by_step_holds(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    walk = Walk(tmp_path)
    real = walk.page(page)
    if update_golden and real != page.read_text(encoding="utf-8"):
        page.write_text(real, encoding="utf-8")
    if update_golden:
        _keep_images(tmp_path)
    if walk.problems:
        pytest.fail("\n\n".join(walk.problems), pytrace=False)
    _compare_images(tmp_path)


def _keep_images(folder: Path) -> None:
    for drawn in folder.glob("*.svg"):
        if (IMAGES / drawn.name).exists():
            (IMAGES / drawn.name).write_bytes(drawn.read_bytes())


def _compare_images(folder: Path) -> None:
    """Hold the picture in the docs to the one that the page's own command drew."""
    for drawn in folder.glob("*.svg"):
        kept = IMAGES / drawn.name
        if kept.exists():
            assert kept.read_text() == drawn.read_text(), (
                f"docs/images/{drawn.name} is stale: run pytest tests/docs --update-golden"
            )


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_page_links_resolve(page: Path) -> None:
    for target in links(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{page.name}: {target}"


def test_every_image_is_drawn_by_a_command_of_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for image in IMAGES.glob("*"):
        assert f"$ archc draw {image.stem}.yaml\n" in text, f"no command draws {image.name}"
        assert f"images/{image.name})" in text, f"no page shows {image.name}"


def test_agreement_refuses_a_changed_line_and_allows_an_elision() -> None:
    assert agrees("a\n…\nd", "a\nb\nc\nd")
    assert agrees("a\n…", "a")
    assert not agrees("a\n…\nd", "a\nb\nc\ne")
    assert not agrees("a", "a\nb")


def test_walk_reports_a_spec_that_does_not_compile(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    good, bad = fences("```yaml\nmodel: ReLU\n```\n```yaml error=ARC302\nmodel: RelU\n```\n")
    walk.fence(good)
    walk.fence(bad)
    with pytest.raises(AssertionError, match="wanted no error"):
        walk.spec(type(bad)(1, "yaml", (), bad.text))


def test_walk_reports_output_that_differs(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    (fence,) = fences("```console\n$ archc --version\narchc 0.0.0\n```\n")
    assert walk.fence(fence) != fence.text


def test_completed_keeps_a_whole_spec() -> None:
    whole = "archc: 1\nname: a\n"
    assert completed(whole) == whole
    assert completed("model: ReLU").endswith("model: ReLU")
