"""The colours of a diagram: pale fills under dark text, apart in lightness as well as in hue.

The hues are tints of Okabe and Ito's palette, which people with any of the common
colour deficiencies tell apart; black text on each keeps a contrast above 9 : 1 in print.
"""

FAMILIES = {
    "activation": "#fae6b0",
    "arithmetic": "#ffffff",
    "attention": "#dcc3dd",
    "convolution": "#a9cce8",
    "dropout": "#f4f4f4",
    "embedding": "#bfe3e6",
    "join": "#ffffff",
    "linear": "#a5d9c5",
    "normalization": "#e3e6ea",
    "padding": "#f4f4f4",
    "pooling": "#f2bfa5",
    "recurrent": "#c9bfe6",
    "reduction": "#f2bfa5",
    "resampling": "#f3cfe0",
    "shape": "#f4f4f4",
}
OTHER = "#f4f4f4"
PAPER = "#ffffff"
INK = "#1c1c1c"
FAINT = "#5a626b"
LINE = "#59626d"
PALE_LINE = "#9aa3ad"
TERMINAL = "#39424e"
PALE_TERMINAL = "#c3c9d0"
FRAMES = ("#f7f8fa", "#eef1f5", "#e5eaf0")
FRAME_LINE = "#aab3bd"
COLLAPSED = "#dfe5ec"
BADGE = "#39424e"


def family_colour(family: str) -> str:
    """Return the fill of a layer's family."""
    return FAMILIES.get(family, OTHER)


def frame_colour(level: int) -> str:
    """Return the fill of a frame that lies within `level` others; deeper is darker."""
    return FRAMES[min(level, len(FRAMES) - 1)]
