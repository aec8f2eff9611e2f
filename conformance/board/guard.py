"""Who may look, and how: a page is read and nothing else, and by nobody from elsewhere.

A web page of another site can make a browser ask the board. It cannot read the answer, unless its own name leads here
("DNS rebinding"): therefore a board answers only to addresses, to `localhost` and to its machine's own name.
"""

from __future__ import annotations

import ipaddress
import socket

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard"]

_LONGEST_PATH = 100

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Guard:
    """Passes on what may be answered, and puts on every answer what a browser may make of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        own = socket.gethostname().lower()
        self._names = {"localhost", own, f"{own}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As every ASGI application."""
        if scope["type"] != "http":
            return  # nothing here speaks anything else

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("the board only shows: GET and HEAD", 405, {"Allow": "GET, HEAD"})
        if len(scope["path"]) > _LONGEST_PATH:
            return PlainTextResponse("nothing here has so long a name", 404)
        host = headers.get("host", "")
        if not self._is_own(host):
            return PlainTextResponse("the board answers to an address or to its machine's own name", 403)
        origin = headers.get("origin")
        elsewhere = origin is not None and origin.partition("://")[2] != host
        # A link may lead here from anywhere; to load anything of the board into a page of one's own is another thing.
        # To a browser another port of the same machine is the same site.
        site = headers.get("sec-fetch-site", "none")
        loaded = site not in ("same-origin", "none") and headers.get("sec-fetch-mode") != "navigate"
        if elsewhere or loaded:
            return PlainTextResponse("the board answers to its own page only", 403)
        return None

    def _is_own(self, host: str) -> bool:
        name = host.rpartition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.lower().removesuffix(".") in self._names
        return True
