"""The servers of the course in Python: `python -m pyserver simple|multithreaded|async|chat`.

`simple.py` and `multithreaded.py` follow `SimpleServer.java` and `MultithreadedServer.java` line by line. The services
are in `addition.py` and `chat_room.py`. `event_loop.py` serves many connections on one thread, for `async` and `chat`.
"""

__all__: list[str] = []
