"""The words for errors and the safe text, case by case; and this machine's addresses as Java writes them."""

import errno
import socket

import pytest

from javaio import UTFDataFormatError
from pyclient.connecting import local_address
from pyconsole import reason, visible


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (EOFError("end of stream in int: expected 4 bytes, got 2"), "null"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "Connection reset"),
        (ConnectionAbortedError(errno.ECONNABORTED, "Software caused connection abort"), "Connection reset"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "[WinError 10061] No connection could be made"),
            "Connection refused",
        ),
        (BrokenPipeError(errno.EPIPE, "whatever"), "Broken pipe"),
        (OSError(errno.EADDRINUSE, "Only one usage of each socket address is permitted"), "Address already in use"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (TimeoutError("timed out"), "timed out"),
        (OSError(), "null"),
        (UTFDataFormatError("malformed input around byte 3"), "malformed input around byte 3"),
        (RuntimeError("can't start new thread"), "can't start new thread"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_reason(error: Exception, words: str) -> None:
    assert reason(error) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("bonjour, ça va ? \U0001f469\u200d\U0001f4bb", "bonjour, ça va ? \U0001f469\u200d\U0001f4bb"),
        ("a\tb\r\nc", "a\\tb\\r\\nc"),
        ("\x00\x1b\x7f\x80\x9f", "\\x00\\x1b\\x7f\\x80\\x9f"),
        ("\u2028\u2029\u202a\u202e\u2066\u2069", "\\u2028\\u2029\\u202a\\u202e\\u2066\\u2069"),
        ("\xa0\\n\ud83d", "\xa0\\n\ud83d"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


class Named(socket.socket):
    """A socket that has this address."""

    def __init__(self, name: tuple[object, ...]) -> None:
        super().__init__()
        self.name = name

    def getsockname(self) -> tuple[object, ...]:
        return self.name


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (("192.168.1.20", 8999), "192.168.1.20"),
        (("::ffff:192.168.1.20", 8999, 0, 0), "192.168.1.20"),
        (("::1", 8999, 0, 0), "0:0:0:0:0:0:0:1"),
        (("2001:db8::ff00:42:8329", 8999, 0, 0), "2001:db8:0:0:0:ff00:42:8329"),
        (("fe80::fc:ff:fe00:1%eth0", 8999, 0, 4), "fe80:0:0:0:fc:ff:fe00:1%4"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_address_as_java_writes_it(name: tuple[object, ...], address: str) -> None:
    with Named(name) as connection:
        assert local_address(connection) == address
