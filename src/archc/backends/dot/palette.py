"""The colours of a diagram: pale fills under dark text, apart in lightness as well as in hue.

The hues are tints of Okabe and Ito's palette, which people with any of the common colour
deficiencies tell apart. Printed in grey they go from the dark of a convolution over linear,
pooling, normalisation and activation to the white of a shape, each a visible step of lightness
(CIE L*) from the next. Black text on each keeps a contrast above 7 : 1.
"""

FAMILIES = {
    "activation": "#ffedb6",
    "arithmetic": "#ffffff",
    "attention": "#cdabcf",
    "convolution": "#83b1d3",
    "dropout": "#f6f6f6",
    "embedding": "#a5d4d8",
    "join": "#ffffff",
    "linear": "#94cdb7",
    "normalization": "#e0e3e7",
    "padding": "#f6f6f6",
    "pooling": "#fac7ad",
    "recurrent": "#c3b8e3",
    "reduction": "#fac7ad",
    "resampling": "#f4d0e1",
    "shape": "#f6f6f6",
}
OTHER = "#f6f6f6"
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
