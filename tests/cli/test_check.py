"""`archc check`, as a person runs it."""

import json
from pathlib import Path

import pytest

from tests.cli.command import NET, WRONG, archc, written

pytestmark = pytest.mark.slow


def test_check_of_a_spec_prints_one_line_a_network(tmp_path: Path) -> None:
    done = archc("check", written(tmp_path))
    assert done.status == 0
    assert done.out.splitlines() == [
        "tiny       162 parameters   6.952 K MACs  [B, 10]",
        "tiny_wide  314 parameters  13.904 K MACs  [B, 10]",
    ]
    assert done.err == ""


def test_check_of_defaults_that_are_a_variant_prints_them_once(tmp_path: Path) -> None:
    twice = NET.replace("variants:\n", "variants:\n  tiny: {width: 4}\n")
    done = archc("check", written(tmp_path, twice))
    assert done.out.splitlines() == [
        "tiny       162 parameters   6.952 K MACs  [B, 10]  (the default)",
        "tiny_wide  314 parameters  13.904 K MACs  [B, 10]",
    ]
    both = json.loads(archc("check", written(tmp_path, twice), "--format", "json").out)
    assert [(each["name"], each["variant"]) for each in both] == [
        ("tiny", None),
        ("tiny", "tiny"),
        ("tiny_wide", "tiny_wide"),
    ]


def test_check_of_a_name_takes_a_folder_of_specs_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "lenet5").mkdir()
    named = archc("check", "lenet5", cwd=tmp_path)
    assert named.out == "lenet5  61,706 parameters  416.520 K MACs  [B, 10]\n"
    written(tmp_path, NET, "lenet5/tiny.yaml")
    assert archc("check", "lenet5", cwd=tmp_path).out.startswith("tiny ")
    (tmp_path / "empty").mkdir()
    assert "the folder `empty` holds no spec" in archc("check", "empty", cwd=tmp_path).err


def test_check_of_a_variant_with_quiet_prints_nothing(tmp_path: Path) -> None:
    done = archc("check", "-q", written(tmp_path), "--variant", "tiny_wide")
    assert (done.status, done.out, done.err) == (0, "", "")


def test_check_with_parameters_says_that_expect_is_skipped(tmp_path: Path) -> None:
    done = archc("check", "-v", written(tmp_path), "-p", "width=6", "--variant", "tiny_wide")
    assert done.status == 0
    assert "238 parameters" in done.out
    assert "from image [B, 3, 8, 8], " in done.out
    assert "`expect:` not checked" in done.out


def test_check_with_input_changes_the_multiply_adds(tmp_path: Path) -> None:
    path = written(tmp_path)
    done = archc("check", path, "--input", "image=1,3,16,16", "--variant", "tiny_wide")
    assert "55.376 K MACs" in done.out  # 16·16·8·27 + 80


def test_check_of_a_wrong_figure_names_expected_and_found(tmp_path: Path) -> None:
    done = archc("check", written(tmp_path, NET.replace("162", "163")))
    assert done.status == 1
    assert "error[ARC312]: expected 163 parameters, found 162" in done.err
    assert "tiny.yaml:14:3" in done.err
    assert "tiny_wide  314 parameters" in done.out


def test_check_of_several_specs_aligns_the_columns_of_all(tmp_path: Path) -> None:
    large = NET.replace("Linear(10)", "Linear(1000)").split("expect:")[0]
    other = written(tmp_path, large.replace("name: tiny", "name: another_network"), "other.yaml")
    done = archc("check", written(tmp_path), other, "--variant", "tiny_wide", "-v")
    lone = archc("check", other)
    assert done.out.splitlines() == [
        "tiny_wide    314 parameters  13.904 K MACs  [B, 10]    from image [B, 3, 8, 8], 6 nodes",
        "tiny_wide  9,224 parameters  21.824 K MACs  [B, 1000]  from image [B, 3, 8, 8], 6 nodes",
    ]
    assert lone.out.splitlines() == [
        "another_network  5,112 parameters  10.912 K MACs  [B, 1000]",
        "tiny_wide        9,224 parameters  21.824 K MACs  [B, 1000]",
    ]


def test_check_of_a_canonical_form_names_its_variant(tmp_path: Path) -> None:
    canonical = archc("expand", written(tmp_path), "--variant", "tiny_wide", "--json").out
    path = written(tmp_path, canonical, "tiny_wide.json")
    assert archc("check", path).out.startswith("tiny_wide  314 parameters")
    (record,) = json.loads(archc("check", path, "--format", "json").out)
    assert (record["name"], record["variant"]) == ("tiny_wide", "tiny_wide")


def test_check_of_a_mistake_in_some_variants_names_them_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    text = NET.split("expect:")[0].replace(
        "  tiny_wide: {width: 8}", "  a: {width: 8}\n  b: {width: 9}\n  c: {width: 4}"
    )
    text = text.replace("pool: Ada", "even: Conv2d(width // 10, 1) if width > 4\n  pool: Ada")
    text = text.replace("Linear(10)", "Linear(10, byas=False)")
    done = archc("check", written(tmp_path, text))
    assert done.status == 1
    assert [line for line in done.err.splitlines() if "-->" in line] == [
        f"  --> {tmp_path}/tiny.yaml:12:16",
        f"  --> {tmp_path}/tiny.yaml:14:18",
    ]
    assert done.err.count("note: in") == 1
    assert "  note: in `a`, `b`\n" in done.err


def test_check_of_a_mistake_prints_it_once_for_all_variants(tmp_path: Path) -> None:
    done = archc("check", written(tmp_path, WRONG))
    assert done.status == 1
    assert done.err.count("error[") == 1
    assert done.out == ""


def test_check_of_a_mistake_with_other_numbers_in_each_variant_prints_it_once(
    tmp_path: Path,
) -> None:
    text = NET.split("expect:")[0].replace("Linear(10)", "Linear([width, 10])")
    done = archc("check", written(tmp_path, text))
    assert done.status == 1
    assert done.err.count("error[") == 1
    assert "cannot be (4, 10)" in done.err


def test_check_of_a_mistake_with_a_longer_list_in_a_variant_prints_it_once(tmp_path: Path) -> None:
    text = NET.split("expect:")[0].replace("width: 4", "width: [4, 4]").replace("8}", "[8, 8, 8]}")
    done = archc("check", written(tmp_path, text))
    assert done.status == 1
    assert done.err.count("error[") == 1
    assert "cannot be (4, 4)" in done.err


def test_check_of_several_specs_reports_all_and_the_highest_status(tmp_path: Path) -> None:
    good, bad = written(tmp_path), written(tmp_path, WRONG, "bad.yaml")
    done = archc("check", good, tmp_path / "none.yaml", bad)
    assert done.status == 3
    assert "162 parameters" in done.out
    assert "bad.yaml" in done.err
    assert "there is no such file" in done.err


def test_check_of_a_folder_takes_specs_and_leaves_other_yaml(tmp_path: Path) -> None:
    written(tmp_path, name="a/tiny.yaml")
    written(tmp_path, "services: [web]\n", "a/compose.yaml")
    written(tmp_path, "arch: resnet50\nepochs: 90\n", "a/training.yaml")
    done = archc("check", tmp_path)
    assert done.status == 0
    assert len(done.out.splitlines()) == 2


@pytest.mark.parametrize("first", ["arch: 1", "Archc: 1", "archc = 1", "# archc"])
def test_check_of_a_folder_takes_what_was_meant_to_be_a_spec(tmp_path: Path, first: str) -> None:
    written(tmp_path, NET.replace("archc: 1", first), "a/slip.yaml")
    done = archc("check", tmp_path)
    assert done.status == 1
    assert "slip.yaml" in done.err


def test_check_that_is_strict_refuses_warnings(tmp_path: Path) -> None:
    path = written(tmp_path, NET.replace("{width: 4}", "{width: 4, depth: 2}"))
    lax, strict = archc("check", path), archc("check", path, "--strict")
    assert (lax.status, strict.status) == (0, 1)
    assert lax.err == strict.err
    assert "warning[ARC416]" in lax.err
    assert archc("check", written(tmp_path), "--strict").status == 0


def test_check_for_code_scanning_gives_a_missing_file_a_place(tmp_path: Path) -> None:
    done = archc("check", "none.yaml", "--format", "sarif", cwd=tmp_path)
    (result,) = json.loads(done.out)["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "none.yaml"}
    assert "file=none.yaml,line=1" in archc("check", "none.yaml", "--format", "github").out


def test_check_as_json_holds_figures_and_every_diagnostic(tmp_path: Path) -> None:
    good, bad = written(tmp_path), written(tmp_path, WRONG, "bad.yaml")
    done = archc("check", good, bad, "--format", "json")
    records = json.loads(done.out)
    assert done.status == 1
    assert (records[0]["name"], records[0]["parameters"]) == ("tiny", 162)
    assert records[0]["outputs"] == {"output": ["B", 10]}
    assert not records[-1]["ok"]
    (mistake,) = [found for record in records for found in record["diagnostics"]]
    assert mistake["span"]["line"] == 9
    assert mistake["networks"] == [r["name"] for r in records if r["spec"].endswith("bad.yaml")]


SEVERAL = """\
archc: 1
name: tiny
params: {width: 8, wide: false}
variants:
  small: {width: 8}
  large: {width: 16, wide: true}
inputs: {x: [B, 3, 32, 32]}
model:
  a: Conv2d(width, 3, bais=False))
  b: ReLU -> Conv2d(8, 3, stride=0) if not wide
  c: Conv2d(8, 40)
"""


def test_every_format_tells_a_mistake_of_several_variants_once(tmp_path: Path) -> None:
    path = written(tmp_path, SEVERAL)
    records = json.loads(archc("check", path, "--format", "json").out)
    log = json.loads(archc("check", path, "--format", "sarif").out)
    lines = archc("check", path, "--format", "github").out.splitlines()
    in_json = [
        (d["code"], d["span"]["line"], d["networks"]) for r in records for d in r["diagnostics"]
    ]
    assert [(r["name"], r["ok"]) for r in records] == [
        ("tiny", False),
        ("small", False),
        ("large", False),
    ]
    assert in_json == [
        ("ARC206", 9, ["tiny", "small", "large"]),
        ("ARC203", 9, ["tiny", "small", "large"]),
        ("ARC208", 10, ["tiny", "small", "large"]),
    ]
    in_sarif = [
        (r["ruleId"], r["locations"][0]["physicalLocation"]["region"]["startLine"])
        for r in log["runs"][0]["results"]
    ]
    assert in_sarif == [(code, line) for code, line, _ in in_json]
    assert len(lines) == len(in_json)
    text = archc("check", path).err
    assert [text.count(f"error[{code}]") for code, _, _ in in_json] == [1, 1, 1]


def test_check_of_standard_input_reads_the_spec() -> None:
    done = archc("check", "-", stdin=NET.encode())
    assert done.status == 0
    assert "162 parameters" in done.out


BAD_INPUT = {
    "empty": (b"", "the file is empty"),
    "binary": (bytes(range(256)), "is not UTF-8"),
    "tab": (b"archc: 1\nname: x\n\tmodel: []\n", "tab"),
    "control": (b"archc: 1\nname: \x1b[2J\n", "control character"),
    "list": (b"- a\n", "a spec is a mapping"),
    "unclosed": (b"archc: 1\nname: [x\n", "ARC10"),
    "large": (b"#" * (2**20 + 1), "larger than"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_check_of_bad_input_is_refused_with_a_message(case: str) -> None:
    data, message = BAD_INPUT[case]
    done = archc("check", "-", stdin=data)
    assert done.status == 1
    assert message in done.err
    assert "\x1b" not in done.err


def test_check_of_bad_places_is_refused_with_status_3(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = archc("check", tmp_path / "empty", tmp_path / "none.yaml", "no_such_network")
    assert done.status == 3
    assert "holds no spec" in done.err
    assert "there is no such file" in done.err
    assert "no network of this name" in done.err


def test_check_with_an_unknown_variant_names_the_nearest(tmp_path: Path) -> None:
    done = archc("check", written(tmp_path), "--variant", "tiny_wyde")
    assert done.status == 1
    assert "did you mean `tiny_wide`?" in done.err


def test_check_with_an_unknown_parameter_names_the_nearest(tmp_path: Path) -> None:
    done = archc("check", written(tmp_path), "-p", "widht=3")
    assert done.status == 1
    assert "did you mean `width`?" in done.err


@pytest.mark.parametrize("text", ["[", "!tag x", "a b", ""])
def test_check_with_a_bad_parameter_is_refused(tmp_path: Path, text: str) -> None:
    done = archc("check", written(tmp_path), "-p", f"width={text}")
    assert done.status == 1
    assert done.err.startswith("error[ARC")


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("chekc", "x"),
        ("check", "x.yaml", "--frob"),
        ("check", "lenet5", "--diff", "--format", "json"),
        ("check", "x.yaml", "-p", "width"),
        ("check", "x.yaml", "--input", "image=a,b"),
        ("explain", "ARC999"),
    ],
)
def test_command_with_wrong_usage_leaves_with_status_2(arguments: tuple[str, ...]) -> None:
    assert archc(*arguments).status == 2


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("frobnicate",), 2, "`frobnicate`: commands are check, build, draw, summary"),
        (("chek", "net.yaml"), 2, "there is no command `chek`: did you mean `check`?"),
        (("check", "net.yaml", "--param", "width=8"), 2, "Did you mean '-p'?"),
        (("check", "net.yaml", "--parameters", "width=8"), 2, "Did you mean '-p'?"),
        (("check", "net.yaml", "--varian", "tiny_wide"), 2, "Did you mean '--variant'?"),
        (("check", "net.yaml", "--input", "image=64"), 1, "4 dimensions, 1 size given"),
        (("check", "net.yaml", "--input", "image=64"), 1, "as in `--input image=1,3,8,8`"),
        (("check", "plain.yaml", "--variant", "big"), 1, "it has none: leave the variant out"),
    ],
)
def test_check_given_what_there_is_not_says_what_there_is(
    arguments: tuple[str, ...], status: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    plain = NET.replace("variants:\n  tiny_wide: {width: 8}\n", "").partition("expect:")[0]
    (tmp_path / "plain.yaml").write_text(plain)
    done = archc(*arguments, cwd=tmp_path)
    assert done.status == status, done
    assert said in done.err
