"""What stands behind YAML's own errors: the mistake a person made, and the page without it.

YAML reads a file before the language does; its messages name tokens, and often the line
after the one at fault. A repair is a guess at what was meant; the reader keeps the one that
lets YAML read farthest.
"""

from collections.abc import Iterator

from archc.spec.page import Page, Repair, Trouble
from archc.spec.repairs import brackets, colons, indentation, marks, quotes, sections

LONGEST_LINE = 2_000
"""Longer lines are not looked into."""

_FINDERS = (
    quotes.control_character,
    marks.foreign_comment,
    sections.header_without_colon,
    indentation.tab,
    indentation.odd_space,
    indentation.block_text,
    sections.needed_header_missing,
    sections.doc_missing,
    colons.long_key,
    marks.lambda_colon,
    colons.colon_in_brackets,
    indentation.open_call,
    marks.space_after_dash,
    marks.space_after_colon,
    marks.wide_colon,
    marks.dash_missing,
    marks.item_colon_missing,
    marks.colon_missing,
    quotes.quote_open,
    quotes.quote_inside,
    colons.pair_in_braces,
    quotes.type_in_braces,
    quotes.begins_with_bracket,
    brackets.bracket_open,
    brackets.opening_missing,
    brackets.bracket_too_many,
    brackets.comma_too_many,
    brackets.comma_missing,
    brackets.sign_missing,
    quotes.reserved_sign,
    colons.last_colon,
    quotes.second_colon,
    sections.header_missing,
    marks.dash_too_many,
    indentation.wrong_column,
    indentation.name_missing,
    marks.name_among_dashes,
)
"""From the mistakes that leave no doubt to those that could be several."""


def repairs(page: Page, trouble: Trouble) -> Iterator[Repair]:
    """Yield what a person may have meant where YAML stopped, the likeliest first."""
    suspects = _suspects(page, trouble)
    for find in _FINDERS:
        for index in suspects:
            if len(page.lines[index].text) <= LONGEST_LINE or find is colons.long_key:
                yield from find(page, index, trouble)


def _suspects(page: Page, trouble: Trouble) -> list[int]:
    """Return the lines that may be at fault: where YAML stopped, where it began, those above."""
    end = len(page.lines) - 1
    first, last = min(trouble.start, end), min(trouble.index, end)
    found = [first, last, page.above(first), page.above(last), min(trouble.since, end)]
    found += [quotes.open_quote_above(page, last), sections.stray_above(page, last)]
    if (deeper := indentation.deeper_above(page, last)) is not None:
        found += [deeper, page.above(deeper)]
    return list(dict.fromkeys(index for index in found if index is not None))
