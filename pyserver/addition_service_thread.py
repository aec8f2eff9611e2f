"""AdditionServiceThread: one client of the MultithreadedServer."""

import socket
import threading

from javaio import DataInputStream, DataOutputStream
from pyconsole import CONNECTION_ERRORS, out
from pyserver.addition import AdditionService, add

__all__ = ["AdditionServiceThread"]


class AdditionServiceThread(threading.Thread):
    """Serves one client until it goes away, and closes its socket."""

    def __init__(self, client_id: int, connection: socket.socket) -> None:
        super().__init__(daemon=True)  # the server may end while clients are connected
        self._service = AdditionService(client_id)
        self._connection = connection

    def run(self) -> None:
        service = self._service
        out(service.connected())
        try:
            with self._connection as connection, connection.makefile("rwb", buffering=0) as stream:
                data_in = DataInputStream(stream)
                data_out = DataOutputStream(stream)

                address = data_in.read_utf()
                out(service.address(address))

                while True:
                    first = data_in.read_int()
                    out(service.first(first))
                    second = data_in.read_int()
                    out(service.second(second))

                    total = add(first, second)
                    out(service.sum(total))
                    data_out.write_int(total)
        except CONNECTION_ERRORS:
            out(service.disconnected())
