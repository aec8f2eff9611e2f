"""A class at work, and windows on its board."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.board.classroom import Classroom
from tests.board.window import LISTENS
from tests.browser import Window, chromium
from tests.cli.conftest import java_classes

__all__ = ["chromium", "java_classes"]

_WAIT = 60_000  # milliseconds; nothing that works comes near it, on a loaded machine either


@pytest.fixture(scope="module")
def classroom(chromium: Browser, java_classes: Path) -> Iterator[Classroom]:
    """One for all tests of a module: they look at what they have made themselves."""
    with Classroom(java_classes) as opened:
        yield opened


@pytest.fixture
def window(chromium: Browser) -> Iterator[Window]:
    """Opens pages. What a page's script complains of fails the test."""
    expect.set_options(timeout=_WAIT)
    with Window(chromium, LISTENS) as opened:
        yield opened
    assert opened.complaints == []
