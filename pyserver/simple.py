"""SimpleServer: serves one client at a time; the others wait in the listen queue. Java: `SimpleServer`."""

import time

from javaio import DataInputStream, DataOutputStream
from pyconsole import CONNECTION_ERRORS, out, visible
from pyserver.addition import add
from pyserver.listening import ACCEPT_PAUSE, create_server_socket, prepare, say_cannot_listen, say_interrupted

__all__ = ["run"]


def run(port: int, host: str | None = None) -> int:
    """Serves clients one after the other until the program is stopped; returns its exit status if it cannot listen."""
    try:
        server_socket = create_server_socket(port, host)
    except OSError as error:
        say_cannot_listen(error)
        return 1

    while True:
        out(f"### Écoute sur le port {server_socket.getsockname()[1]}")
        try:
            connection, _ = server_socket.accept()
        except OSError as error:
            say_interrupted(error)
            time.sleep(ACCEPT_PAUSE)
            continue

        # The socket is closed at the end of the `with`, however the connection ends.
        with connection, connection.makefile("rwb", buffering=0) as stream:
            out("### Connexion établie.")
            prepare(connection)
            data_in = DataInputStream(stream)
            data_out = DataOutputStream(stream)
            try:
                address = data_in.read_utf()
            except CONNECTION_ERRORS as error:
                say_interrupted(error)
                continue
            out(f"--> Nouveau client à l'adresse : {visible(address)}")
            _serve(data_in, data_out)


def _serve(data_in: DataInputStream, data_out: DataOutputStream) -> None:
    """Answers the requests of one client until its connection ends."""
    try:
        while True:
            first = data_in.read_int()
            out(f"--> Premier nombre reçu : {first}")
            second = data_in.read_int()
            out(f"--> Deuxième nombre reçu : {second}")

            total = add(first, second)
            out(f"<-- Somme retournée : {total}")
            data_out.write_int(total)
            out("### Traitement de cette requête terminée.")
    except CONNECTION_ERRORS:
        out("### Le client est déconnecté")
