"""The diagram of a graph as DOT text: frames for blocks, cards for layers, × N for repeats."""

from archc.backends.dot.diagram import dot

__all__ = ["dot"]
