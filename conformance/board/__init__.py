"""The live board: a tap in front of each server of a LAN, and a page that shows every conversation while it happens.

The taps, and the live events that are read of them, are those of the `tap` command. The board adds a bounded memory of
them (`history.py`, `connection.py`), which becomes JSON in both languages when a page asks for it (`page_json.py`), and
a small web application that shows it and can change nothing (`app.py`).
"""
