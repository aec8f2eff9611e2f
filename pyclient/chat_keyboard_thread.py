"""The thread of the chat client that sends what is typed."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterable

from javaio import WIRE_TYPES, UTFDataFormatError
from pyconsole import err, out

__all__ = ["ChatKeyboardThread", "open_keyboard"]

_UTF = WIRE_TYPES["UTF"]

_GOODBYE = 2.0  # seconds that the server has to end the connection after the client has


class ChatKeyboardThread(threading.Thread):
    """Sends each line that is typed; ends the connection at the end of the input."""

    def __init__(self, keyboard: Iterable[str], author: str, connection: socket.socket) -> None:
        super().__init__(daemon=True)  # the program may end while this thread waits for the keyboard
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
            self._connection.shutdown(socket.SHUT_RDWR)  # wakes the main thread if it still receives

    def closing(self) -> bool:
        """Whether this client is ending the connection, which then is no error."""
        with self._lock:
            return self._closing

    def show_unless_closing(self, line: str) -> None:
        """Prints a line, unless this client has printed that it is closing the connection."""
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
        # The client ends its side only, so that everything it sent arrives. The server then closes the connection.
        self._connection.shutdown(socket.SHUT_WR)
        time.sleep(_GOODBYE)


def open_keyboard() -> Iterable[str]:
    """The lines of standard input, in UTF-8, each as soon as it is typed.

    Must be opened before the connection, which would take file descriptor 0 if standard input is closed. It is a file
    object of its own, since Python cannot end while a thread is reading `sys.stdin`.
    """
    try:
        return open(0, encoding="utf-8", errors="replace", closefd=False)
    except OSError:
        return ()  # standard input is closed
