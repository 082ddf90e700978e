"""What differs between a model and weights, in words, with the likely reason."""

from collections.abc import Mapping
from difflib import get_close_matches

from msgspec import Struct, field

from archc.diagnostics import Code, CompileError, Diagnostic

Shape = tuple[int, ...]
Facts = tuple[Shape, str]
"""The shape and the dtype of a tensor."""

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

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.unlike)


def mismatch(differences: Differences) -> CompileError:
    """Return the error that lists every difference and says what is the likely reason."""
    notes = [f"missing: {name}" for name in differences.missing]
    notes += [f"unexpected: {name}" for name in differences.unexpected]
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
    reasons = (_prefixed, _as_function, _renamed, _near, _of_another_size, _of_another_dtype)
    advice = next((text for reason in reasons if (text := reason(differences))), "")
    found = Diagnostic(Code.WEIGHTS_MISMATCH, headline, notes=tuple(notes), help=advice)
    return CompileError([found], {})


def _unlike(name: str, model: Facts, weights: Facts) -> str:
    if model[0] != weights[0]:
        return f"differs: {name}: the model has {list(model[0])}, the weights {list(weights[0])}"
    return f"differs: {name}: the model has {model[1]}, the weights {weights[1]}"


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
    """A key has a number too many, or too few: a module stands where a function is meant."""
    for name in differences.missing:
        parts = name.split(".")
        shorter = ".".join([*parts[:-2], parts[-1]])
        if len(parts) > 2 and parts[-2].isdigit() and shorter in differences.unexpected:
            named = f"`{name}` is `{shorter}` in the weights"
            return f"{named}: write `-> relu`, a function, not `-> ReLU`"
        longer = ".".join([*parts[:-1], "0", parts[-1]])
        if len(parts) > 1 and longer in differences.unexpected:
            named = f"`{name}` is `{longer}` in the weights"
            return f"{named}: write `-> ReLU`, a module, not `-> relu`, or a list of one line"
    return ""


def _renamed(differences: Differences) -> str:
    """Modules with the same tensors have other names, each missing one its own."""
    given, missing = _modules(differences.unexpected), _modules(differences.missing)
    if len(missing) == 1 and max(map(len, missing.values())) == 1:
        return ""
    pairs: list[tuple[str, str]] = []
    for name, tensors in missing.items():
        same = [other for other in given if given[other] == tensors]
        if not same:
            return ""
        best = next(iter(get_close_matches(name, same, 1, cutoff=0.0)), same[0])
        pairs.append((name, best))
        del given[best]
    if not pairs:
        return ""
    shown = ", ".join(f"`{name}` is `{other}`" for name, other in pairs[:NAMED])
    rest = ", …" if len(pairs) > NAMED else ""
    return f"by their shapes, in the weights {shown}{rest}: rename the lines, or the keys"


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
    return f"numbers are never cut short: load the model with dtype=torch.{weights}"
