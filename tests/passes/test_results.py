"""Further results of a line are read by its name: a key, or what `as` says."""

import pytest

import archc

HEAD = "archc: 1\nname: net\ninputs: {x: [B, 5, 8]}\n"


def last_shape(body: str) -> str:
    """Return the type of a model's result."""
    report = archc.check(text=HEAD + body)
    assert report.graph is not None and report.ok, str(report)
    return str(report.graph.outputs[0].value.type)


LINES = {
    "a key": "  rnn: LSTM(6, batch_first=True)\n  y: from rnn.c_n\n",
    "a line of a list": "  - LSTM(6, batch_first=True) as rnn\n  - from rnn.c_n\n",
    "the end of a chain": "  - relu -> LSTM(6, batch_first=True) as rnn\n  - from rnn.c_n\n",
    "a mapping": "  a: LSTM(6, batch_first=True) as rnn\n  b: from rnn.c_n\n",
    "a group": "  a: (LSTM(6, batch_first=True))\n  b: from a.c_n\n",
    "a group by name": "  - (LSTM(6, batch_first=True) as rnn) -> (relu if False)\n"
    "  - from rnn.c_n\n",
    "what else says": "  - relu if 1 > 2 else LSTM(6, batch_first=True) as rnn\n  - from rnn.c_n\n",
    "an outer body": "  deep:\n    - - LSTM(6, batch_first=True) as rnn\n  y: from rnn.c_n\n",
}


@pytest.mark.parametrize("where", LINES)
def test_further_result_is_read_by_the_name_of_its_line(where: str) -> None:
    assert last_shape("model:\n" + LINES[where]) == "[1, B, 6]"


def test_bare_name_is_the_first_result_and_feeds_several_inputs() -> None:
    body = """\
blocks:
  Pair(n):
    left: Linear(n)
    right: Linear(2 * n) from x
    return: {left: left, right: right}
  Both()(a, b):
    return: concat(a, b, dim=2)
model:
  - Pair(3) as pair
  - Both from pair
"""
    assert last_shape(body) == "[B, 5, 9]"


def test_result_that_a_line_does_not_have_names_those_it_has() -> None:
    for line in ("- LSTM(6, batch_first=True) as rnn", "rnn: LSTM(6, batch_first=True)"):
        mark = "- " if line[0] == "-" else "y: "
        report = archc.check(text=f"{HEAD}model:\n  {line}\n  {mark}from rnn.hidden\n")
        (found,) = report.diagnostics
        assert (found.code, found.help) == ("ARC301", "its results are `h_n`, `c_n`")


def test_name_whose_results_alone_are_read_counts_as_read() -> None:
    body = "model:\n  - LSTM(6, batch_first=True) as rnn\n  - Linear(4) from rnn.h_n[0]\n"
    assert last_shape(body) == "[B, 4]"


def test_name_given_again_forgets_the_results_of_before() -> None:
    body = "model:\n  - LSTM(6, batch_first=True) as y\n  - Linear(4) as y\n  - from y.h_n\n"
    (found,) = archc.check(text=HEAD + body).diagnostics
    assert found.code == "ARC301"
