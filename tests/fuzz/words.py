"""The words of the language, for those who change texts: people's mutator and libFuzzer's."""

from archc import functions, layers

_WORDS = """
    Conv2d(8, 3)|ReLU|Linear(10)|BatchNorm2d|Parameter(1, 3)|Buffer(range(3))|MaxPool2d(2)|Act
    Act()|flatten(1)|relu|concat|add|mul|branch:|let a:|return:|assert:|declare:|for i in
    for a, b in|if|elif|concat:|add:|mul:|concat as a:|if n:|else:|else|from|as|->|*|**|n
    image|x|conv|a|b|i|range(3)|range(n):|range(n)|len|zip|enumerate|[1, 2]|(1, 2)
    [[1, 2], [3, 4]]|True|None|inf|1|0|-1|2.5|1e-3|99999999999999999999|'text'|in_channels
    in_shape|.shape|.channels|.h_n|[0]|[:, 0]|[]|()|(|)|[|]|{|}|{i}|{n}|:|=|==|<|+|-|/|//|%|@
    ,|;|#|&|!|>|'|"|ys[]|LSTM(4)|LSTM(4, bidirectional=True)|B|H
    MultiheadAttention(1, batch_first=True)|Embedding(4, 2)|Dropout|training|softmax(dim=1)
    chunk(2)|transpose(1, 2)|reshape(-1, 3)|from image|from a|from a + b|from concat(a, b)
    as a|as ys[]|if n > 1|** kw|make_divisible(n)|1 / 0|n ** 99|sum([1, 2])|max(n, 3)
    Conv2d(n, 1, groups=n)|* n|* 3|* (n - 2)|not|and|or|in|true|false|null|no|import:|python:
    params:|variants:|inputs:|blocks:|model:|outputs:|init:|tie:|expect:|allow:|meta:|archc: 1
    type: layer|default:|choices:|min:|max:|help:|source:|parameters:|macs:|shapes:|eval:|train:
    int64[B, 56]|[B, 3, H=224, W=224]|...|reversed|prod|abs|round|floor|ceil|sqrt|log2|int|float
    x.shape[-1]|in_features|persistent=True|dim=1|padding='same'|stride=2|ceil_mode=True
    bias=False|\t|\u2028|\x85|\ufeff|\x1b[31m|\x00|é|- |: |\n|\n  |\n    -\u0020
"""
WORDS = [
    word.encode().decode("unicode_escape") if "\\" in word else word
    for line in _WORDS.strip().split("\n")
    for word in line.strip(" ").split("|")
]
NAMES = sorted({*layers.NAMES, *functions.NAMES})


def dictionary() -> str:
    """Return the words in the form that libFuzzer reads: one quoted line each, bytes escaped."""
    return "".join(f'"{_escaped(word)}"\n' for word in (*WORDS, *NAMES) if word)


def _escaped(word: str) -> str:
    return "".join(
        chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else f"\\x{b:02X}" for b in word.encode()
    )
