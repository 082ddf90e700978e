"""What a name is misspelt for: the names near to it, and whether one is meant for certain."""

import re
from collections.abc import Iterable
from functools import lru_cache

_WORD = re.compile(r"[A-Za-z]+")
_SHORT, _LONG = 3, 8
"""Shorter words, `k` and `q`, are all meant; longer ones may have two slips."""

_LONGEST = 128
"""Longer names are compared with nothing."""
_COMPARED = 40
"""With how many names of its length a misspelt one is compared; a spec can hold thousands."""
_PART = 4
"""From how many letters on the beginning of a name stands for it: `drop` for `dropout`."""
_OF_A_PART = 1.5
"""How many slips such a name, or one with words left out, is worth."""

_WORDS = frozenset(
    "and any array assert backward bar batch baz begin block bool break call channel class config "
    "const continue copy data def del delete dict double dtype elif else end enum enumerate epoch "
    "eval except exec exit extend False file filter float foo for format forward from function "
    "global hash height hello help if image import in input insert int is isinstance item iter key "
    "kwargs label lambda layer len let list load long loop loss main map model name network new "
    "next nil None none not null object open or order output pass path print public raise range "
    "remove repeat return reversed run save score self set shape short size slice sorted spam "
    "start static step str string struct super switch tensor test text this train True try tuple "
    "type value vars void while width with world yield zip".split()
)
"""Words that people write on purpose: none is another name with letters exchanged."""


def near(given: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the known names that a name is most likely misspelt for, all of them equally near.

    At most a third of the letters are missing, too many or other ones, and one digit; of three
    letters none is another. Two letters in the other order, capitals, `_` and `-` count little.
    Of two names one may have words left out, as `mask` of `attn_mask`, or be the beginning.
    """
    if not given or len(given) > _LONGEST:
        return ()
    compared = sorted({*known} - {given}, key=lambda other: _unlikeness(given, other))
    found = {other: cost for other in compared[:_COMPARED] if (cost := _cost(given, other))}
    least = min(found.values(), default=())
    return tuple(sorted(other for other, cost in found.items() if cost == least))


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
    whole, known = _plain(given), {*map(_plain, (meant, *others))}
    is_alone = {other for other in known if _slips(whole, other) < 2} == {_plain(meant)}
    return len(given) > _SHORT and is_alone and digits(given) == digits(meant)


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


def _unlikeness(given: str, other: str) -> tuple[int, int, str]:
    """Return a quick measure by which the names worth comparing come first, always the same."""
    shared = len(_letters(given) & _letters(other))
    beyond = abs(len(other) - len(given))
    return beyond - shared, beyond, other


@lru_cache(maxsize=8192)
def _letters(name: str) -> frozenset[str]:
    return frozenset(name.lower())


def _cost(given: str, other: str) -> tuple[float, ...]:
    """Return how far a name is from another, nothing where it is none misspelt.

    Of names that are equally far, those are nearer that have a capital as it has, for a module
    has one and a function has none, then those of the same digits.
    """
    distance = _distance(given, other)
    if distance is None or _slips(digits(given), digits(other)) > 1:
        return ()
    is_other_kind = given.islower() != other.islower()
    capitals = sum(a != b for a, b in zip(given, other, strict=False)) if not distance else 0
    return distance, is_other_kind, digits(given) != digits(other), capitals


def _distance(given: str, other: str) -> float | None:
    """Return how many slips make a name of another, None where these are too many."""
    whole, meant = _plain(given), _plain(other)
    longest = max(len(whole), len(meant))
    unlike = longest - sum(min(whole.count(letter), meant.count(letter)) for letter in {*whole})
    slips = _slips(whole, meant, 0.5) if 3 * unlike <= longest else longest
    strange = slips + (given.islower() != other.islower() and slips > 0) / 2
    if given in _WORDS:
        return slips if slips == 1 == len(meant) - len(whole) else None
    is_replaced = longest <= _SHORT and len(whole) == len(meant) and slips >= 1
    if 3 * strange <= longest and not is_replaced:
        return slips
    return _OF_A_PART if _is_part(given, other) or _is_part(other, given) else None


def _is_part(given: str, other: str) -> bool:
    """Return whether a name is another with words, or the second half, left out."""
    words, others = ({*_WORD.findall(name.lower())} for name in (given, other))
    is_beginning = len(given) >= _PART and other.lower().startswith(given.lower())
    return (bool(words) and words < others and max(map(len, words)) >= _PART) or (
        is_beginning and 2 * len(given) >= len(other)
    )


def _slips(word: str, meant: str, reordered: float = 1) -> float:
    """Return how many letters are missing, too many, other ones, or in another order.

    Source: Damerau 1964, Communications of the ACM 7(3), 171-176
    """
    before: list[float] = []
    row: list[float] = [float(i) for i in range(len(meant) + 1)]
    for i, letter in enumerate(word, 1):
        two_before, before, row = before, row, [float(i)]
        for j, other in enumerate(meant, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == meant[j - 2] and word[i - 2] == other:
                cost = min(cost, two_before[j - 2] + reordered)
            row.append(cost)
    return row[-1]
