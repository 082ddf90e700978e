"""The registry of functions: which family file holds which; imported when first named."""

from functools import cache
from importlib import import_module

from archc.layers.base import Function

FAMILIES: dict[str, dict[str, str]] = {}
"""Family file → the name a spec writes → the class."""

_PLACES = {name: (family, cls) for family, table in FAMILIES.items() for name, cls in table.items()}
NAMES = frozenset(_PLACES)


@cache
def find(name: str) -> type[Function]:
    """Return the function of this name, which must be one of `NAMES`."""
    family, cls = _PLACES[name]
    return getattr(import_module(f"archc.functions.{family}"), cls)
