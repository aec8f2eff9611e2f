"""The command line: `python -m pyserver simple|multithreaded|async|chat [--host H] [--port P]`."""

import argparse
import sys

from pyconsole import end_on_ctrl_c, host_name, port_number, use_utf8

__all__ = ["main"]

_SERVERS = ("simple", "multithreaded", "async", "chat")

_DESCRIPTION = """\
The servers of the course, in Python. They speak what java.io's data streams speak,
so that clients in Java and in Python are both welcome.

  simple         adds pairs of integers for one client at a time; the others wait
  multithreaded  the same for all clients at once, a thread for each
  async          the same for ten thousand clients, on one event loop
  chat           receives the messages of every client and sends each to all of them
"""

_EXAMPLES = """\
example, in two terminals:

  python3 -m pyserver simple            python3 -m pyclient simple
  ### Écoute sur le port 8999           ### Tentative de connexion à 127.0.0.1:8999...
  ### Connexion établie.                ### Connexion établie.

what to run on the other side (on another machine, with the address of this one instead of 127.0.0.1):

  simple, multithreaded, async   python3 -m pyclient simple          java SimpleClient
                                 python3 -m pyclient multithreaded   java MultithreadedClients
  chat                           python3 -m pyclient chat alice      java ChatClient alice

Ctrl-C ends a server. The port is free again at once.
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs the server that the arguments name; returns the exit status."""
    use_utf8()
    end_on_ctrl_c()
    parser = argparse.ArgumentParser(
        prog="python3 -m pyserver",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("server", choices=_SERVERS, help="which server, see above")
    anywhere = "listen on this address only (default: on every interface, IPv4 and IPv6)"
    parser.add_argument("--host", type=host_name, help=anywhere)
    parser.add_argument("--port", type=port_number, default=8999, help="default: 8999; 0 lets the system choose")
    options = parser.parse_args(arguments)
    # Only one module is imported. The first two do not need asyncio, and start sooner without it.
    match options.server:
        case "simple":
            from pyserver.simple import run
        case "multithreaded":
            from pyserver.multithreaded import run
        case "async":
            from pyserver.addition_protocol import run
        case _:
            from pyserver.chat_protocol import run
    return run(options.port, options.host)


if __name__ == "__main__":
    sys.exit(main())
