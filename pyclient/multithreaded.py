"""MultithreadedClients: many clients of an addition server at once, a thread for each."""

from pyclient.addition_client_thread import AdditionClientThread
from pyclient.connecting import say_network_error
from pyconsole import allow_many_connections

__all__ = ["run"]


def run(host: str, port: int, clients: int) -> int:
    """Starts the clients and waits for them; the status of the program is 1 if any of them failed."""
    allow_many_connections()
    threads: list[AdditionClientThread] = []
    failed = False
    for _ in range(clients):
        thread = AdditionClientThread(host, port)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no thread left for us
            say_network_error(error, host)
            failed = True
        else:
            threads.append(thread)
    for thread in threads:
        thread.join()
    return 1 if failed or any(thread.failed for thread in threads) else 0
