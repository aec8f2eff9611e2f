"""Lines of text in a case, typed or shown: texts, and short ways to say long ones.

`{text: a, times: 65535}` and `{points: 0..FFFF, each: 1000}` are what they are in a UTF on the wire, `{repeat: [...],
times: 100}` is the same lines often; `after: "--> bob : "` stands before each text of its mapping.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.agent.player.items import parse_items

__all__ = ["parse_lines"]


def parse_lines(raw: Any) -> tuple[str, ...]:
    """The lines that YAML says, one or a list of them; ValueError where one is none."""
    return tuple(line for entry in (raw if isinstance(raw, list) else [raw]) for line in _parse(entry))


def _parse(entry: Any) -> Iterator[str]:
    match entry:
        case str():
            yield entry
        case {"repeat": list(body), "times": int(times), **rest} if not rest:
            yield from parse_lines(body) * times
        case dict():
            text = {key: value for key, value in entry.items() if key != "after"}
            for item in parse_items([{"UTF": text}]):
                yield f"{entry.get('after', '')}{item.value}"
        case _:
            raise ValueError(f"a line is a text, or such as {{text: a, times: 65535}}, and not {entry!r}")
