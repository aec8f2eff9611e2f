"""A browser window on a board, which notes what the page was told and what its script complains of."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page

__all__ = ["Window", "was_told"]

_LISTENS = """
window.told = [];
window.EventSource = class extends EventSource {
    set onmessage(take) {
        super.onmessage = (event) => { take(event); requestAnimationFrame(() => window.told.push(event.data)); };
    }
};
"""


class Window:
    """Pages of a board, each as in a browser of its own."""

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

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
        page.add_init_script(_LISTENS)
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
        if urlsplit(url).netloc != urlsplit(address).netloc and not url.startswith("data:"):
            self.complaints.append(f"asked for {url}")


def was_told(page: Page, text: str) -> None:
    """Waits until a stream has told the page this, and it has had a frame to draw it."""
    page.wait_for_function("text => window.told.some((told) => told.includes(text))", arg=text)
