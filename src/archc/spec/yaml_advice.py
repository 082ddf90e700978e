"""What stands behind YAML's own errors: the mistake a person made, and its remedy.

YAML reads a file before the language does, and its parser knows neither calls nor slices;
its messages name tokens. These name the mistake.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from archc.diagnostics import Code, RuleViolation, Span

LONGEST_KEY = 1_024
"""YAML's own limit for a key without quotes."""

_FLOW_TYPE = re.compile(r"(\w+)\s*:\s*(\w+\[[^\]]*\]?)")


class YamlProblem(Struct, frozen=True):
    """What the YAML parser said: its words, where, and where what it was reading began."""

    file: str
    lines: Sequence[str]
    words: str
    line: int
    column: int
    context_words: str = ""
    context_line: int = 0
    context_column: int = 0

    @property
    def quoted(self) -> str:
        """The line at which the parser stopped."""
        return self.lines[self.line - 1] if 0 < self.line <= len(self.lines) else ""

    @property
    def before(self) -> str:
        """What stands on the line before the place."""
        return self.quoted[: self.column - 1]

    def span(self, line: int = 0, column: int = 0) -> Span:
        """Return a place of one character, by default the parser's own."""
        line, column = line or self.line, column or self.column
        return Span(self.file, line, column, line, column + 1)


def explained(problem: YamlProblem) -> RuleViolation:
    """Return the violation that names the mistake behind a YAML error."""
    for explain in _EXPLANATIONS:
        violation = explain(problem)
        if violation is not None:
            return violation
    return RuleViolation(Code.NOT_YAML, problem.words, help=_advice(problem), span=problem.span())


def _tab(problem: YamlProblem) -> RuleViolation | None:
    quoted = problem.quoted
    indent = quoted[: len(quoted) - len(quoted.lstrip())]
    if "\t" not in indent and "\\t" not in problem.words:
        return None
    column = max(0, indent.find("\t")) + 1
    return RuleViolation(
        Code.YAML_FEATURE,
        "a tab in the indentation",
        help="indent with spaces",
        span=problem.span(column=column),
    )


def _long_key(problem: YamlProblem) -> RuleViolation | None:
    if not _is_mapping_error(problem) or problem.column <= LONGEST_KEY:
        return None
    start = len(problem.quoted) - len(problem.quoted.lstrip(" -")) + 1
    return RuleViolation(
        Code.YAML_SPLIT,
        f"a key of more than {LONGEST_KEY:,} characters, which YAML does not read",
        help="put the table in `params:` and write `for n, width in table:`",
        span=problem.span(column=start),
    )


def _colon_in_brackets(problem: YamlProblem) -> RuleViolation | None:
    bracket = _open_bracket(problem.before)
    if not _is_mapping_error(problem) or not bracket:
        return None
    if bracket == "(":
        name = re.search(r"(\w+)\s*$", problem.before)
        advice = f"an argument takes `=`: `{name[1]}=…`" if name else "an argument takes `=`"
        headline = "YAML reads `: ` inside a call as a key"
    else:
        headline = "YAML reads `: ` inside a slice as a key"
        advice = "leave no space after the colon: `x[:, 0]`, or quote the whole line"
    return RuleViolation(Code.YAML_SPLIT, headline, help=advice, span=problem.span())


def _folded(problem: YamlProblem) -> RuleViolation | None:
    """A key deeper than the line above, which is complete: a folded line that ends in `:`."""
    if not _is_mapping_error(problem) or problem.line < 2:
        return None
    above = problem.lines[problem.line - 2]
    own, upper = _indent(problem.quoted), _indent(above)
    if own <= upper or not above.strip():
        return None
    return RuleViolation(
        Code.YAML_SPLIT,
        "this key is indented under a line that is complete",
        notes=(f"YAML reads it as a continuation of line {problem.line - 1}",),
        help=f"indent it by {upper} spaces, as line {problem.line - 1}; or end that line with `:`",
        span=Span(problem.file, problem.line, own + 1, problem.line, problem.column),
    )


def _missing_colon(problem: YamlProblem) -> RuleViolation | None:
    """A line without a colon among lines that are names and layers."""
    if not _is_mapping_error(problem) and "expected key" not in problem.words:
        return None
    number = problem.line - 1
    above = problem.lines[number - 1] if number > 0 else ""
    text = above.split(" #")[0].strip()
    if (
        not text
        or text.startswith("- ")
        or ":" in text
        or _indent(above) != _indent(problem.quoted)
    ):
        return None
    start = _indent(above) + 1
    return RuleViolation(
        Code.NOT_YAML,
        "this line has no `:`, and its neighbours are `name: Layer(…)`",
        help="write `name: Layer(…)`",
        span=Span(problem.file, number, start, number, start + len(text)),
    )


def _begins_with_bracket(problem: YamlProblem) -> RuleViolation | None:
    found = re.search(r"(?::|-)\s+(\[[^\]]*\]|\{[^}]*\})\s*[^\s,#\]}]", problem.quoted)
    if found is None or found.end() > problem.column or ",' or" in problem.words:
        return None
    return RuleViolation(
        Code.YAML_SPLIT,
        f"YAML takes a value that begins with `{found[1][0]}` for a list of its own",
        help="put the whole value in quotes",
        span=Span(problem.file, problem.line, found.start(1) + 1, problem.line, found.end(1) + 1),
    )


def _type_in_braces(problem: YamlProblem) -> RuleViolation | None:
    if "expected ',' or '}'" not in problem.words:
        return None
    match = next((m for m in _FLOW_TYPE.finditer(problem.quoted)), None)
    if match is None or match.end() < problem.column - 1:
        return None
    return RuleViolation(
        Code.YAML_SPLIT,
        f"YAML does not read `{match[2]}` inside `{{ }}`",
        help=f"give it a line of its own, indented: `{match[1]}: {match[2]}`",
        span=Span(problem.file, problem.line, match.start(2) + 1, problem.line, match.end(2) + 1),
    )


def _unclosed(problem: YamlProblem) -> RuleViolation | None:
    closing = re.search(r"expected ',' or '([\]}])'", problem.words)
    if closing is None:
        return None
    opening = {"]": "[", "}": "{"}[closing[1]]
    if problem.context_line and problem.context_line != problem.line:
        return RuleViolation(
            Code.NOT_YAML,
            f"this `{opening}` is not closed",
            help=f"write the missing `{closing[1]}`",
            span=problem.span(problem.context_line, problem.context_column),
        )
    return RuleViolation(
        Code.NOT_YAML,
        f"expected `,` or `{closing[1]}`",
        help="a comma or a closing bracket is missing",
        span=problem.span(),
    )


_EXPLANATIONS = (
    _tab,
    _long_key,
    _colon_in_brackets,
    _folded,
    _missing_colon,
    _begins_with_bracket,
    _type_in_braces,
    _unclosed,
)


def _advice(problem: YamlProblem) -> str:
    words, line = problem.words, problem.quoted
    if _is_mapping_error(problem):
        return "a `: ` inside a line needs quotes around the whole line"
    if "could not find expected ':'" in words or "simple key" in problem.context_words:
        return "a `:` is missing, or the line needs a dash"
    if "block" in words and line.lstrip().startswith("- "):
        return "check the indentation: the dashes of one list stand in one column"
    if "block" in words:
        return "check the indentation: lines of one level begin in one column"
    return "check the indentation of this line and of the one above"


def _is_mapping_error(problem: YamlProblem) -> bool:
    return "mapping values are not allowed" in problem.words


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _open_bracket(text: str) -> str:
    """Return the innermost bracket that a text leaves open."""
    stack: list[str] = []
    for character in text:
        if character in "([":
            stack.append(character)
        elif character in ")]" and stack:
            stack.pop()
    return stack[-1] if stack else ""
