"""What differs between a model and weights, in words, with the likely reason."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from msgspec import Struct, field
from msgspec.structs import replace

from archc.diagnostics import Code, CompileError, Diagnostic
from archc.diagnostics.render import excerpt

Shape = tuple[int, ...]
Facts = tuple[Shape, str]
"""The shape and the dtype of a tensor."""

LONGEST_KEY = 300
NAMED = 3
"""How many modules of another name a message names."""
COMPARED = 1_000
"""With how many keys a misspelt one is compared."""


class Differences(Struct, frozen=True):
    """Keys that the weights lack, keys the model lacks, and tensors of unlike shape or dtype."""

    missing: Mapping[str, Facts] = field(default_factory=dict[str, Facts])
    unexpected: Mapping[str, Facts] = field(default_factory=dict[str, Facts])
    unlike: Mapping[str, tuple[Facts, Facts]] = field(
        default_factory=dict[str, tuple[Facts, Facts]]
    )
    """What the model has under a key, and what the weights have."""
    modules: frozenset[str] = frozenset()
    """The paths of the modules that have tensors in the model."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.unlike)


def mismatch(differences: Differences) -> CompileError:
    """Return the error that lists every difference and says what is the likely reason."""
    notes = [f"missing: {_key(name)}" for name in differences.missing]
    notes += [f"unexpected: {_key(name)}" for name in differences.unexpected]
    notes += [_unlike(name, *facts) for name, facts in differences.unlike.items()]
    counts = [
        f"{len(keys)} {what}"
        for keys, what in (
            (differences.missing, "missing"),
            (differences.unexpected, "unexpected"),
            (differences.unlike, "of another shape or type"),
        )
        if keys
    ]
    headline = f"the weights do not fit the model: {', '.join(counts)}"
    reasons = (
        _prefixed,
        _as_function,
        _with_bias,
        _renamed,
        _near,
        _of_another_size,
        _of_another_dtype,
    )
    each = (_first(reasons, part) for part in _parts(differences))
    advice = _recounted(differences) or "; ".join(text for text in each if text)
    found = Diagnostic(Code.WEIGHTS_MISMATCH, headline, notes=tuple(notes), help=advice)
    return CompileError([found], {})


_Reason = Callable[[Differences], str]


def _first(reasons: Sequence[_Reason], differences: Differences) -> str:
    return next((text for reason in reasons if (text := reason(differences))), "")


def _parts(differences: Differences) -> Iterator[Differences]:
    """Yield the keys that differ, and the tensors that do, each as if nothing else were wrong."""
    yield replace(differences, unlike={})
    yield replace(differences, missing={}, unexpected={})


def _unlike(name: str, model: Facts, weights: Facts) -> str:
    if model[0] != weights[0]:
        ours, theirs = excerpt(str(list(model[0]))), excerpt(str(list(weights[0])))
        return f"differs: {_key(name)}: the model has {ours}, the weights {theirs}"
    return f"differs: {_key(name)}: the model has {model[1]}, the weights {weights[1]}"


def _key(name: str) -> str:
    """Return a key in full, unless nobody would have named a layer so."""
    return name if len(name) <= LONGEST_KEY else excerpt(name)


def _prefixed(differences: Differences) -> str:
    """Every missing key is there with the same words in front, or without them."""
    for longer, shorter, text in (
        (differences.unexpected, differences.missing, "the weights have `{0}` in front of each: "),
        (differences.missing, differences.unexpected, "the weights lack `{0}` in front of each: "),
    ):
        prefix = _prefix(longer, shorter)
        if prefix:
            short = f"key.removeprefix({prefix!r})" if longer is differences.unexpected else ""
            key = short or f"{prefix!r} + key"
            return text.format(prefix) + f"{{{key}: value for key, value in weights.items()}}"
    return ""


def _prefix(longer: Mapping[str, Facts], shorter: Mapping[str, Facts]) -> str:
    """Return the words that stand before every key of the shorter names, empty for none."""
    keys = [key for key in shorter if not _is_counter(key)]
    for name in longer if keys else ():
        prefix = name.removesuffix(f".{keys[0]}")
        if prefix != name and all(f"{prefix}.{key}" in longer for key in keys):
            return f"{prefix}."
    return ""


def _is_counter(key: str) -> bool:
    """Return whether a key is one of batch norm's counters, which weights may lack."""
    return key.rpartition(".")[2] == "num_batches_tracked"


def _as_function(differences: Differences) -> str:
    """Keys have a number too many, or too few: a module stands where a function is meant."""
    missing, unexpected = _modules(differences.missing), _modules(differences.unexpected)
    deeper = [(name, outer) for name in missing if (outer := _outer(name)) in unexpected]
    if deeper:
        first = all(name.endswith(".0") for name, _ in deeper)
        advice = (
            "write `-> relu`, a function, not `-> ReLU`, a module"
            if first
            else "give each module a line of its own, or write functions before it"
        )
        return f"{_in_the_weights(deeper)}: {advice}"
    flatter = [(name, f"{name}.0") for name in missing if f"{name}.0" in unexpected]
    if flatter:
        advice = "write `-> ReLU`, a module, not `-> relu`, or a list of one line"
        return f"{_in_the_weights(flatter)}: {advice}"
    return ""


def _outer(module: str) -> str:
    """Return the path of what holds a module by a number, empty where none does."""
    outer, _, number = module.rpartition(".")
    return outer if number.isdigit() else ""


def _in_the_weights(pairs: Sequence[tuple[str, str]]) -> str:
    """Return which modules have which names in the weights."""
    shown = ", ".join(f"`{name}` is `{other}`" for name, other in pairs[:NAMED])
    return f"in the weights {shown}{', …' if len(pairs) > NAMED else ''}"


def _with_bias(differences: Differences) -> str:
    """All that differs are biases, which one has and the other lacks."""
    absent, surplus = differences.missing, differences.unexpected
    modules = [key.rpartition(".") for key in (*absent, *surplus)]
    if differences.unlike or bool(absent) == bool(surplus):
        return ""
    if any(name != "bias" for _, _, name in modules):
        return ""
    strange = [module for module, _, _ in modules if module not in differences.modules]
    if surplus and strange:
        shown = ", ".join(f"`{module}.bias`" for module in strange[:NAMED])
        return f"the model has no such layers: drop {shown}{_more(strange)}"
    shown = ", ".join(f"`{module}`" for module, _, _ in modules[:NAMED])
    rest = _more(modules)
    if absent:
        return f"without a bias in the weights: {shown}{rest}: write `bias=False`"
    return f"with a bias in the weights: {shown}{rest}: leave out `bias=False`"


def _more(named: Sequence[object]) -> str:
    return ", …" if len(named) > NAMED else ""


def _recounted(differences: Differences) -> str:
    """Modules without names have other numbers, all greater in the weights, or all smaller."""
    unlike = differences.unlike
    missing = {**differences.missing, **{key: facts[0] for key, facts in unlike.items()}}
    surplus = {**differences.unexpected, **{key: facts[1] for key, facts in unlike.items()}}
    ours, theirs = _numbered(missing), _numbered(surplus)
    if not ours or [*ours.values()] != [*theirs.values()]:
        return ""
    places = [*zip(ours, theirs, strict=True)]
    pairs = [(_path(*one), _path(*other)) for one, other in places]
    if any(one[0] != other[0] for one, other in places):
        return ""
    if all(one[1] < other[1] for one, other in places):
        return (
            f"{_in_the_weights(pairs)}: before them stand more modules there: "
            "write `ReLU`, a module, not `relu`, which is not counted"
        )
    if all(one[1] > other[1] for one, other in places):
        return (
            f"{_in_the_weights(pairs)}: before them stand fewer modules there: "
            "write `relu`, a function, not `ReLU`, which is counted"
        )
    return ""


def _numbered(keys: Mapping[str, Facts]) -> dict[tuple[str, int], dict[str, Shape]]:
    """Return the tensors of each module by where it is and its number, in order.

    Nothing where one of them has a name instead.
    """
    found: dict[tuple[str, int], dict[str, Shape]] = {}
    for module, tensors in _modules(keys).items():
        outer, _, number = module.rpartition(".")
        if not number.isdecimal():
            return {}
        found[outer, int(number)] = tensors
    return dict(sorted(found.items()))


def _path(outer: str, number: int) -> str:
    return f"{outer}.{number}" if outer else str(number)


def _renamed(differences: Differences) -> str:
    """Modules with the same tensors have other names, each missing one its own."""
    pairs = _pairs(differences)
    if not pairs:
        return ""
    return f"by their shapes, {_in_the_weights(pairs)}: rename the lines, or the keys"


def _pairs(differences: Differences) -> list[tuple[str, str]]:
    """Return each missing module with one of the weights that has the same tensors.

    None at all if one of them has no such module.
    """
    given, missing = _modules(differences.unexpected), _modules(differences.missing)
    if len(missing) == 1 and max(map(len, missing.values())) == 1:
        return []
    pairs: list[tuple[str, str]] = []
    for name, tensors in missing.items():
        same = [other for other in given if given[other] == tensors]
        if not same:
            return []
        best = next(iter(get_close_matches(name, same, 1, cutoff=0.0)), same[0])
        pairs.append((name, best))
        del given[best]
    return pairs


def _modules(keys: Mapping[str, Facts]) -> dict[str, dict[str, Shape]]:
    """Return the tensors of each module, by the names they have in it; counters left out."""
    modules: dict[str, dict[str, Shape]] = {}
    for key, (shape, _) in keys.items():
        module, _, name = key.rpartition(".")
        if not _is_counter(key):
            modules.setdefault(module or key, {})[name if module else ""] = shape
    return modules


def _near(differences: Differences) -> str:
    """A missing key of the same shape is there under a similar name."""
    for name, (shape, _) in differences.missing.items():
        alike = [key for key, facts in differences.unexpected.items() if facts[0] == shape]
        if near := get_close_matches(name, alike[:COMPARED], 1):
            return f"is `{name}` called `{near[0]}` in the weights?"
    return ""


def _of_another_size(differences: Differences) -> str:
    """The tensors that fit not are those of one module: a head for another number of classes."""
    unlike = [name for name, (ours, theirs) in differences.unlike.items() if ours[0] != theirs[0]]
    modules = {name.rpartition(".")[0] for name in unlike}
    if len(modules) != 1 or differences.missing or differences.unexpected:
        return ""
    (module,) = modules
    return (
        f"only `{module}` has another size: give the parameters the weights were made with, "
        f"or leave it as it is initialised: except_=[{module!r}]"
    )


def _of_another_dtype(differences: Differences) -> str:
    pairs = {(model[1], weights[1]) for model, weights in differences.unlike.values()}
    floats = [pair for pair in pairs if all("float" in dtype for dtype in pair)]
    if len(pairs) != 1 or not floats or differences.missing or differences.unexpected:
        return ""
    ((model, weights),) = floats
    if model == weights:
        return ""
    return (
        f"numbers are cut short only where it is asked for: load the model with "
        f"dtype=torch.{weights}, or with dtype=torch.{model} to convert them"
    )
