"""Whether a name is another one misspelt, so surely that nobody needs to be asked."""

import re
from collections.abc import Iterable

_WORD = re.compile(r"[A-Za-z]+")
_SHORT, _LONG = 3, 8
"""Shorter words, `k` and `q`, are all meant; longer ones may have two slips."""


def is_misspelt(given: str, meant: str) -> bool:
    """Return whether a name can hardly be anything but another with a slip in it.

    Names of other digits, or with another short word, `up1_0` and `up1_1` or `k_proj` and
    `q_proj`, may both be meant.
    """
    if digits(given) != digits(meant):
        return False
    whole, other = _plain(given), _plain(meant)
    if whole == other:
        return True
    words, others = _WORD.findall(given.lower()), _WORD.findall(meant.lower())
    if len(words) != len(others):
        return _is_slip(whole, other)
    return all(map(_is_slip, words, others))


def is_nearest(given: str, meant: str, others: Iterable[str]) -> bool:
    """Return whether a name is one slip from another and from nothing else that could stand there.

    Where few names can stand, such as the arguments of a layer, `byas` can only be `bias`.
    """
    near = [other for other in (meant, *others) if _slips(_plain(given), _plain(other)) < 2]
    return len(given) > _SHORT and set(near) == {meant} and digits(given) == digits(meant)


def digits(name: str) -> str:
    """Return the digits of a name, which tell it from its neighbours."""
    return "".join(filter(str.isdigit, name))


def _plain(name: str) -> str:
    return re.sub(r"[_-]", "", name.lower())


def _is_slip(word: str, meant: str) -> bool:
    """Return whether a word has one slip, a long one two.

    Of four letters one may be missing, or two stand in the wrong order.
    """
    if word == meant:
        return True
    length = min(len(word), len(meant))
    if length < _SHORT:
        return False
    is_reordered = sorted(word) == sorted(meant)
    if max(len(word), len(meant)) <= _SHORT + 1 and not is_reordered and len(word) >= len(meant):
        return False
    return _slips(word, meant) <= (2 if length >= _LONG else 1)


def _slips(word: str, meant: str) -> int:
    """Return how many letters are missing, too many, other ones, or in another order.

    Source: Damerau 1964, Communications of the ACM 7(3), 171-176
    """
    before: list[int] = []
    row = [*range(len(meant) + 1)]
    for i, letter in enumerate(word, 1):
        two_before, before, row = before, row, [i]
        for j, other in enumerate(meant, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == meant[j - 2] and word[i - 2] == other:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
    return row[-1]
