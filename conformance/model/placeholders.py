"""Placeholders: `{name}` in the texts of YAML files, and `{name.0}` for the first part of a value that is a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

__all__ = ["check_placeholders", "fill", "fill_all", "pattern", "with_parts"]

_PLACEHOLDER = re.compile(r"\{(\w+(?:\.\d+)?)\}")
_IN_LINES = re.compile(r"\{([^\W\d]\w*)\}")  # `{of.0}` has no value in a line


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with its placeholders replaced by the values; one without a value stays."""
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), text)


def fill_all(content: Any, values: Mapping[str, Any]) -> Any:
    """The same for each text in nested mappings and lists; a text that is one placeholder becomes the value itself."""
    match content:
        case dict():
            return {key: fill_all(value, values) for key, value in content.items()}
        case list():
            return [fill_all(value, values) for value in content]
        case str():
            whole = _PLACEHOLDER.fullmatch(content)
            return values[whole[1]] if whole and whole[1] in values else fill(content, values)
    return content


def with_parts(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, and the parts of those that are lists, as `name.0`, `name.1`."""
    lists = [(name, value) for name, value in values.items() if isinstance(value, list)]
    return {**values, **{f"{name}.{index}": part for name, value in lists for index, part in enumerate(value)}}


def check_placeholders(text: str, known: Iterable[str]) -> None:
    """Raises ValueError for a placeholder whose name is not known."""
    for name in _PLACEHOLDER.findall(text):
        if name not in known:
            raise ValueError(f"no such placeholder: {{{name}}}; known are {', '.join(known)}")


@lru_cache(maxsize=1024)
def pattern(text: str) -> re.Pattern[str]:
    """A pattern that matches the text with anything in its placeholders, and the same in all of one name."""
    first, *rest = _IN_LINES.split(text)
    form = re.escape(first)
    seen: set[str] = set()
    for name, after in zip(rest[::2], rest[1::2], strict=True):
        form += (f"(?P={name})" if name in seen else f"(?P<{name}>.*)") + re.escape(after)
        seen.add(name)
    return re.compile(form, re.DOTALL)
