"""`archc check -v` lists the values that both the flow takes and a name reads."""

import archc

HEAD = "archc: 1\nname: net\ninputs:\n  image: [B, 3, H=8, W=8]\nmodel:\n"


def read_twice(body: str) -> tuple[str, ...]:
    """Return what a model's lines give."""
    graph = archc.check(text=HEAD + body).graph
    assert graph is not None
    return graph.read_twice


def test_value_that_the_next_line_takes_and_a_later_line_names_is_listed() -> None:
    body = "  a: Conv2d(3, 1)\n  b: Conv2d(3, 1)\n  return: a + b\n"
    assert read_twice(body) == ("a (line 6)",)


def test_value_that_is_named_alone_is_not_listed() -> None:
    body = "  a: Conv2d(3, 1)\n  b: Conv2d(3, 1) from image\n  return: a + b\n"
    assert read_twice(body) == ()
