"""The system's Chromium, driven by Playwright, for the tests of pages; where there is none they are skipped.

A folder of tests takes the fixture by importing it into its conftest.py.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, sync_playwright

__all__ = ["REQUIRED", "Window", "axe_violations", "chromium", "chromium_options", "find_chromium"]

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


class Window:
    """Pages, each as in a browser of its own.

    What their scripts complain of, ask a person, or ask another place for, is noted as a complaint.
    """

    def __init__(self, chromium: Browser, init_script: str = "") -> None:
        self.complaints: list[str] = []
        self._chromium = chromium
        self._init_script = init_script
        self._contexts: list[BrowserContext] = []

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        for context in self._contexts:
            context.close()

    def open(
        self, address: str, *, width: int = 1280, height: int = 800, locale: str = "en-US", dark: bool = False
    ) -> Page:
        """Opens the page."""
        context = self._chromium.new_context(
            viewport={"width": width, "height": height},
            locale=locale,
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.add_init_script(self._init_script)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._asked)
        page.on("request", lambda request: self._requested(request.url, address))
        page.goto(address)
        return page

    def _said(self, message: ConsoleMessage) -> None:
        # That nobody answers a browser says by itself; it is no complaint of the page's script.
        if not message.text.startswith("Failed to load resource: net::"):
            self.complaints.append(message.text)

    def _asked(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def _requested(self, url: str, address: str) -> None:
        asked, own = urlsplit(url), urlsplit(address)
        same = (asked.scheme, asked.netloc) == (own.scheme, own.netloc)
        if own.scheme == "file":
            same = same and asked.path == own.path
        if not same and asked.scheme not in ("data", "blob"):
            self.complaints.append(f"asked for {url}")


def axe_violations(page: Page) -> list[str]:
    """What axe finds wrong on the page as it stands: a line for each, with the elements that it is about."""
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {violation['help']} ({', '.join(str(node['target'][0]) for node in violation['nodes'])})"
        for violation in found
    ]
