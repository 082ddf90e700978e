"""`as ys[]` gathers the values of several lines under one name."""

import archc

HEAD = "archc: 1\nname: net\ninputs:\n  image: [B, 3, H=8, W=8]\nmodel:\n"


def test_collection_that_two_lines_fill_is_read_once_for_both() -> None:
    body = "  - Conv2d(3, 1) as ys[]\n  - Conv2d(5, 1) as ys[]\n  - from concat(ys)\n"
    report = archc.check(text=HEAD + body)
    assert report.ok, str(report)
    assert report.graph is not None
    assert report.graph.nodes[-1].output.shape[1] == 3 + 5


def test_collection_that_nobody_reads_is_one_mistake_at_its_first_line() -> None:
    body = "  - Conv2d(3, 1) as ys[]\n  - Conv2d(5, 1) as ys[]\n"
    (found,) = archc.check(text=HEAD + body).diagnostics
    assert (found.code, found.primary and found.primary.line) == ("ARC303", 6)


def test_collection_whose_first_line_failed_is_one_mistake() -> None:
    body = "  - Conv2d(3, 9) as ys[]\n  - Conv2d(5, 1) from image as ys[]\n  - from concat(ys)\n"
    (found,) = archc.check(text=HEAD + body).diagnostics
    assert found.code == "ARC401"


CARRIED = """\
  - let state: image
  - for _ in range({turns}):
      - Conv2d(3, 3, padding=1) from state as state
  - AdaptiveAvgPool2d(1)
"""


def test_name_that_a_loop_carries_to_its_next_turn_is_read_in_its_only_one() -> None:
    for turns in (1, 2):
        report = archc.check(text=HEAD + CARRIED.format(turns=turns))
        assert report.ok, str(report)


def test_name_that_no_turn_reads_is_a_mistake_in_an_only_one_too() -> None:
    for turns in (1, 2):
        body = CARRIED.format(turns=turns).replace("from state as", "from image as")
        codes = {found.code for found in archc.check(text=HEAD + body).diagnostics}
        assert codes == {"ARC303"}
