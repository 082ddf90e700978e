"""The registry: which family file holds which layer; a family is imported when first named."""

from functools import cache
from importlib import import_module

from archc.layers.base import Layer

FAMILIES: dict[str, tuple[str, ...]] = {
    "convolution": ("Conv1d", "Conv2d", "Conv3d"),
}

_FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names}
NAMES = frozenset(_FAMILY_OF)


@cache
def find(name: str) -> type[Layer]:
    """Return the layer of this name, which must be one of `NAMES`."""
    module = import_module(f"archc.layers.{_FAMILY_OF[name]}")
    return getattr(module, name)
