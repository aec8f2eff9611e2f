"""The mistakes that have names: what each is, and how it is mended. The words are in catalogue.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from conformance.model.yaml_file import Model, read_yaml, validate

__all__ = ["MISTAKES", "Mistake"]

_FILE = Path(__file__).with_name("catalogue.yaml")


class _Entry(Model):
    title: str
    description: str
    python: str
    java: str


class Mistake(_Entry):
    """One mistake: its `key` never changes; `python` and `java` say how to mend it there."""

    key: str


def _load() -> dict[str, Mistake]:
    entries = validate(dict[str, _Entry], read_yaml(_FILE), _FILE)
    return {key: Mistake(key=key, **entry.model_dump()) for key, entry in entries.items()}


MISTAKES: Mapping[str, Mistake] = MappingProxyType(_load())
"""Every mistake by its key."""
