"""FileServer: receives the files of every client at once, a thread for each. Usage: `file_server.py [port]`."""

import socket
import sys
import threading
import time
import zlib

from javaio import DataInputStream, DataOutputStream, to_int32
from pyconsole import CONNECTION_ERRORS, allow_many_connections, end_on_ctrl_c, out, visible
from pyserver.listening import ACCEPT_PAUSE, create_server_socket, prepare, say_cannot_listen, say_interrupted

_PIECE = 8192


class FileServiceThread(threading.Thread):
    """Receives the files of one client, and keeps none: it answers each with its size and CRC-32."""

    def __init__(self, client_id: int, connection: socket.socket) -> None:
        super().__init__(daemon=True)  # the server may end while clients are connected
        self._id = client_id
        self._connection = connection

    def run(self) -> None:
        out(f"### Connexion établie (id client : {self._id}).")
        try:
            with self._connection as connection, connection.makefile("rwb", buffering=0) as stream:
                self._serve(DataInputStream(stream), DataOutputStream(stream))
        except CONNECTION_ERRORS:
            pass  # it has left: that is said below
        out(f"### Le client {self._id} est déconnecté")

    def _serve(self, data_in: DataInputStream, data_out: DataOutputStream) -> None:
        address = data_in.read_utf()
        out(f"--> Adresse du client {self._id} : {visible(address)}")

        while True:
            name = data_in.read_utf()
            size = data_in.read_long()
            out(f"--> Fichier annoncé par {self._id} : {visible(name)}, {size} octets")
            if size < 0:
                out(f"!!! Taille impossible : rien de plus ne peut être lu de {self._id}")
                break
            checksum = _receive(data_in, size)

            out(f"<-- Reçu de {self._id} : {size} octets, somme de contrôle {checksum}")
            data_out.write_long(size)
            data_out.write_int(checksum)


def _receive(data_in: DataInputStream, size: int) -> int:
    """Takes in a content piece by piece, so that memory is enough for any size; returns its CRC-32."""
    checksum = 0
    left = size
    while left > 0:
        piece = data_in.read_fully(min(left, _PIECE))
        checksum = zlib.crc32(piece, checksum)
        left -= len(piece)
    return to_int32(checksum)


def main(arguments: list[str]) -> int:
    """Serves all clients, until it is stopped; the status of the program where it cannot listen."""
    end_on_ctrl_c()
    allow_many_connections()
    try:
        server_socket = create_server_socket(int(arguments[0]) if arguments else 8999)
    except OSError as error:
        say_cannot_listen(error)
        return 1

    client_id = 1
    while True:
        out(f"### Écoute sur le port {server_socket.getsockname()[1]}")
        try:
            connection, _ = server_socket.accept()
        except OSError as error:
            say_interrupted(error)
            time.sleep(ACCEPT_PAUSE)
            continue
        prepare(connection)
        FileServiceThread(client_id, connection).start()
        client_id += 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
