"""The state dict's keys in torch's order: a module's parameters, its buffers, its children."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from archc.ir.runs import Node
from archc.layers.base import Owned


class Key(Struct, frozen=True, gc=False):
    """One entry of the state dict."""

    name: str
    tensor: Owned

    @property
    def is_parameter(self) -> bool:
        """Whether the tensor is trained."""
        return self.tensor.kind == "parameter"


def ordered_keys(nodes: Iterable[Node], declared: Mapping[str, tuple[str, ...]]) -> Iterator[Key]:
    """Yield the keys of a network; `declared` puts children of a path first, by name."""
    tree = _Module()
    for node in nodes:
        if node.operation is not None and node.operation.is_module and not node.shared:
            _register(tree, node)
    yield from _walk(tree, "", declared)


class _Module:
    """A module of the tree while keys are ordered: its own tensors, its children by name."""

    __slots__ = ("children", "owned")

    def __init__(self) -> None:
        self.children: dict[str, _Module] = {}
        self.owned: list[Owned] = []

    def child(self, name: str) -> "_Module":
        return self.children.setdefault(name, _Module())


def _register(tree: _Module, node: Node) -> None:
    """Put a node's tensors at their modules: `out_proj.weight` belongs to a child of its own."""
    *parents, last = node.path.split(".")
    module = tree
    for name in parents:
        module = module.child(name)
    owned = node.owned()
    if len(owned) == 1 and not owned[0].name:
        module.owned.append(Owned(last, owned[0].shape, owned[0].dtype, owned[0].kind))
        return
    module = module.child(last)
    for tensor in owned:
        *inner, name = tensor.name.split(".")
        place = module
        for part in inner:
            place = place.child(part)
        place.owned.append(Owned(name, tensor.shape, tensor.dtype, tensor.kind))


def _walk(module: _Module, path: str, declared: Mapping[str, tuple[str, ...]]) -> Iterator[Key]:
    prefix = f"{path}." if path else ""
    for kind in ("parameter", "buffer"):
        for tensor in module.owned:
            if tensor.kind == kind:
                yield Key(prefix + tensor.name, tensor)
    names = [name for name in declared.get(path, ()) if name in module.children]
    names += [name for name in module.children if name not in names]
    for name in names:
        yield from _walk(module.children[name], prefix + name, declared)
