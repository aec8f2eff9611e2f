"""A client of `addition` that asks for the sums at which Java's int wraps; its console is SimpleClient's."""

from __future__ import annotations

import socket
import sys

from javaio import DataInputStream, DataOutputStream

MAX, MIN = 2**31 - 1, -(2**31)
PAIRS = [(MAX, 1), (MIN, -1), (MAX, MAX), (MIN, MIN), (MAX, MIN), (-1, 1), (0, 0), (MIN, 0)]


def main(host: str, port: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", line_buffering=True)  # type: ignore[union-attr]
    print(f"### Tentative de connexion à {host}:{port}...")
    with socket.create_connection((host, port)) as connection, connection.makefile("rwb", buffering=0) as stream:
        print("### Connexion établie.")
        answers, requests = DataInputStream(stream), DataOutputStream(stream)
        requests.write_utf(connection.getsockname()[0])
        for first, second in PAIRS:
            print(f"<-- Envoi nombre 1 : {first}")
            requests.write_int(first)
            print(f"<-- Envoi nombre 2 : {second}")
            requests.write_int(second)
            print(f"--> Réponse serveur : {answers.read_int()}")
        print("### Fermeture connexion...")
    print("### Connexion terminée.")


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]))
    except (OSError, EOFError) as error:
        print("!!! Erreur réseau", file=sys.stderr)
        print(f"!!! Détails : {getattr(error, 'strerror', None) or 'null'}", file=sys.stderr)
        sys.exit(1)
