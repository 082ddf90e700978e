"""Where everything of a diagram lies, to the point: no font and no layout program has a say.

Each frame is laid out by itself: its parts in rows, what passes a row in lanes, what runs
across between two rows on tracks. A frame is then one part of the frame around it.
"""

from archc.backends.dot.layout.page import laid_out
from archc.backends.dot.layout.parts import Box, Frame, Head, Layout, Leaf, Part, Path, Point, Wire

__all__ = ["Box", "Frame", "Head", "Layout", "Leaf", "Part", "Path", "Point", "Wire", "laid_out"]
