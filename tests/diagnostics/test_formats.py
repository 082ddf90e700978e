"""Diagnostics for other programs: SARIF by its schema, GitHub's commands by their escapes."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from archc import __version__
from archc.catalogue import error_title
from archc.diagnostics import Code, Diagnostic, Span
from archc.diagnostics.formats import diagnostic_record, github_line, sarif
from tests.diagnostics.checking import report_on
from tests.diagnostics.test_bad_specs import SPECS

SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-schema-2.1.0.json").read_text())
TITLES = {code: error_title(code) for code in Code}


def log_of(path: Path) -> dict[str, Any]:
    """Return the SARIF log of a spec."""
    report = report_on(path.read_text(encoding="utf-8"), path.name)
    return sarif(report.diagnostics, report.sources, __version__, TITLES)


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def test_every_bad_spec_makes_valid_sarif(validator: Any) -> None:
    for path in SPECS:
        log = json.loads(json.dumps(log_of(path)))
        assert not [error.message for error in validator.iter_errors(log)], path.name
        (run,) = log["runs"]
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert [rules[r["ruleIndex"]] for r in run["results"]] == [
            r["ruleId"] for r in run["results"]
        ]


def test_schema_refuses_a_log_without_a_version(validator: Any) -> None:
    log = log_of(SPECS[0])
    del log["version"]
    assert not validator.is_valid(log)


def test_titles_of_all_codes_say_something() -> None:
    assert all(len(title) > 3 for title in TITLES.values())


def test_sarif_fix_deletes_and_inserts_what_the_message_says() -> None:
    path = next(path for path in SPECS if path.stem == "ARC302_misspelt")
    (result,) = log_of(path)["runs"][0]["results"]
    (change,) = result["fixes"][0]["artifactChanges"]
    (edit,) = change["replacements"]
    region = edit["deletedRegion"]
    line = path.read_text().splitlines()[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "Conv2D"
    assert edit["insertedContent"]["text"] == "Conv2d"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == path.name


def test_sarif_quotes_a_name_of_a_file_that_is_no_address(validator: Any) -> None:
    found = Diagnostic(Code.SYNTAX, "wrong", Span("my net#1%.yaml", 1, 1, 1, 2))
    log = sarif([found], {}, __version__, TITLES)
    assert validator.is_valid(log)
    assert "my%20net%231%25.yaml" in json.dumps(log)


def test_github_line_escapes_what_would_end_it() -> None:
    found = Diagnostic(
        Code.ADD_SHAPES, "100 %\n::warning::x", Span("a,b:c.yaml", 3, 5, 3, 9), notes=("one",)
    )
    assert github_line(found) == (
        "::error file=a%2Cb%3Ac.yaml,line=3,endLine=3,col=5,endColumn=9,title=ARC402"
        "::100 %25\\n::warning::x%0Aone"
    )


def test_github_line_of_several_lines_has_no_columns() -> None:
    found = Diagnostic(Code.SYNTAX, "wrong", Span("a.yaml", 3, 5, 4, 9), severity="warning")
    assert github_line(found) == "::warning file=a.yaml,line=3,endLine=4,title=ARC203::wrong"
    nowhere = Diagnostic(Code.SYNTAX, "wrong")
    assert github_line(nowhere) == "::error title=ARC203::wrong"


def test_record_of_a_mistake_without_a_place_has_no_fix() -> None:
    assert diagnostic_record(Diagnostic(Code.SYNTAX, "wrong"), {})["fix"] == []
