"""MultithreadedClients: many clients of an addition server at once, each in a thread of its own."""

from pyclient.addition_client_thread import AdditionClientThread
from pyclient.connecting import say_network_error
from pyconsole import allow_many_connections

__all__ = ["run"]


def run(host: str, port: int, clients: int) -> int:
    """Starts the clients and waits for them; returns the exit status, 1 if a client failed."""
    allow_many_connections()
    threads: list[AdditionClientThread] = []
    failed = False
    for _ in range(clients):
        thread = AdditionClientThread(host, port)
        try:
            thread.start()
        except RuntimeError as error:  # the system allows no more threads
            say_network_error(error, host)
            failed = True
        else:
            threads.append(thread)
    for thread in threads:
        thread.join()
    return 1 if failed or any(thread.failed for thread in threads) else 0
