"""The labelled corpus: what wrong and right programs send, and what must, may and must not be said of it."""

from __future__ import annotations

from functools import cache
from itertools import chain

from tests.diagnosis.corpus import formats, orders, readers, reports, right, writers, wrong_programs
from tests.diagnosis.corpus.entry import Entry

__all__ = ["entries"]


@cache
def entries() -> tuple[Entry, ...]:
    """All of it. No two entries have the same name."""
    found = tuple(
        chain.from_iterable(
            module.entries() for module in (reports, wrong_programs, writers, formats, orders, readers, right)
        )
    )
    names = [entry.name for entry in found]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    return found
