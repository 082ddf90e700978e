"""The events of YAML, and where it stops."""

from collections.abc import Iterator

import yaml

from archc.spec.page import CONTROL_CHARACTER, Page, Trouble, is_control
from archc.spec.source import MAX_DEPTH, MAX_EVENTS


def find_trouble(page: Page) -> Trouble | None:
    """Return where YAML stops reading a page; limits are not its business."""
    count = depth = since = 0
    try:
        for event in events(page.text):
            count, since = count + 1, event.start_mark.line
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if count > MAX_EVENTS or depth > MAX_DEPTH:
                return None
    except yaml.MarkedYAMLError as error:
        words = f"{error.context or ''} {error.problem or ''}".strip()
        return _marked(words, error.problem_mark, error.context_mark, (count, since))
    except yaml.YAMLError:
        lines = enumerate(page.lines)
        index = next((i for i, line in lines if any(map(is_control, line.text))), 0)
        return Trouble(CONTROL_CHARACTER, index, 0, index, 0, count)
    return None


def _marked(
    words: str, at: yaml.Mark | None, start: yaml.Mark | None, progress: tuple[int, int]
) -> Trouble:
    index, column = (at.line, at.column) if at else (0, 0)
    first, first_column = (start.line, start.column) if start else (index, column)
    return Trouble(words, index, column, first, first_column, *progress)


def events(text: str) -> Iterator[yaml.Event]:
    """Yield what YAML reads in a text, one event at a time.

    Raises:
        yaml.YAMLError: it can read no more.
    """
    return yaml.parse(text, Loader=_loader())  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _loader() -> type[yaml.Loader]:
    return getattr(yaml, "CLoader", yaml.Loader)
