"""What a page of the board was told, for tests that wait for it."""

from __future__ import annotations

from playwright.sync_api import Page

__all__ = ["LISTENS", "was_told"]

LISTENS = """
window.told = [];
window.EventSource = class extends EventSource {
    set onmessage(take) {
        super.onmessage = (event) => { take(event); requestAnimationFrame(() => window.told.push(event.data)); };
    }
};
"""
"""A script that has a page note what it is told."""


def was_told(page: Page, text: str) -> None:
    """Waits until a stream has told the page this, and it has had a frame to draw it."""
    page.wait_for_function("text => window.told.some((told) => told.includes(text))", arg=text)
