"""What the broken programs are made from: servers and a client without a fault, in parts that can be replaced.

Run as programs (`working.py server PORT`, `client HOST PORT`, `chat PORT`) they must pass, which shows that the others
fail for their own fault alone.
"""

from __future__ import annotations

import itertools
import socket
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO, cast

from javaio import DataInputStream, DataOutputStream, to_int32

Post = tuple[str, str]
# Two messages that are typed at once in the matrix's scenario.
AT_ONCE = (("bob", "salut, ça va ?"), ("chloe", "très bien 😀"))


def say(line: str) -> None:
    """Prints a line, whole and at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def opened(connection: socket.socket) -> BinaryIO:
    """The connection as a file without buffers."""
    return cast(BinaryIO, connection.makefile("rwb", buffering=0))


def write_sum(stream: BinaryIO, first: int, second: int) -> None:
    """The answer as it must be."""
    DataOutputStream(stream).write_int(to_int32(first + second))


class Server:
    """A server of `addition` that prints what SimpleServer prints."""

    write_sum: Callable[[BinaryIO, int, int], None] = staticmethod(write_sum)

    def run(self, port: int) -> None:
        with socket.create_server(("", port)) as listening:
            while True:
                say(f"### Écoute sur le port {port}")
                connection, _ = listening.accept()
                with connection, opened(connection) as stream:
                    say("### Connexion établie.")
                    try:
                        self.serve(stream)
                    except (EOFError, OSError):
                        say("### Le client est déconnecté")

    def serve(self, stream: BinaryIO) -> None:
        source = DataInputStream(stream)
        say(f"--> Nouveau client à l'adresse : {source.read_utf()}")
        while True:
            first = source.read_int()
            say(f"--> Premier nombre reçu : {first}")
            second = source.read_int()
            say(f"--> Deuxième nombre reçu : {second}")
            self.answer(stream, first, second)

    def answer(self, stream: BinaryIO, first: int, second: int) -> None:
        say(f"<-- Somme retournée : {to_int32(first + second)}")
        self.write_sum(stream, first, second)
        say("### Traitement de cette requête terminée.")


class ManyServer:
    """A server of `addition` that prints what MultithreadedServer prints."""

    def __init__(self) -> None:
        self.ids = itertools.count(1)

    def run(self, port: int) -> None:
        with socket.create_server(("", port), backlog=128) as listening:
            while True:
                say(f"### Écoute sur le port {port}")
                connection, _ = listening.accept()
                threading.Thread(target=self.serve, args=(connection, next(self.ids)), daemon=True).start()

    def serve(self, connection: socket.socket, id_: int) -> None:
        say(f"### Connexion établie (id client : {id_}).")
        with connection, opened(connection) as stream:
            source = DataInputStream(stream)
            try:
                say(f"--> Adresse du client : {source.read_utf()}")
                while True:
                    first = source.read_int()
                    say(f"--> Premier nombre reçu depuis {id_} : {first}")
                    second = source.read_int()
                    say(f"--> Deuxième nombre reçu depuis {id_} : {second}")
                    say(f"<-- Somme retournée à client {id_} : {to_int32(first + second)}")
                    write_sum(stream, first, second)
            except (EOFError, OSError):
                say(f"### Le client {id_} est déconnecté")


class Client:
    """A client of `addition` that prints what SimpleClient prints."""

    pairs: tuple[tuple[int, int], ...] = ((84, 98), (0, 99), (7, 5))

    def run(self, host: str, port: int) -> None:
        say(f"### Tentative de connexion à {host}:{port}...")
        with socket.create_connection((host, port)) as connection, opened(connection) as stream:
            say("### Connexion établie.")
            self.introduce(stream, connection.getsockname()[0])
            for first, second in self.pairs:
                self.ask(stream, first, second)
            say("### Fermeture connexion...")
        say("### Connexion terminée.")

    def introduce(self, stream: BinaryIO, address: str) -> None:
        DataOutputStream(stream).write_utf(address)

    def ask(self, stream: BinaryIO, first: int, second: int) -> None:
        requests = DataOutputStream(stream)
        say(f"<-- Envoi nombre 1 : {first}")
        requests.write_int(first)
        say(f"<-- Envoi nombre 2 : {second}")
        requests.write_int(second)
        say(f"--> Réponse serveur : {DataInputStream(stream).read_int()}")


class ChatServer:
    """A server of `chat`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.members: dict[int, BinaryIO] = {}

    def run(self, port: int) -> None:
        with socket.create_server(("", port)) as listening:
            for id_ in itertools.count(1):
                say(f"### Écoute sur le port {port}")
                connection, _ = listening.accept()
                threading.Thread(target=self.serve, args=(connection, id_), daemon=True).start()

    def serve(self, connection: socket.socket, id_: int) -> None:
        say(f"### Connexion établie (id client : {id_}).")
        with connection, opened(connection) as stream:
            source = DataInputStream(stream)
            try:
                address = source.read_utf()
                with self.lock:
                    self.members[id_] = stream
                say(f"--> Adresse du client : {address}")
                while True:
                    self.received((source.read_utf(), source.read_utf()))
            except (EOFError, OSError):
                with self.lock:
                    self.members.pop(id_, None)
                say(f"### Le client {id_} est déconnecté")

    def received(self, post: Post) -> None:
        with self.lock:
            say(f"--> Message de {post[0]} : {post[1]}")
            self.broadcast(post)
            say(f"<-- Message diffusé à {len(self.members)} clients")

    def broadcast(self, post: Post) -> None:
        for id_ in self.members:
            self.send(id_, post)

    def send(self, id_: int, post: Post) -> None:
        target = DataOutputStream(self.members[id_])
        for text in post:
            target.write_utf(text)


if __name__ == "__main__":
    kind, *arguments = sys.argv[1:]
    if kind == "client":
        Client().run(arguments[0], int(arguments[1]))
    elif kind == "chat":
        ChatServer().run(int(arguments[0]))
    elif kind == "many":
        ManyServer().run(int(arguments[0]))
    else:
        Server().run(int(arguments[0]))
