"""How wide text is, without asking any font.

The table holds the advance widths of DejaVu Sans, in thousandths of the font's size.
Helvetica, Arial and Liberation Sans are narrower in nearly every letter, so text that
fits by this table fits in each of them.
"""

from unicodedata import category, east_asian_width

FIRST = 32
# fmt: off
ADVANCES = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,
    636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,
    1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
    603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,
    500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
    635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
)
# fmt: on
SPECIAL = {"·": 318, "…": 1000, "×": 838, "→": 838, "−": 838}
OTHER = 700
WIDE = 1050
BOLD = 1130


def _advance(character: str) -> int:
    place = ord(character) - FIRST
    if 0 <= place < len(ADVANCES):
        return ADVANCES[place]
    if character in SPECIAL:
        return SPECIAL[character]
    if category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return WIDE if east_asian_width(character) in "WF" else OTHER


def text_width(text: str, size: int, *, bold: bool = False) -> int:
    """Return the width of a line of text, rounded up.

    Units: `size` and the result are in points.
    """
    thousandths = sum(map(_advance, text)) * size * (BOLD if bold else 1000)
    return -(-thousandths // 1_000_000)


def shortened(text: str, characters: int) -> str:
    """Return `text`, or its beginning and an ellipsis where it is longer than allowed."""
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"
