"""What a stream without Unicode shows in place of the signs in formulas, arrows and rules."""

_PLAIN = {
    "⌊": "floor(",
    "⌋": ")",
    "⌈": "ceil(",
    "⌉": ")",
    "·": "*",
    "×": "x",
    "÷": "/",
    "−": "-",
    "–": "-",
    "─": "-",
    "→": "->",
    "…": "...",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "∞": "inf",
    "√": "sqrt",
    "Σ": "sum",
    "∖": "\\",
    "½": "1/2",
    "ᵀ": "^T",
    "ᵢ": "_i",
    "α": "alpha",
    "β": "beta",
    "λ": "lambda",
    "π": "pi",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    **{sign: f"^{digit}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{sign: f"_{digit}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}


def in_plain_characters(error: UnicodeError) -> tuple[str | bytes, int]:
    """Return what stands for the characters that an encoding lacks, and where to go on.

    A handler of encoding errors as `codecs.register_error` takes them; a character that archc
    does not use itself is shown by its number.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(map(_plain, text)), error.end


def _plain(character: str) -> str:
    return _PLAIN.get(character) or character.encode("ascii", "backslashreplace").decode()
