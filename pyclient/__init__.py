"""The clients of the course in Python: `python -m pyclient simple|multithreaded|chat`.

`simple.py` and `multithreaded.py` read like `SimpleClient.java` and `MultithreadedClients.java`, `chat.py` like
`ChatClient.java`.
"""

__all__: list[str] = []
