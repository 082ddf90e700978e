"""Hostile specs: bytes that must be refused, or accepted within the limits, and nothing else."""

import json
from dataclasses import dataclass

HEAD = "archc: 1\nname: hostile\ninputs:\n  image: [B, 3, 32, 32]\n"
GOOD = HEAD + "model:\n  - Conv2d(4, 3)\n  - ReLU\n"
LARGE = 2**63


@dataclass(frozen=True)
class Piece:
    """What is given as a spec, and the exit status that is promised for it."""

    data: bytes
    status: int = 1


def model(*lines: str, head: str = HEAD) -> str:
    """Return a spec whose model is a list of these lines."""
    return head + "model:\n" + "".join(f"  - {line}\n" for line in lines)


def named(*lines: str, head: str = HEAD) -> str:
    """Return a spec whose model is a mapping of these lines."""
    return head + "model:\n" + "".join(f"  {line}\n" for line in lines)


def section(text: str) -> str:
    """Return a spec with a section before its model."""
    return model("Conv2d(4, 3)", "ReLU", head=HEAD + text.rstrip("\n") + "\n")


def laughs(width: int) -> str:
    """Return a thousand million laughs: aliases of lists of aliases."""
    lines = ["a0: &a0 [lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, width)]
    return section("meta:\n" + "".join(f"  {line}\n" for line in lines))


def merges(depth: int) -> str:
    """Return merge keys that double at every level."""
    lines = ["m0: &m0 {k: 1}"]
    lines += [f"m{i}: &m{i} {{<<: [*m{i - 1}, *m{i - 1}]}}" for i in range(1, depth)]
    return section("meta:\n" + "".join(f"  {line}\n" for line in lines))


def doubling_blocks(depth: int) -> str:
    """Return blocks that each call the one before twice."""
    blocks = "  B0:\n    - ReLU\n"
    blocks += "".join(f"  B{i}:\n    - B{i - 1}\n    - B{i - 1}\n" for i in range(1, depth))
    return model(f"B{depth - 1}", head=HEAD + "blocks:\n" + blocks)


def many_variants(count: int) -> str:
    """Return a spec that is to be checked once for each of its variants."""
    names = "".join(f"  v{i}: {{n: {i + 1}}}\n" for i in range(count))
    return model("ReLU * 9000", head=HEAD + "params: {n: 1}\nvariants:\n" + names)


_YAML = {
    "nothing": "",
    "a space": " ",
    "a comment": "# archc: 1\n",
    "a number": "1",
    "a list": "- archc: 1\n",
    "a key without a value": "archc:",
    "a hundred documents": "---\n" * 100,
    "two documents": GOOD + "---\n" + GOOD,
    "end of a document and more": GOOD + "...\narchc: 1\n",
    "a version of YAML": "%YAML 1.1\n---\n" + GOOD,
    "a tag's directive": "%TAG ! tag:yaml.org,2002:python/\n---\n" + GOOD,
    "an unknown directive": "%EVIL now\n---\n" + GOOD,
    "aliases of aliases": laughs(12),
    "merges of merges": merges(30),
    "an alias of itself": section("meta: &a [*a]"),
    "an alias of nothing": section("meta: *nothing"),
    "an alias as a key": section("meta:\n  &a b: 1\n  *a : 2"),
    "an anchor on the file": "&all\n" + GOOD,
    "a merge key": section("meta:\n  <<: {a: 1}"),
    "a merge of a text": section("meta:\n  <<: text"),
    "a merge in the model": named("<<: {a: ReLU}"),
    "a quoted merge key": section("meta: {'<<': 1}"),
    "the same key twice": GOOD + "name: again\n",
    "the same key ten thousand times": section("meta:\n" + "  a: 1\n" * 10_000),
    "ten thousand keys": section("meta:\n" + "".join(f"  k{i}: 1\n" for i in range(10_000))),
    "brackets without end": HEAD + "model: " + "[" * 30_000,
    "braces without end": HEAD + "model: " + "{a: " * 10_000,
    "brackets that end": HEAD + "model: " + "[" * 20_000 + "]" * 20_000,
    "braces in a key": "{" * 20_000 + "}" * 20_000,
    "dashes in a row": HEAD + "model:\n  " + "- " * 20_000 + "ReLU\n",
    "question marks in a row": HEAD + "model:\n  " + "? " * 20_000 + "ReLU\n",
    "colons in a row": HEAD + "model:\n  " + ": " * 20_000 + "\n",
    "steps of a stair": HEAD + "model:\n" + "".join(" " * i + "a:\n" for i in range(2, 1000)),
    "closing brackets": HEAD + "model: " + "]" * 30_000,
    "quotes without end": HEAD + 'model: "' * 5_000,
    "a text of a megabyte": section("doc: " + "a" * 1_000_000),
    "a key of half a megabyte": section("a" * 500_000 + ": 1"),
    "lines without end": HEAD + "\n" * 1_000_000,
    "one line of a megabyte": "#" * 1_000_000,
    "words of a megabyte": HEAD + "model: " + "a " * 500_000,
    "a mebibyte and one": "#" * (2**20 + 1),
    "thousands of broken lines": HEAD + "model:\n" + "  - Conv2d(8\n" * 20_000,
    "thousands of colons missing": HEAD + "model\n" * 20_000,
    "thousands of odd indentations": HEAD
    + "model:\n"
    + "".join(" " * (i * 7 % 13) + f"a{i}: ReLU\n" for i in range(5_000)),
    "thousands of quotes": HEAD + "model:\n" + "  - 'a\n  - \"b\n" * 5_000,
    "thousands of tabs": HEAD + "model:\n" + "\t- ReLU\n" * 20_000,
    "thousands of anchors": HEAD + "model:\n" + "  - &a ReLU\n" * 10_000,
    "a block text that folds": section("doc: >\n" + "  a\n" * 9_000),
    "a text of escapes": section('doc: "' + "\\x41" * 9_000 + '"'),
    "a comma alone": ",",
    "a percent sign alone": "%",
    "an at sign": "@archc: 1",
    "a backtick": "`archc`: 1",
    "a complex key": "? {a: 1}\n: 2\n",
    "a list as a key": "? [archc]\n: 1\n",
}

_TAGS = {
    f"the tag {tag}": section(f"meta: !{tag}")
    for tag in (
        "!python/object/apply:os.system ['touch pwned']",
        "!python/object/new:os.system ['touch pwned']",
        "!python/name:os.system",
        "!python/module:antigravity",
        "!python/object:object {}",
        "!binary aGVsbG8=",
        "!set {a, b}",
        "!timestamp 2001-12-14",
        "<tag:yaml.org,2002:python/object/apply:os.system> ['touch pwned']",
        "Conv2d {out: 3}",
        " nothing",
    )
}

_NUMBERS = {
    "a repeat of 2⁶³": model(f"ReLU * {LARGE - 1}"),
    "a repeat past 2⁶³": model(f"ReLU * {LARGE}"),
    "a repeat of a repeat": model("((ReLU * 99999) * 99999) * 99999"),
    "a negative repeat": model("ReLU * (0 - 5)"),
    "a loop of 2⁶³": model(f"for i in range({LARGE - 1}):\n      - ReLU"),
    "loops in loops in loops": model(
        "for i in range(9999):\n      - for j in range(9999):\n        - for k in range(9999):\n"
        "          - ReLU"
    ),
    "loops of nothing": named(
        "for i in range(9999):\n    for j in range(9999):\n      let x: i", "act: ReLU"
    ),
    "blocks that double": doubling_blocks(16),
    "blocks nested too deep": doubling_blocks(40),
    "a tower of powers": model("Conv2d(9 ** 9 ** 9 ** 9, 1)"),
    "a power that is negative": model("Conv2d(2 ** -1, 1)"),
    "a shift in steps": named(
        "let n: 1", "for i in range(9999):\n    let n: n * 3", "c: Conv2d(n, 1)"
    ),
    "a product past 2⁶³": model("Conv2d(4294967296 * 4294967296, 1)"),
    "a sum past 2⁶³": model(f"Conv2d({LARGE - 1} + 1, 1)"),
    "a factorial": model("Conv2d(prod(range(1, 9999)), 1)"),
    "a number of ten thousand digits": model("Conv2d(" + "9" * 900 + ", 1)"),
    "a count of ten thousand digits": section("expect: {parameters: " + "9" * 9_999 + "}"),
    "a float past the largest": model("Dropout(1e999)"),
    "a number that is none": model("Dropout(inf - inf)"),
    "a division by zero": model("Conv2d(1 // 0, 1)"),
    "a rest by zero": model("Conv2d(1 % 0, 1)"),
    "a float division by zero": model("Dropout(1 / 0)"),
    "a root of a negative": model("Conv2d(int(sqrt(-1)), 1)"),
    "a logarithm of zero": model("Conv2d(int(log2(0)), 1)"),
    "an integer of infinity": model("Conv2d(int(inf), 1)"),
    "a floor of infinity": model("Conv2d(floor(inf), 1)"),
    "a rounding of infinity": model("Conv2d(round(inf), 1)"),
    "a rounding to a depth": model("Conv2d(round(5, -9_000_000_000), 1)"),
    "a float power": model("Dropout(9.0 ** 999999.0)"),
    "a negative float power": model("Conv2d(int((0.0 - 8.0) ** 0.5), 1)"),
    "a range of steps": model("Conv2d(len(range(0, 9223372036854775807, 1)), 1)"),
    "a range of step zero": model("Conv2d(len(range(0, 9, 0)), 1)"),
    "a list times 2⁶³": named("let a: [0] * 9223372036854775807", "c: Conv2d(len(a), 1)"),
    "a list times itself": named(
        "let a: [0]", "for i in range(999):\n    let a: a + a", "c: Conv2d(len(a), 1)"
    ),
    "a list in a list in a list": named(
        "let a: [0]", "for i in range(999):\n    let a: [a]", "c: Conv2d(len(a), 1)"
    ),
    "a text times a million": named("let a: 'a' * 1000000", "c: ReLU"),
    "a size of 2³¹": model("ReLU", head=HEAD.replace("3, 32, 32", "3, 2147483648")),
    "a size of zero": model("ReLU", head=HEAD.replace("3, 32, 32", "3, 0, 32")),
    "a negative size": model("ReLU", head=HEAD.replace("3, 32, 32", "3, -1, 32")),
    "a rank of thousands": model("ReLU", head=HEAD.replace("3, 32, 32", ", ".join(["1"] * 5000))),
    "padding past 2⁶³": model(f"Conv2d(4, 1, padding={LARGE - 1})"),
    "a stride of 2⁶³": model(f"Conv2d(4, 1, stride={LARGE - 1})"),
    "a dilation of 2⁶³": model(f"Conv2d(4, 3, dilation={LARGE - 1})"),
    "a kernel of 2⁶³": model(f"Conv2d(4, {LARGE - 1}, padding={LARGE // 2})"),
    "upsampling past 2⁶³": model(*["Upsample(scale_factor=1000000)"] * 6),
    "a reshape past 2⁶³": model("reshape(-1, 9223372036854775807, 9223372036854775807)"),
    "a parameter of 2⁶³ by 2⁶³": named(
        "p: Parameter(2147483647, 2147483647, 2147483647)", "act: ReLU from image * p"
    ),
    "a buffer of a billion": named("b: Buffer([0] * 1000000000)", "act: ReLU from image * b"),
    "an index past 2⁶³": named(f"act: ReLU from image[{LARGE}]"),
    "an exponent in an input": model("ReLU", head=HEAD.replace("32]", "1e9]")),
    "a version of 2⁶⁴": GOOD.replace("archc: 1", f"archc: {2**64}"),
    "a version below zero": GOOD.replace("archc: 1", "archc: -1"),
    "channels multiplied for ever": model("Conv2d(in_channels * 4, 1) * 60"),
}

_EXPRESSIONS = {
    "parentheses in parentheses": model("Conv2d(" + "(" * 400 + "8" + ")" * 400 + ", 1)"),
    "lists in lists": model("Conv2d(" + "[" * 400 + "8" + "]" * 400 + ", 1)"),
    "minus signs in a row": model("Conv2d(" + "-" * 900 + "8, 1)"),
    "nots in a row": model("Conv2d(8 if " + "not " * 200 + "True else 9, 1)"),
    "powers in a row": model("Conv2d(" + "1 ** " * 150 + "1, 1)"),
    "conditions in a row": model("Conv2d(" + "1 if True else " * 60 + "1, 1)"),
    "indices in a row": model("Conv2d(image" + "[0]" * 300 + ", 1)"),
    "attributes in a row": model("Conv2d(image" + ".a" * 400 + ", 1)"),
    "a chain of hundreds": model(" -> ".join(["ReLU"] * 100)),
    "arrows alone": model("-> " * 300),
    "a call of __import__": model("__import__('os').system('touch pwned')"),
    "a call of eval": model("Conv2d(eval('1'), 1)"),
    "a call of open": named("let a: open('/etc/passwd')", "c: ReLU"),
    "an attribute of a class": model("Conv2d(().__class__.__bases__[0], 1)"),
    "an attribute of a value": named("let a: image.__class__", "c: ReLU"),
    "an attribute of a layer": model("Conv2d.__init__(3)"),
    "a lambda": model("Conv2d((lambda: 8)(), 1)"),
    "a comprehension": model("Conv2d([i for i in range(9)][0], 1)"),
    "an assignment in an expression": model("Conv2d((a := 8), 1)"),
    "a text of Python": model("Conv2d(f'{8}', 1)"),
    "a layer named as a builtin": model("print('pwned')"),
    "a torch function": model("torch.load('evil.pt')"),
    "an argument of stars": model("Conv2d(*[8, 1])", "Conv2d(**{'a': 1})"),
    "a child named as a method": named("forward: ReLU"),
    "a child of two underscores": named("__class__: ReLU"),
    "a child that is a keyword": named("import: ReLU"),
    "a child with a dot": named('"a.b": ReLU'),
    "a child with a slash": named('"../../a": ReLU'),
    "a child of another alphabet": named("ковш: ReLU"),
    "a child of a look-alike": named("conν: ReLU"),
    "a network named as a path": GOOD.replace("hostile", "../../etc/passwd"),
    "a network named as a keyword": GOOD.replace("hostile", "class"),
    "a network of a long name": GOOD.replace("hostile", "n" * 5000),
    "a block that calls itself": model("B", head=HEAD + "blocks:\n  B:\n    - B\n"),
    "blocks that call each other": model(
        "A", head=HEAD + "blocks:\n  A:\n    - B\n  B:\n    - A\n"
    ),
    "a parameter that is itself": model("Conv2d(a, 1)", head=HEAD + "params:\n  a: '= a'\n"),
    "parameters in a circle": model(
        "Conv2d(a, 1)", head=HEAD + "params:\n  a: '= b'\n  b: '= a'\n"
    ),
    "Python that nobody allows": model("Evil", head=HEAD + "python:\n  Evil: os:system\n"),
    "an import of the network": section("import:\n  a: http://example.com/a.yaml"),
    "an import by a file's address": section("import:\n  a: file:///etc/passwd"),
    "thousands of unknown layers": named(*(f"l{i}: Unknown{i}" for i in range(5000))),
    "thousands of unused values": named(*(f"l{i}: ReLU from image" for i in range(5000))),
    "thousands of parameters": model(
        "Conv2d(p4999, 1)",
        head=HEAD
        + "params:\n  p0: 1\n"
        + "".join(f"  p{i}: '= p{i - 1} * 2'\n" for i in range(1, 5000)),
    ),
    "a selector of thousands": section("init:\n  " + "a." * 450 + "weight: zeros"),
    "a choice of thousands": section(
        "params:\n  a: {default: 1, choices: [" + ", ".join(map(str, range(5000))) + "]}"
    ),
}


def _encoded() -> dict[str, bytes]:
    """Return a good spec in encodings that are not UTF-8, and characters that end lines."""
    pieces = {
        f"in {name}": GOOD.replace("hostile", "hostilé").encode(name)
        for name in ("utf-16", "utf-16-le", "utf-32", "latin-1", "utf-7", "cp037")
    }
    pieces["a mark of UTF-16 alone"] = b"\xff\xfe"
    pieces["bytes of nothing"] = bytes(range(256)) * 16
    pieces["zeros"] = bytes(100_000)
    pieces["a surrogate in UTF-8"] = GOOD.encode() + b"meta: \xed\xa0\x80\n"
    pieces["an overlong slash"] = GOOD.encode() + b"meta: \xc0\xaf\n"
    pieces["a character past Unicode"] = GOOD.encode() + b"meta: \xf4\x90\x80\x80\n"
    pieces["half a character"] = GOOD.encode() + b"meta: \xe2\x82"
    pieces["three marks of order"] = b"\xef\xbb\xbf" * 3 + GOOD.encode()
    pieces["a mark of order inside"] = GOOD.replace("- ReLU", "- \ufeffReLU").encode()
    for name, character in ODD_CHARACTERS.items():
        pieces[f"{name} in a layer"] = GOOD.replace("- ReLU", f"- Re{character}LU").encode()
        pieces[f"{name} in a key"] = (GOOD + f"me{character}ta: 1\n").encode()
        pieces[f"{name} escaped"] = (GOOD + f'name: "a{escaped(character)}b"\n').encode()
    pieces["a surrogate escaped"] = GOOD.replace("hostile", '"a\\ud800b"').encode()
    pieces["a pair of surrogates escaped"] = GOOD.replace("hostile", '"\\ud83d\\ude00"').encode()
    pieces["an escape past Unicode"] = GOOD.replace("hostile", '"\\U00110000"').encode()
    pieces["an unknown escape"] = GOOD.replace("hostile", '"\\q"').encode()
    return pieces


ODD_CHARACTERS = {
    "NUL": "\0",
    "BEL": "\a",
    "VT": "\v",
    "FF": "\f",
    "ESC": "\x1b[2J",
    "DEL": "\x7f",
    "NEL": "\x85",
    "CSI": "\x9b2J",
    "a line separator": "\u2028",
    "a paragraph separator": "\u2029",
    "a turn of direction": "\u202e",
    "no width": "\u200b",
    "a noncharacter": "\ufffe",
    "a letter off the plane": "\U000e0041",
}


def escaped(text: str) -> str:
    """Return a text as YAML's and JSON's double quotes take it, in ASCII."""
    return "".join(f"\\U{ord(c):08x}" if ord(c) > 0xFFFF else json.dumps(c)[1:-1] for c in text)


_ACCEPTED = {
    "ten thousand keys",
    "a quoted merge key",
    "a choice of thousands",
    "a text of escapes",
    "conditions in a row",
    "a chain of hundreds",
}
_TEXTS = {**_YAML, **_TAGS, **_NUMBERS, **_EXPRESSIONS}

PIECES: dict[str, Piece] = {
    **{name: Piece(text.encode(), int(name not in _ACCEPTED)) for name, text in _TEXTS.items()},
    **{name: Piece(data) for name, data in _encoded().items()},
}
