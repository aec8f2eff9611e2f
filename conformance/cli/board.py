"""`board`: a tap in front of each server, and a page that shows all conversations while they happen."""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import signal
import socket
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.board.board import Board, read_servers, server_words
from conformance.cli.arguments import Parser
from conformance.cli.tap import interface, listener, refuse_a_circle, when_told_to_end
from conformance.cli.terminal import print_line
from conformance.formatting import Catalogue
from conformance.model.lookup import UsageError
from conformance.observe.places import Place, listen_place, reachable_addresses
from conformance.observe.tap_session import give_way

__all__ = ["add_arguments", "run"]

_LOOPBACK = "127.0.0.1"


def add_arguments(parser: Parser) -> None:
    page = Place(_LOOPBACK, 8080)
    told = parser.words.text("cli.board.help.listen", {"page": page})
    add = parser.add_argument
    add("file", type=Path, nargs="?", metavar="cli.metavar.yaml", help="cli.board.help.file")
    servers: dict[str, Any] = {"action": "append", "default": [], "type": server_words}
    add("--server", **servers, metavar="cli.metavar.watched", help="cli.board.help.server")
    add("--listen", type=listen_place, default=page, metavar="cli.metavar.listen", help=told)


def run(arguments: Namespace) -> int:
    # Here, since every other command does without a web server.
    import uvicorn

    from conformance.board.app import board_app

    words: Catalogue = arguments.words
    servers = [*(read_servers(arguments.file) if arguments.file else []), *arguments.server]
    if not servers:
        raise UsageError("cli.usage.no-server")
    for server, other in itertools.product(servers, servers):
        refuse_a_circle(other.listen, server.to)
    when_told_to_end(signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        page = stack.enter_context(listener(replace(arguments.listen, host=arguments.listen.host or _LOOPBACK)))
        board = Board(servers)
        stack.callback(board.close)
        give_way()  # the relays run already, and do not; the threads that read them are yet to come
        for watch in board.watches:
            server, port = watch.server, watch.relay.port
            values = {"name": server.name, "protocol": server.protocol.protocol, "port": port, "to": server.to}
            print_line(words.text("cli.board.watching", {"where": interface(server.listen.host, words), **values}))
        print_line(_shown(page, words))
        web: uvicorn.Server
        # The traffic is what is looked at here, and not who looks, nor that a page is cut off at the end.
        quiet: dict[str, Any] = {"log_config": None, "access_log": False, "log_level": "critical"}
        app = board_app(board, lambda: web.should_exit)
        web = uvicorn.Server(uvicorn.Config(app, ws="none", lifespan="off", timeout_graceful_shutdown=1, **quiet))

        def end(*_: object) -> None:
            web.should_exit = True

        when_told_to_end(end)  # until the web server listens to signals itself: an exception would tear its start
        board.begin(lambda code, values: print_line(_of_relay(code, values, words)))
        web.run([page])
    return 0


def _of_relay(code: str, values: Mapping[str, Any], words: Catalogue) -> str:
    told = dict(values)
    if isinstance(reason := told.get("reason"), UsageError):
        told["reason"] = words.text(reason.name, reason.values)
    return words.text(f"cli.board.relay.{code}", told)


def _shown(page: socket.socket, words: Catalogue) -> str:
    host, port = page.getsockname()[:2]
    address = ipaddress.ip_address(host)
    hosts = [_LOOPBACK, *reachable_addresses()] if address.is_unspecified else [host]
    kind = "" if address.is_loopback else ".to-others"
    return words.text(f"cli.board.shown{kind}", {"where": ", ".join(f"http://{Place(host, port)}/" for host in hosts)})
