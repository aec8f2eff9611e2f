"""A chat client with one fault, which its first argument names; `none` is the right one.

chat_client.py FAULT AUTHOR HOST PORT
"""

from __future__ import annotations

import io
import os
import socket
import sys
import threading
from typing import BinaryIO, cast

from javaio import DataInputStream, DataOutputStream, UTFDataFormatError, encode_modified_utf8

FAULT, AUTHOR, HOST, PORT = sys.argv[1:]
LIMIT = 65535
_closing = threading.Event()
_sending = threading.Lock()


def say(line: str, stream: int = 1) -> None:
    """Prints a line at once."""
    os.write(stream, (line + "\n").encode("utf-8", "replace"))


def fail(reason: object) -> None:
    """The network is lost."""
    if FAULT == "fails in silence":
        os._exit(0)
    if not _closing.is_set():
        say("!!! Erreur réseau", 2)
        say(f"!!! Détails : {reason}", 2)
        os._exit(1)


def hear(stream: BinaryIO) -> None:
    """Shows what the others say."""
    source = DataInputStream(stream)
    try:
        while True:
            author, text = source.read_utf(), source.read_utf()
            if _closing.is_set() or (author == AUTHOR and FAULT != "shows its own"):
                continue
            with _sending if FAULT == "hears only when it has sent" else threading.Lock():
                say(f"--> {author} : {text.upper() if FAULT == 'shouts' else text}")
    except (EOFError, OSError, UTFDataFormatError) as error:
        fail(error if str(error) else "null")


def send(stream: BinaryIO, text: str) -> None:
    """Sends a message."""
    out = io.BytesIO()
    if FAULT == "standard UTF-8":
        for part in (AUTHOR, text):
            data = part.encode()
            out.write(len(data).to_bytes(2, "big") + data)
    else:
        DataOutputStream(out).write_utf(AUTHOR)
        DataOutputStream(out).write_utf(text)
    with _sending:
        rest = memoryview(out.getvalue())
        while rest:
            rest = rest[stream.write(rest) :]


def main() -> None:
    """Chats until the end of the input."""
    try:
        connection = socket.create_connection((HOST, int(PORT)))
    except OSError as error:
        fail(error.strerror)
        return
    stream = cast(BinaryIO, connection.makefile("rwb", buffering=0))
    DataOutputStream(stream).write_utf("127.0.0.1")
    listener = threading.Thread(target=hear, args=(stream,), daemon=True)
    listener.start()
    for line in io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace"):
        text = line.removesuffix("\n")
        if not text and FAULT != "sends empty lines":
            continue
        if FAULT != "does not look at the length" and len(encode_modified_utf8(text)) > LIMIT:
            if FAULT != "refuses in silence":
                say("!!! Message trop long.", 2)
            continue
        send(stream, text)
    if FAULT == "does not leave":
        threading.Event().wait()
    _closing.set()
    say("### Fermeture connexion...")
    connection.shutdown(socket.SHUT_WR)
    listener.join(2)


main()
