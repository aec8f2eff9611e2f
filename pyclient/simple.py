"""SimpleClient: requests the sums of three pairs of random integers. Java: `SimpleClient`."""

import random

from javaio import DataInputStream, DataOutputStream
from pyclient.connecting import NETWORK_ERRORS, connect, local_address, say_network_error
from pyconsole import out

__all__ = ["run"]

_REQUESTS = 3


def run(host: str, port: int) -> int:
    """Sends the requests and prints the answers; returns the exit status."""
    try:
        with connect(host, port) as connection, connection.makefile("rwb", buffering=0) as stream:
            data_in = DataInputStream(stream)
            data_out = DataOutputStream(stream)

            data_out.write_utf(local_address(connection))

            for _ in range(_REQUESTS):
                first = random.randrange(100)
                out(f"<-- Envoi nombre 1 : {first}")
                data_out.write_int(first)
                second = random.randrange(100)
                out(f"<-- Envoi nombre 2 : {second}")
                data_out.write_int(second)

                total = data_in.read_int()
                out(f"--> Réponse serveur : {total}")

            out("### Fermeture connexion...")
        out("### Connexion terminée.")
    except NETWORK_ERRORS as error:
        say_network_error(error, host)
        return 1
    return 0
