"""Where children go: the paths that lines take in the module tree."""

from msgspec import Struct, field

from archc.diagnostics import Code, RuleViolation
from archc.passes.elaboration.scope import Record


def joined(path: str, name: str) -> str:
    """Return the path of a child called `name` at `path`."""
    return f"{path}.{name}" if path else name


class Container(Struct, eq=False):
    """A body's place: its path, whether its children are numbered, and those it has."""

    path: str
    numbered: bool
    children: dict[str, Record]
    count: int = 0
    taken: set[str] = field(default_factory=set[str])

    def take_number(self) -> str:
        """Return the path of the next numbered child."""
        self.count += 1
        return joined(self.path, str(self.count - 1))

    def take_name(self, name: str) -> str:
        """Return the path of a named child.

        Raises:
            RuleViolation: another child has the name already.
        """
        if name in self.taken:
            raise RuleViolation(
                Code.DUPLICATE_CHILD,
                f"there is a child `{name}` already",
                help="give one of them another name; in a loop, put `{i}` into it",
            )
        self.taken.add(name)
        return joined(self.path, name)


class Slot:
    """The place of one line: a name, or the next numbers of a list when it needs them."""

    def __init__(self, container: Container, name: str) -> None:
        self.container = container
        self.name = name
        self._path = container.take_name(name) if name else ""

    @property
    def path(self) -> str:
        """The path of the line's one module; a list gives it the next number."""
        if not self._path:
            self._path = self.container.take_number()
        return self._path

    def copies(self, count: int, alone: bool) -> list[str]:
        """Return the paths of `count` numbered copies; alone in a list, they are its children."""
        if alone and not self.name and self.container.numbered:
            return [self.container.take_number() for _ in range(count)]
        return [joined(self.path, str(i)) for i in range(count)] if count else []


class FixedSlot(Slot):
    """A place that is given: a parenthesis or a one-line block fills its stage's slot."""

    def __init__(self, path: str) -> None:
        self.name = path
        self._path = path
        self.container = Container(path, False, {})
