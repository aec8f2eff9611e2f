"""Who may read the board, and how: by GET and HEAD only, and from its own page only; and the answer to everything else.

A web page of another site can make a browser ask the board. It cannot read the answer, unless its own name leads here
("DNS rebinding"): therefore a board answers only to addresses, to `localhost` and to its machine's own name.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from conformance.agent.problem import Problem
from conformance.formatting import LANGUAGES, catalogue, sentence

__all__ = ["CODE_HEADER", "Guard", "refusal"]

CODE_HEADER = "X-Problem-Code"
"""The header in which an answer that is a refusal has its code."""
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


def refusal(scope: Scope, status: int, problem: Problem, headers: Mapping[str, str] = {}) -> PlainTextResponse:
    """The problem as an answer, in the first language of the browser that there is a catalogue of; else in English."""
    asked = [word.strip()[:2].lower() for word in Headers(scope=scope).get("accept-language", "").split(",")]
    language = next((language for word in asked for language in LANGUAGES if word == language), "en")
    own = {CODE_HEADER: problem.code, "Content-Language": language}
    return PlainTextResponse(sentence(problem, catalogue(language)), status, {**own, **headers})


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

        refused = self._refusal(scope)
        await (refused or self._app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if scope["method"] not in ("GET", "HEAD"):
            return refusal(scope, 405, Problem("read-only"), {"Allow": "GET, HEAD"})
        if len(scope["path"]) > _LONGEST_PATH:
            return refusal(scope, 404, Problem("no-such-page"))
        host = headers.get("host", "")
        if not self._is_own(host):
            return refusal(scope, 403, Problem("foreign-host"))
        origin = headers.get("origin")
        elsewhere = origin is not None and origin.partition("://")[2] != host
        # A link may lead here from anywhere; to load anything of the board into another page is not allowed.
        # To a browser another port of the same machine is the same site.
        site = headers.get("sec-fetch-site", "none")
        loaded = site not in ("same-origin", "none") and headers.get("sec-fetch-mode") != "navigate"
        if elsewhere or loaded:
            return refusal(scope, 403, Problem("foreign-page"))
        return None

    def _is_own(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
            return name in self._names or bool(ipaddress.ip_address(name))
        except ValueError:
            return False
