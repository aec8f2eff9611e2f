"""The servers of the course in Python: `python -m pyserver simple|multithreaded|async|chat`.

`simple.py` and `multithreaded.py` read like `SimpleServer.java` and `MultithreadedServer.java`. What a service does is
in `addition.py` and `chat_room.py`; `event_loop.py` drives many connections on one thread, for `async` and `chat`.
"""

__all__: list[str] = []
