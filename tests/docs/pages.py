"""The documentation as a reader works through it: every fence of a page, top to bottom.

What a fence's language means:

    yaml      a spec, or the part of one; it compiles, or fails with the code in `error=ARC402`.
              Keys that it leaves out (`archc`, `name`, `inputs`, `model`) are filled in.
              `title=a.yaml` writes it to that file for the commands below it.
    console   commands after `$ ` with all they print; a line `…` stands for any lines.
    python    run in the page's own namespace; a `text output` fence after it is what it prints.
              `title=a.py` writes it as a module that the fences below it import.
    sh        as console, without the output.
    text      read by people alone.
"""

import contextlib
import io
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import archc
from archc.cli import run

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
OPENING = re.compile(r"^( *)```(\w*) ?(.*)$")
HEAD = {
    "archc": "archc: 1\n",
    "name": "name: example\n",
    "inputs": "inputs:\n  image: [B, 3, H=32, W=32]\n",
    "model": "model:\n  - Flatten\n",
}
"""What the harness puts in front of a spec that leaves it out."""


@dataclass(frozen=True)
class Fence:
    """One fenced block: where it starts, what it is, what it holds."""

    line: int
    language: str
    words: tuple[str, ...]
    text: str
    indent: str = ""

    def word(self, name: str) -> str:
        """Return the value of `name=value` after the language, empty where there is none."""
        found = [w.removeprefix(f"{name}=") for w in self.words if w.startswith(f"{name}=")]
        return found[0] if found else ""


def fences(text: str) -> Iterator[Fence]:
    """Yield every fenced block of a page."""
    lines = text.splitlines()
    start = 0
    while start < len(lines):
        opening = OPENING.match(lines[start])
        if not opening:
            start += 1
            continue
        indent, language, rest = opening.groups()
        end = lines.index(f"{indent}```", start + 1)
        inner = "\n".join(line.removeprefix(indent) for line in lines[start + 1 : end])
        yield Fence(start + 1, language, tuple(rest.split()), inner, indent)
        start = end + 1


def prose(text: str) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.DOTALL | re.MULTILINE)


@dataclass
class Walk:
    """A reader's way down one page, in a folder of their own."""

    folder: Path
    namespace: dict[str, object] = field(default_factory=dict[str, object], repr=False)
    status: int = 0
    printed: str = ""
    problems: list[str] = field(default_factory=list[str])

    def page(self, path: Path) -> str:
        """Do what a page says; return the page with the real output in place of the shown."""
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        changes: list[tuple[Fence, str]] = []
        for fence in fences(text):
            where = f"{path.relative_to(ROOT)}:{fence.line}"
            try:
                shown = self.fence(fence)
            except Exception as error:
                self.problems.append(f"{where}: {type(error).__name__}: {error}")
                continue
            if shown is not None and not agrees(fence.text, shown):
                self.problems.append(f"{where}: the page shows\n{fence.text}\nreal is\n{shown}")
                changes.append((fence, shown))
        for fence, shown in reversed(changes):
            size = len(fence.text.splitlines()) if fence.text else 0
            new = [(fence.indent + line).rstrip() for line in shown.splitlines()]
            lines[fence.line : fence.line + size] = new
        return "\n".join(lines) + "\n"

    def fence(self, fence: Fence) -> str | None:
        """Do what one fence says; return the text it should hold, None where any is right."""
        match fence.language:
            case "yaml":
                return self.spec(fence)
            case "console":
                return self.console(fence.text)
            case "sh":
                for command in fence.text.splitlines():
                    self.command(command)
            case "python":
                self.printed = self.python(fence)
            case "text" if "output" in fence.words:
                return self.printed.rstrip()
            case "text" | "bibtex" | "ebnf":
                pass
            case other:
                raise AssertionError(f"no fence is `{other}`: see tests/docs/pages.py")
        return None

    def spec(self, fence: Fence) -> None:
        """Check a spec, or write it where it has a title; a title's errors show in commands."""
        title, wanted = fence.word("title"), fence.word("error")
        text = completed(fence.text)
        if title:
            assert fence.text.startswith("archc:"), "a file is shown whole"
            path = self.folder / title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
            report = archc.check(path)
        else:
            report = archc.check(text=text)
        codes = {str(found.code) for found in report.diagnostics}
        if codes != set(filter(None, wanted.split(","))):
            raise AssertionError(f"wanted {wanted or 'no error'}, found {codes}\n{report}")

    def console(self, text: str) -> str:
        """Run every command of a console; return it with the real output."""
        shown: list[str] = []
        for line in text.splitlines():
            if line.startswith("$ "):
                shown += [line, *self.command(line[2:]).splitlines()]
        return "\n".join(line.rstrip() for line in shown).rstrip()

    def command(self, command: str) -> str:
        """Run one command as a shell would; return what it prints, both streams in order."""
        words = shlex.split(command)
        simple = not re.search(r"[|<>&;$*]", command)
        if command == "echo $?":
            return f"{self.status}\n"
        if words[0] == "make":
            return made(words[1:])
        if words[0] == "archc" and simple:
            with captured() as out:
                self.status = run(words[1:])
            return out.getvalue()
        if words[0] == "python" and simple and len(words) == 2:
            with captured() as out:
                runpy.run_path(words[1], run_name="__main__")
            return out.getvalue()
        done = subprocess.run(
            ["/bin/sh", "-c", f'PATH="{Path(sys.executable).parent}:$PATH"; {command}'],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            check=False,
            timeout=60,
        )
        self.status = done.returncode
        return done.stdout.decode()

    def python(self, fence: Fence) -> str:
        """Run a Python fence in the page's namespace; return what it prints.

        One with a title is a module: it is written, and can be imported from there.
        """
        if title := fence.word("title"):
            (self.folder / title).write_text(fence.text, encoding="utf-8")
            if str(self.folder) not in sys.path:
                sys.path.append(str(self.folder))
            return ""
        source = "\n" * fence.line + fence.text
        with captured() as out:
            exec(compile(source, "<page>", "exec"), self.namespace)
        return out.getvalue()


def made(targets: list[str]) -> str:
    """Hold a Makefile to a `make` command: each target is there. Running it is the CI's work."""
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in targets:
        assert re.search(rf"^{re.escape(target)}:", rules, re.MULTILINE), f"no target `{target}`"
    return ""


def completed(text: str) -> str:
    """Return a spec with the keys it leaves out, in front of what it has."""
    has = {m.group(1) for m in re.finditer(r"^([a-z]+):", text, re.MULTILINE)}
    if "archc" in has:
        return text
    missing = [line for key, line in HEAD.items() if key not in has]
    return "".join(missing) + text


@contextlib.contextmanager
def captured() -> Iterator[io.StringIO]:
    """Collect what is printed on both streams."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        yield out


def agrees(shown: str, real: str) -> bool:
    """Return whether a text is the real one; a line `…` stands for any lines, none included."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line.rstrip()) + r"\n"
        for line in shown.splitlines()
    )
    return re.fullmatch(pattern, real.rstrip() + "\n" if real.strip() else "") is not None


def links(text: str) -> list[str]:
    """Return the targets of a page's links and pictures."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(text))


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives a page's headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.strip().replace(" ", "-"))
    return found


__all__ = ["PAGES", "ROOT", "Fence", "Walk", "agrees", "anchors", "fences", "links"]
