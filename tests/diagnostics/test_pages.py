"""The pages on errors show what archc really prints: each message is made anew.

It is made from the spec above it, or by the command above it in a folder that holds what the
page speaks of.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import archc
from archc import compiler
from archc.backends import rendering
from archc.diagnostics import Code
from archc.runtime import build as building
from tests.cli.command import written
from tests.diagnostics.checking import message_on
from tests.diagnostics.test_codes import OUTSIDE_OF_SPECS
from tests.docs.pages import Walk

PAGES = Path(__file__).parents[2] / "docs" / "errors"
_EXAMPLE = re.compile(r"```yaml\n(?P<spec>.*?)```\n\n```text\n(?P<text>.*?)```", re.DOTALL)


def updated(page: str) -> str:
    """Return a page with the message after each spec made anew."""

    def example(match: re.Match[str]) -> str:
        head = page[match.start() : match.start("text")]
        return f"{head}{message_on(match['spec'], 'spec.yaml')}```"

    return _EXAMPLE.sub(example, page)


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.md")), ids=lambda path: path.stem)
def test_page_shows_the_messages_that_archc_prints(path: Path, update_golden: bool) -> None:
    page = path.read_text(encoding="utf-8")
    if update_golden:
        page = updated(page)
        path.write_text(page, encoding="utf-8")
    assert page == updated(page)


SPECS = Path(__file__).parents[2] / "specs"
LENET = """\
archc: 1
name: lenet
inputs: {image: [B, 1, 28, 28]}
model:
  features: Conv2d(6, 5) -> tanh -> AvgPool2d(2) -> flatten(1)
  classifier: Linear(10)
"""


def _two_networks(folder: Path, _patch: pytest.MonkeyPatch) -> None:
    text = LENET.replace("name: lenet", "name: resnet50")
    written(folder, text, "networks/deep.yaml")
    written(folder, text, "networks/residual.yaml")


def _files_of_another(folder: Path, _patch: pytest.MonkeyPatch) -> None:
    written(folder, "mine\n", "models/lenet/notes.txt")


def _a_dying_renderer(folder: Path, patch: pytest.MonkeyPatch) -> None:
    written(folder, LENET, "huge.yaml")
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    real = rendering.subprocess.run
    patch.setattr(
        rendering.subprocess,
        "run",
        lambda command, **options: real([command[0], "-c", killed], **options),
    )


def _weights_of_another(folder: Path, _patch: pytest.MonkeyPatch) -> None:
    from archc.runtime.weights import save

    other = written(folder, LENET.replace("classifier:", "fc:"), "other.yaml")
    save(archc.load(other), folder / "other.safetensors")


def _an_edited_canonical_form(folder: Path, _patch: pytest.MonkeyPatch) -> None:
    from archc.cli import run

    with pytest.MonkeyPatch.context() as patch:
        printed: list[str] = []
        patch.setattr("builtins.print", lambda *texts, **_: printed.append(str(texts[0])))
        assert run(["expand", str(folder / "lenet.yaml"), "--json"]) == 0
    assert '"shape": ["B", 10]' in printed[0]
    text = printed[0].replace('"shape": ["B", 10]', '"shape": ["B", 64]')
    written(folder, text, "edited.json")


def _an_edited_build(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(building, "prove", lambda *_: None)
    model = archc.build(folder / "lenet.yaml", output=folder / "build") / "model.py"
    model.write_text(model.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")


def _a_fault(_folder: Path, patch: pytest.MonkeyPatch) -> None:
    source = "\n" * 41 + "def elaborated(*_arguments): ()[0]"
    made: dict[str, object] = {}
    exec(compile(source, "shapes.py", "exec"), made)
    patch.setattr(compiler, "elaborated", made["elaborated"])


def _a_pickle(folder: Path, _patch: pytest.MonkeyPatch) -> None:
    (folder / "lenet.pth").write_bytes(b"\x80\x04.")


def _nothing_more(_folder: Path, _patch: pytest.MonkeyPatch) -> None:
    pass


SITUATIONS: dict[Code, Callable[[Path, pytest.MonkeyPatch], None]] = {
    Code.UNREADABLE_FILE: _nothing_more,
    Code.UNKNOWN_VARIANT: _nothing_more,
    Code.DUPLICATE_NETWORK: _two_networks,
    Code.OUTPUT_EXISTS: _files_of_another,
    Code.OUTPUT_FAILED: _nothing_more,
    Code.DRAWING_FAILED: _a_dying_renderer,
    Code.WEIGHTS_MISMATCH: _weights_of_another,
    Code.WEIGHTS_UNREADABLE: _a_pickle,
    Code.CANONICAL_MISMATCH: _an_edited_canonical_form,
    Code.BUILD_CHANGED: _an_edited_build,
    Code.INTERNAL: _a_fault,
}
"""What is wrong in the folder where the page of a code is followed, beside `lenet.yaml`."""


def test_every_code_outside_of_specs_has_its_situation() -> None:
    assert SITUATIONS.keys() == OUTSIDE_OF_SPECS


@pytest.mark.parametrize("code", SITUATIONS, ids=str)
def test_page_of_a_code_outside_of_specs_shows_what_its_command_prints(
    code: Code, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, LENET, "lenet.yaml")
    written(tmp_path, (SPECS / "resnet.yaml").read_text(encoding="utf-8"), "resnet.yaml")
    SITUATIONS[code](tmp_path, monkeypatch)
    walk = Walk(tmp_path)
    page = PAGES / f"{code}.md"
    real = walk.page(page)
    if update_golden:
        page.write_text(real, encoding="utf-8")
    elif walk.problems:
        pytest.fail("\n\n".join(walk.problems), pytrace=False)
    assert walk.status == code.exit_status


@pytest.mark.parametrize("code", list(Code), ids=str)
def test_page_of_a_code_shows_a_message_of_that_code_alone(code: Code) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    found = re.findall(r"^(?:error|warning)\[(ARC\d{3})\]", page, re.MULTILINE)
    assert found
    assert set(found) == {str(code)}


def test_index_lists_every_code_once() -> None:
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(ARC\d{3})\]\(\1\.md\)", index, re.MULTILINE)
    assert listed == sorted(map(str, Code))


MISTAKES = {
    "A kernel that does not fit its input": ("ARC401", "use a kernel of at most"),
    "A shortcut that is missing": ("ARC402", "1×1 convolution"),
    "Branches of unlike sizes": ("ARC403", "padding=2 (k // 2)"),
    "A layer pasted from PyTorch": ("ARC207", "in_channels is inferred: drop the 3"),
    "A name used before its line": ("ARC301", "move this line below line"),
}


@pytest.mark.parametrize("title", MISTAKES)
def test_common_mistake_is_explained_with_its_fix_alone(title: str) -> None:
    code, advice = MISTAKES[title]
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    section = index.split(f"### {title}\n", 1)[1].split("\n### ", 1)[0]
    example = _EXAMPLE.search(section)
    assert example is not None
    message = message_on(example["spec"], "spec.yaml")
    assert message.count("error[") == 1
    assert message.startswith(f"error[{code}]")
    assert advice in message
