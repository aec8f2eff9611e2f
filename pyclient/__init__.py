"""The clients of the course in Python: `python -m pyclient simple|multithreaded|chat`.

`simple.py` and `multithreaded.py` follow `SimpleClient.java` and `MultithreadedClients.java` line by line, `chat.py`
follows `ChatClient.java`.
"""

__all__: list[str] = []
