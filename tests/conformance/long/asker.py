"""A right client of `addition` that asks for as many sums as it is told to."""

from __future__ import annotations

import socket
import sys

from javaio import DataInputStream, DataOutputStream


def main(host: str, port: int, rounds: int) -> None:
    with (
        socket.create_connection((host, port)) as connection,
        connection.makefile("rb") as incoming,
        connection.makefile("wb", buffering=0) as outgoing,
    ):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers, requests = DataInputStream(incoming), DataOutputStream(outgoing)
        requests.write_utf(connection.getsockname()[0])
        for number in range(rounds):
            print(f"<-- Envoi nombre 1 : {number}")
            requests.write_int(number)
            print(f"<-- Envoi nombre 2 : {2 * number}")
            requests.write_int(2 * number)
            print(f"--> Réponse serveur : {answers.read_int()}")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
