"""`board`: a tap in front of each server, and a page that shows all conversations while they happen."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import itertools
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from conformance.agent.tap.relay import reason
from conformance.board.servers import WatchedServer, read_servers, server_words
from conformance.cli.tap import refuse_a_circle
from conformance.model.lookup import UsageError
from conformance.observe.own_addresses import reachable_addresses
from conformance.observe.places import Place, listen_place
from conformance.observe.tap_session import give_way
from conformance.observe.terminal import print_line

__all__ = ["ABOUT", "EPILOG", "add_arguments", "run"]

ABOUT = "show everything that passes between clients and servers on a page, as it happens"
EPILOG = """\
A tap stands in front of each server: clients connect to PORT of this machine, and reach the server through it.

  {prog} --server addition:9000:localhost:8999
        the server that runs here on port 8999; its clients take port 9000. The page is http://127.0.0.1:8080/
  {prog} --server alice=addition:9001:192.168.1.21 --server bob=chat:9002:192.168.1.22:7000
        two servers on other machines, with names for the page
  {prog} board.yaml
        the same as a file:
            servers:
              alice: {{protocol: addition, listen: 9001, to: 192.168.1.21}}
              bob: {{protocol: chat, listen: 9002, to: "192.168.1.22:7000"}}
  {prog} board.yaml --listen 0.0.0.0:8080
        the page for everyone on the network: they see the addresses of all clients, and every word and number

The board only watches. Ctrl-C ends it, and the taps with it. The status is 0, or 2 if it could not begin or go on."""

_LOOPBACK = "127.0.0.1"
_REVEALS = (
    "whoever reaches this address sees the addresses of all clients and everything that they send and receive, "
    "and can change nothing"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `board` takes."""
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE.yaml", help="the servers, named in a file")
    parser.add_argument(
        "--server",
        action="append",
        type=server_words,
        default=[],
        metavar="[NAME=]PROTOCOL:PORT:HOST[:PORT]",
        help="a server: the port where its clients find the tap, and where the server is; may be given many times",
    )
    parser.add_argument(
        "--listen",
        type=listen_place,
        default=Place(_LOOPBACK, 8080),
        metavar="[HOST:]PORT",
        help="where the page is; without a host on this machine only (default: 127.0.0.1:8080)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Shows the board until it is told to end."""
    # Here, since every other command does without a web server.
    import uvicorn

    from conformance.board.app import board_app
    from conformance.board.board import Board

    servers = [*(read_servers(arguments.file) if arguments.file else []), *arguments.server]
    if not servers:
        raise UsageError("which servers? Give --server addition:9000:localhost:8999, or a file that names them")
    for server, other in itertools.product(servers, servers):
        refuse_a_circle(other.listen, server.to)
    _when_told_to_end(signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listener(arguments.listen))
        board = Board(servers)
        stack.callback(board.close)
        give_way()  # the relays run already, and do not; the threads that read them are yet to come
        for watch in board.watches:
            print_line(_watching(watch.server, watch.port))
        print_line(_shown(listener))
        # The traffic is what is looked at here, and not who looks.
        web: uvicorn.Server = uvicorn.Server(
            uvicorn.Config(
                board_app(board, lambda: web.should_exit),
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",  # a page that does not read is cut off at the end, which is no news
                access_log=False,
                timeout_graceful_shutdown=1,
            )
        )

        def end(*_: object) -> None:
            web.should_exit = True

        _when_told_to_end(end)  # until the web server listens to signals itself: an exception would tear its start
        board.begin(end)
        web.run([listener])
        if board.ended:
            raise UsageError(f"the relay of {board.ended[0]} has ended by itself, and what it carried with it")
    return 0


def _when_told_to_end(what: Callable[[int, FrameType | None], object]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, what)


def _listener(listen: Place) -> socket.socket:
    host = listen.host or _LOOPBACK
    try:
        family = socket.getaddrinfo(host, listen.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, listen.port or 0), family=family)
    except OSError as error:
        raise UsageError(f"--listen {host}:{listen.port}: cannot listen there: {reason(error)}") from error


def _watching(server: WatchedServer, port: int) -> str:
    reachable = [] if server.listen.host else reachable_addresses()
    others = f" (from other machines: {', '.join(reachable)})" if reachable else ""
    where = f"port {port} of {server.listen.host or 'every interface'}{others}"
    return f"{server.name}: {server.protocol.protocol}, clients take {where}, for the server {server.to}"


def _shown(listener: socket.socket) -> str:
    address = ipaddress.ip_address(listener.getsockname()[0])
    port = listener.getsockname()[1]
    hosts = [str(Place(str(address), port))]
    if address.is_unspecified:
        hosts = [str(Place(host, port)) for host in (_LOOPBACK, *reachable_addresses())]
    where = ", ".join(f"http://{host}/" for host in hosts)
    return f"the board: {where}" + ("" if address.is_loopback else f" -- {_REVEALS}") + ". Ctrl-C ends"
