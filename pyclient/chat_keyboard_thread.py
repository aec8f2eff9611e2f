"""The half of the chat client that sends what is typed."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterable

from javaio import WIRE_TYPES, UTFDataFormatError
from pyconsole import err, out

__all__ = ["ChatKeyboardThread", "open_keyboard"]

_UTF = WIRE_TYPES["UTF"]

_GOODBYE = 2.0  # seconds that the server may take to end the conversation, once we have


class ChatKeyboardThread(threading.Thread):
    """Sends each line that is typed; at the end of the input, says goodbye."""

    def __init__(self, keyboard: Iterable[str], author: str, connection: socket.socket) -> None:
        super().__init__(daemon=True)  # the program may end while it waits for the keyboard
        self.author = author
        self._keyboard = keyboard
        self._connection = connection
        self._closing = False
        self._lock = threading.Lock()

    def run(self) -> None:
        with contextlib.suppress(OSError):
            self._send_typed_lines()
            self._say_goodbye()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # wakes whoever still listens to the server

    def closing(self) -> bool:
        """Whether we are leaving: the end of the connection is no error then."""
        with self._lock:
            return self._closing

    def show_unless_closing(self, line: str) -> None:
        """Prints what another author wrote, up to the moment when we say that we are leaving."""
        with self._lock:
            if not self._closing:
                out(line)

    def _send_typed_lines(self) -> None:
        for line in self._keyboard:
            text = line.removesuffix("\n")
            if not text:
                continue
            try:
                message = _UTF.encode(self.author) + _UTF.encode(text)
            except UTFDataFormatError:
                err("!!! Message trop long : il dépasse 65535 octets une fois codé, il n'est pas envoyé.")
            else:
                self._connection.sendall(message)

    def _say_goodbye(self) -> None:
        with self._lock:
            self._closing = True
            out("### Fermeture connexion...")
        # First our side alone, so that everything sent arrives; then the server closes its own, and all is over.
        self._connection.shutdown(socket.SHUT_WR)
        time.sleep(_GOODBYE)


def open_keyboard() -> Iterable[str]:
    """The lines of standard input, in UTF-8, each as soon as it is there.

    Opened before the connection: if standard input is closed, that takes its number. And read through a file object of
    its own: one that is waiting in `sys.stdin` cannot be left behind when Python ends.
    """
    try:
        return open(0, encoding="utf-8", errors="replace", closefd=False)
    except OSError:
        return ()  # closed: nothing will be typed
