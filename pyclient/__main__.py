"""The command line: `python -m pyclient simple|multithreaded|chat [--host H] [--port P]`."""

import argparse
import getpass
import sys

from pyclient import chat, multithreaded, simple
from pyconsole import end_on_ctrl_c, port_number, use_utf8

__all__ = ["main"]

_DESCRIPTION = """\
The clients of the course, in Python. They speak what java.io's data streams speak, with servers in Java and in Python.

  simple         has three pairs of random integers added
  multithreaded  a hundred clients at once, each with one pair
  chat           sends what you type, and shows what the others write
"""

_EXAMPLES = """\
example, in two terminals:

  java SimpleServer                     python3 -m pyclient simple
  ### Écoute sur le port 8999           ### Tentative de connexion à 127.0.0.1:8999...
  ### Connexion établie.                ### Connexion établie.

what to run on the other side, first:

  simple, multithreaded   java SimpleServer           python3 -m pyserver simple
                          java MultithreadedServer    python3 -m pyserver multithreaded
                                                      python3 -m pyserver async
  chat                    java ChatServer             python3 -m pyserver chat

A server on another machine is reached by its address: python3 -m pyclient simple --host 192.168.1.20
Each client has a --help of its own: python3 -m pyclient chat --help
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs the client that the arguments name; returns the exit status."""
    use_utf8()
    end_on_ctrl_c()
    options = _parser().parse_args(arguments)
    match options.client:
        case "chat":
            return chat.run(options.author or _user_name(), options.host, options.port)
        case "multithreaded":
            return multithreaded.run(options.host, options.port, options.clients)
        case _:
            return simple.run(options.host, options.port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m pyclient",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--host", default="127.0.0.1", help="the server's name or address (default: 127.0.0.1)")
    where.add_argument("--port", type=port_number, default=8999, help="the server's port (default: 8999)")

    clients = parser.add_subparsers(dest="client", required=True, metavar="simple|multithreaded|chat")
    clients.add_parser(
        "simple",
        parents=[where],
        help="three pairs of integers, one after the other",
        description="Has three pairs of random integers from 0 to 99 added by an addition server.",
    )
    many = clients.add_parser(
        "multithreaded",
        parents=[where],
        help="many clients at once",
        description="Starts many clients of an addition server at once. Each has one pair of random integers added.",
    )
    many.add_argument("--clients", type=_number_of_clients, default=100, help="how many (default: 100)")
    chatting = clients.add_parser(
        "chat",
        parents=[where],
        help="a chat among all clients of the server",
        description="Sends each line that you type to all who are connected, and shows what they write. "
        "The end of the input (Ctrl-D, on Windows Ctrl-Z and Enter) ends the chat.",
    )
    chatting.add_argument("author", nargs="?", help="the name that the others see (default: the name of your account)")
    return parser


def _number_of_clients(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"a number of clients is 0 or more, not {text!r}")
    return int(text)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # an account without a name, as in some containers
        return "?"


if __name__ == "__main__":
    sys.exit(main())
