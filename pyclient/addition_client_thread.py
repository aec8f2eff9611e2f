"""AdditionClientThread: one client of MultithreadedClients."""

import random
import threading

from javaio import DataInputStream, DataOutputStream
from pyclient.connecting import NETWORK_ERRORS, connect, local_address, say_network_error
from pyconsole import out

__all__ = ["AdditionClientThread"]


class AdditionClientThread(threading.Thread):
    """Requests the sum of one pair of random integers. `failed` is True after an error."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(daemon=True)
        self._host = host
        self._port = port
        self.failed = False

    def run(self) -> None:
        try:
            with connect(self._host, self._port) as connection, connection.makefile("rwb", buffering=0) as stream:
                data_in = DataInputStream(stream)
                data_out = DataOutputStream(stream)

                data_out.write_utf(local_address(connection))

                first = random.randrange(100)
                out(f"<-- Envoi nombre 1 : {first}")
                data_out.write_int(first)
                second = random.randrange(100)
                out(f"<-- Envoi nombre 2 : {second}")
                data_out.write_int(second)

                total = data_in.read_int()
                out(f"--> Réponse serveur : {first} + {second} = {total}")

                out("### Fermeture connexion...")
            out("### Connexion terminée.")
        except NETWORK_ERRORS as error:
            self.failed = True
            say_network_error(error, self._host)
