"""AdditionServiceThread: one client of the MultithreadedServer."""

import socket
import threading

from javaio import DataInputStream, DataOutputStream
from pyconsole import CONNECTION_ERRORS, BatchedOutput
from pyserver.addition import AdditionService, add

__all__ = ["AdditionServiceThread"]


class AdditionServiceThread(threading.Thread):
    """Serves one client until its connection ends, and closes its socket. Java: `AdditionServiceThread`."""

    def __init__(self, client_id: int, connection: socket.socket, console: BatchedOutput) -> None:
        super().__init__(daemon=True)  # the server may end while clients are connected
        self._service = AdditionService(client_id)
        self._connection = connection
        self._out = console.out

    def run(self) -> None:
        service = self._service
        out = self._out
        out(service.connected())
        try:
            # Buffered: both numbers of a request usually arrive together and are then received by one system call.
            with (
                self._connection as connection,
                connection.makefile("rb") as receiving,
                connection.makefile("wb", buffering=0) as sending,
            ):
                data_in = DataInputStream(receiving)
                data_out = DataOutputStream(sending)

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
