"""Mistakes deep inside networks that come with archc: the place is right, and so is the fix."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from archc.compiler import Settings, check_spec
from archc.diagnostics import Advice, CompileError, Diagnostic, Proposal
from archc.diagnostics.fixes import fixed, made, replacements
from archc.opening import read_spec

PAGE = Path(__file__).parents[2] / "docs" / "errors" / "inside-blocks.md"
SPECS = Path(__file__).parents[2] / "specs"
MISTAKES = {
    "a shortcut without its stride": (
        ("resnet", "resnet50"),
        "Shortcut(planes * 4, stride, Norm) from x",
        "Shortcut(planes * 4, 1, Norm) from x",
        "Shortcut(planes * 4, stride, Norm) from x",
        ("layer2.0", "Block(planes, stride)"),
    ),
    "a shortcut whose condition asks half": (
        ("resnet", "resnet50"),
        "if stride != 1 or x.channels != planes * 4",
        "if stride != 1",
        "if stride != 1 or x.channels != planes * 4",
        ("layer1.0", "Block(planes, stride)"),
    ),
    "a branch without its padding": (
        ("googlenet", None),
        "Conv(c5, k5, padding=k5 // 2)",
        "Conv(c5, k5)",
        "Conv(c5, k5, padding=k5 // 2)",
        ("inception3a", "Inception(64, 96, 128, 16, 32, 32)"),
    ),
    "a pool with the stride it has by default": (
        ("googlenet", None),
        "MaxPool2d(3, stride=1, padding=1, ceil_mode=True) -> Conv(pool, 1)",
        "MaxPool2d(3, padding=1, ceil_mode=True) -> Conv(pool, 1)",
        "MaxPool2d(3, padding=1, ceil_mode=True, stride=1) -> Conv(pool, 1)",
        ("inception3a", "Inception(64, 96, 128, 16, 32, 32)"),
    ),
    "an enlargement that makes one too many": (
        ("unet", None),
        "ConvTranspose2d(out, 2, stride=2) from x",
        "ConvTranspose2d(out, 3, stride=2) from x",
        "ConvTranspose2d(out, 3, stride=2, padding=1, output_padding=1) from x",
        ("up1", "Up(base * 8)"),
    ),
}


UNCERTAIN = {
    "a shortcut whose condition asks half",
    "a pool with the stride it has by default",
    "an enlargement that makes one too many",
}
"""What another change could mend as well, so that `--fix` leaves it to a person."""


def followed(mistake: Diagnostic, text: str) -> str:
    """Return a text with the changes that a message names, certain or not."""
    assert isinstance(mistake.help, Proposal)
    advice = Advice(mistake.help, *mistake.help.edits)
    return made(text, replacements(replace(mistake, help=advice), text))


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_inside_blocks_is_told_with_its_calls_and_mended(name: str) -> None:
    (stem, variant), right, wrong, cure, (path, call) = MISTAKES[name]
    file = f"{stem}.yaml"
    good = (SPECS / file).read_text(encoding="utf-8")
    assert right in good

    def found(text: str) -> tuple[Diagnostic, ...]:
        try:
            return check_spec(read_spec(text, file), Settings(variant=variant)).diagnostics
        except CompileError as error:
            return error.diagnostics

    bad = good.replace(right, wrong)
    (mistake,) = found(bad)
    assert mistake.calls[0].startswith(path)
    assert call in mistake.calls[0]
    is_certain = name not in UNCERTAIN
    assert isinstance(mistake.help, Advice) is is_certain
    mended = followed(mistake, bad)
    assert mended == good.replace(right, cure)
    assert fixed(bad, file, found) == ((mended, [mistake]) if is_certain else (bad, []))
    assert [d for d in found(mended) if "expected" not in d.headline] == []


def changed(before: str, after: str) -> str:
    """Return the lines that a change takes out and puts in, as a diff shows them."""
    pairs = zip(before.split("\n"), after.split("\n"), strict=True)
    (taken, put), *others = [(a, b) for a, b in pairs if a != b]
    assert not others
    return f"```diff\n-{taken}\n+{put}\n```"


def section(name: str) -> str:
    """Return what the page says of a mistake: the change, the message, the line mended."""
    (stem, variant), right, wrong, cure, _ = MISTAKES[name]
    good = (SPECS / f"{stem}.yaml").read_text(encoding="utf-8")
    bad = good.replace(right, wrong)
    spec = read_spec(bad, f"{stem}.yaml")
    message = str(check_spec(spec, Settings(variant=variant)))
    fix = changed(bad, good.replace(right, cure))
    of = f"`{variant}` of `{stem}.yaml`" if variant else f"`{stem}.yaml`"
    return (
        f"## {name[0].upper()}{name[1:]}\n\nIn {of}:\n\n{changed(good, bad)}\n\n"
        f"```text\n{message}\n```\n\n`--fix` writes\n\n{fix}\n"
    )


def test_page_shows_each_mistake_with_its_message_and_its_fix(update_golden: bool) -> None:
    page = PAGE.read_text(encoding="utf-8")
    introduction = page[: page.index("## ")]
    real = introduction + "\n".join(map(section, MISTAKES))
    if update_golden:
        PAGE.write_text(real, encoding="utf-8")
        page = real
    assert page == real


def test_a_skip_from_the_wrong_depth_names_the_one_that_fits() -> None:
    text = (SPECS / "unet.yaml").read_text(encoding="utf-8")
    wrong = text.replace("from up1, down2", "from up1, down1")
    (mistake,) = check_spec(read_spec(wrong, "unet.yaml")).diagnostics
    assert mistake.help == (
        "`down2` has the size of `up`: pass it as `skip` to `Up(base * 4)` on line 34"
    )
