"""Colours are told apart in print, and text on them is read."""

from itertools import combinations

import pytest

from archc.backends.dot import palette

COMMON = ("convolution", "linear", "pooling", "normalization", "activation", "shape")


def luminance(colour: str) -> float:
    """Return the relative luminance of an sRGB colour (IEC 61966-2-1)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def lightness(colour: str) -> float:
    """Return L* of CIE 1976, for what is lighter than 1 %."""
    return float(116 * luminance(colour) ** (1 / 3) - 16)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2 counts it."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("one", "other"), list(combinations(COMMON, 2)))
def test_families_side_by_side_are_a_visible_step_apart_in_greyscale(one: str, other: str) -> None:
    pair = palette.family_colour(one), palette.family_colour(other)
    assert abs(lightness(pair[0]) - lightness(pair[1])) >= 2.5


@pytest.mark.parametrize("family", sorted(palette.FAMILIES))
def test_text_on_a_family_is_read(family: str) -> None:
    assert contrast(palette.INK, palette.family_colour(family)) >= 7


@pytest.mark.parametrize("fill", [palette.PAPER, palette.COLLAPSED, *palette.FRAMES])
def test_faint_text_keeps_the_contrast_of_body_text(fill: str) -> None:
    assert contrast(palette.FAINT, fill) >= 4.5


@pytest.mark.parametrize("fill", [palette.TERMINAL, palette.BADGE])
def test_white_text_on_dark_is_read(fill: str) -> None:
    assert contrast(palette.PAPER, fill) >= 7
