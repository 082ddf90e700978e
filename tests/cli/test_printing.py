"""`archc summary`, `expand`, `keys`, `list`, `layers`, `explain` and every `--help`."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.command import NET, archc, written

pytestmark = pytest.mark.slow

COMMANDS = ("check", "build", "draw", "summary", "expand", "keys", "list", "layers", "explain")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_of_every_command_shows_an_example(command: str) -> None:
    done = archc(*command.split(), "--help")
    assert done.status == 0
    assert "Examples:\n    archc " in done.out or "Examples:\n  archc " in done.out


def test_version_prints_the_package_version() -> None:
    assert archc("--version").out.startswith("archc 0.")


@pytest.mark.slow
def test_summary_in_each_format_holds_the_total(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert "162 trainable parameters" in archc("summary", path).out
    assert "| `fc` |" in archc("summary", path, "--format", "markdown").out
    assert json.loads(archc("summary", path, "--format", "json").out)["macs"] == 6952
    assert archc("summary", path, "--format", "csv").out.startswith("path,")


def test_keys_prints_the_state_dict_in_order(tmp_path: Path) -> None:
    done = archc("keys", written(tmp_path), "--json", "-p", "width=2")
    assert [entry["key"] for entry in json.loads(done.out)] == [
        "conv.weight",
        "conv.bias",
        "fc.weight",
        "fc.bias",
    ]


def test_expand_prints_a_spec_that_reads_back(tmp_path: Path) -> None:
    expanded = archc("expand", written(tmp_path)).out
    assert "162 parameters" in archc("check", "-", stdin=expanded.encode()).out


@pytest.mark.slow
def test_canonical_form_reads_back_as_a_spec(tmp_path: Path) -> None:
    path = written(tmp_path)
    canonical = archc("expand", path, "--json").out
    again = written(tmp_path, canonical, "tiny.json")
    assert archc("keys", again).out == archc("keys", path).out
    assert _without_places(archc("expand", again, "--json").out) == _without_places(canonical)
    changed = written(tmp_path, canonical.replace('"shape": ["B", 10]', '"shape": ["B", 11]'))
    assert "error[ARC506]" in archc("check", changed.rename(tmp_path / "changed.json")).err


def _without_places(canonical: str) -> str:
    return re.sub(r'"(span|line)": ("[^"]*"|\d+)', "", canonical)


def test_list_of_a_folder_names_variants_and_parameters(tmp_path: Path) -> None:
    written(tmp_path)
    done = archc("list", tmp_path)
    assert done.out == "tiny_wide  314 parameters  tiny.yaml\n"
    assert json.loads(archc("list", tmp_path, "--json").out) == [
        {
            "name": "tiny_wide",
            "spec": "tiny.yaml",
            "variant": "tiny_wide",
            "parameters": 314,
            "doc": "",
        }
    ]


def test_list_says_once_what_a_spec_is_and_keeps_the_order_of_its_variants(tmp_path: Path) -> None:
    text = NET.split("expect:")[0].replace("  tiny_wide: {width: 8}", "  b: {width: 9}\n  a: {}")
    written(tmp_path, text.replace("name: tiny", f"name: tiny\ndoc: {'It is a net. ' * 9}"))
    written(tmp_path, text.replace("  b: {width: 9}\n  a:", "  c:"), "tiny10.yaml")
    written(tmp_path, text.replace("  b: {width: 9}\n  a:", "  d:"), "tiny9.yaml")
    assert archc("list", tmp_path).out.splitlines() == [
        f"b  352 parameters  tiny.yaml    {'It is a net. ' * 4}It is …",
        "a  162 parameters  tiny.yaml",
        "d  162 parameters  tiny9.yaml",
        "c  162 parameters  tiny10.yaml",
    ]


def test_list_of_two_networks_of_one_name_is_refused(tmp_path: Path) -> None:
    written(tmp_path)
    written(tmp_path, NET.replace("name: tiny", "name: other"), "other.yaml")
    done = archc("list", tmp_path)
    assert done.status == 1
    assert "error[ARC315]: there are two networks `tiny_wide`" in done.err


def test_list_of_two_files_that_share_all_names_is_one_error(tmp_path: Path) -> None:
    text = NET.replace("  tiny_wide: {width: 8}", "  a: {width: 8}\n  b: {width: 9}")
    for name in ("one.yaml", "two.yaml"):
        written(tmp_path, text.split("expect:")[0], name)
    done = archc("list", tmp_path)
    assert done.status == 1
    assert done.err.count("error[") == 1
    assert "note: the two files share `b` too" in done.err


def test_list_of_a_folder_without_specs_says_so(tmp_path: Path) -> None:
    done = archc("list", tmp_path)
    assert (done.status, done.out) == (0, "")
    assert done.err == f"there is no spec in `{tmp_path}`: one is a .yaml with `archc: 1`\n"
    assert archc("list", tmp_path, "--json").out == "[]\n"


def test_list_of_what_is_no_folder_is_refused_with_status_3(tmp_path: Path) -> None:
    missing = archc("list", "nothing", cwd=tmp_path)
    assert missing.status == 3
    assert missing.err.startswith("error[ARC101]: there is no folder `nothing`\n")
    file = archc("list", written(tmp_path).name, cwd=tmp_path)
    assert file.status == 3
    assert "`tiny.yaml` is a file and no folder" in file.err


def test_layers_lists_layers_and_functions_with_a_sentence() -> None:
    done = archc("layers", "--json")
    known = {(row["name"], row["kind"]) for row in json.loads(done.out)}
    assert {("Conv2d", "layer"), ("relu", "function"), ("concat", "function")} <= known
    assert all(row["doc"] for row in json.loads(done.out))


def test_explain_of_a_code_prints_its_page() -> None:
    assert "ARC402" in archc("explain", "arc402").out


def test_layers_of_a_name_prints_its_arguments() -> None:
    done = archc("layers", "Conv2d")
    assert done.status == 0
    assert re.search(r"^  padding +default 0 +zeros on both sides", done.out, re.MULTILINE)
    assert re.search(r"^  out_channels +required ", done.out, re.MULTILINE)
    assert "inferred: in_channels" in done.out


def test_layers_of_an_unknown_name_says_what_was_meant() -> None:
    done = archc("layers", "Conv2D")
    assert done.status == 2
    assert "did you mean `Conv2d`?" in done.err


def test_explain_of_a_layer_names_the_command_that_shows_it() -> None:
    done = archc("explain", "Conv2d")
    assert done.status == 2
    assert "`archc layers Conv2d`" in done.err


def test_why_of_a_line_that_is_left_out_says_so(tmp_path: Path) -> None:
    text = NET.replace("  fc: Linear(10)", "  extra: Linear(3) if width > 4\n  fc: Linear(10)")
    done = archc("why", written(tmp_path, text), "extra")
    assert done.status == 1
    assert "`extra` is left out" in done.err
    assert "`width > 4` is false" in done.err


def test_why_of_a_permute_shows_its_own_order(tmp_path: Path) -> None:
    text = NET.replace("  pool:", "  turned: permute(0, 3, 1, 2)\n  pool:").split("expect:")[0]
    done = archc("why", written(tmp_path, text), "permute")
    assert "its dimensions 0, 3, 1, 2: [B, 4, 8, 8] → [B, 8, 4, 8]" in done.out
    assert "0, 2, 3, 1" not in done.out


def test_why_of_a_reshape_shows_no_rule_of_another_call(tmp_path: Path) -> None:
    text = NET.replace("  fc:", "  parts: reshape(-1, 2, 2)\n  fc:").split("expect:")[0]
    done = archc("why", written(tmp_path, text), "reshape")
    assert "[B, 4] → [B, 2, 2]" in done.out
    assert "reshape(-1, n, m)" not in done.out


def test_summary_of_one_number_in_buffers_is_singular(tmp_path: Path) -> None:
    text = NET.split("expect:")[0].replace(
        "  fc: Linear(10)", "  scale: Buffer([0.5])\n  fc: Linear(10) from pool * scale"
    )
    done = archc("summary", written(tmp_path, text))
    assert "1 number in buffers, which is not trained" in done.out


def test_check_of_a_name_or_path_like_a_file_beside_it_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "semobile.yaml").write_text(NET, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert "did you mean `semobile.yaml`?" in archc("check", "semobile").err
    assert "did you mean `semobile.yaml`?" in archc("check", "semobil.yaml").err
