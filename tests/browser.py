"""The system's Chromium, driven by Playwright, for the tests of pages; where there is none they are skipped.

A folder of tests takes the fixture by importing it into its conftest.py.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

__all__ = ["REQUIRED", "axe_violations", "chromium", "chromium_options", "find_chromium"]

REQUIRED = "PAGES_REQUIRE_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_NO_BROWSER = f"no browser to look at pages with: none of {', '.join(_NAMES)} is on PATH"


def find_chromium() -> str | None:
    """The path of the system's Chromium, or of its kin; None where there is none."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def chromium_options() -> dict[str, Any]:
    """How Playwright is to launch it."""
    # Chromium refuses to run as root with its sandbox; on Windows nobody is root.
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return {"executable_path": find_chromium(), "args": ["--no-sandbox"] if root else []}


# Of a module, and not of the session: while Playwright lives, no other test of this thread could run an event loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium. Where it must be there (CI says so), its absence is a failure."""
    if find_chromium() is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{_NO_BROWSER}, and {REQUIRED}=1 says that one must be")
        pytest.skip(_NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium_options())
        yield browser
        browser.close()


def axe_violations(page: Page) -> list[str]:
    """What axe finds wrong on the page as it stands: a line for each, with the elements that it is about."""
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {violation['help']} ({', '.join(str(node['target'][0]) for node in violation['nodes'])})"
        for violation in found
    ]
