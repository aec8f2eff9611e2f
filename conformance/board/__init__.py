"""The live board: a tap in front of each server of a LAN, and a page that shows every conversation while it happens.

The taps and the reading of what they tell are those of the `tap` command. Here is what a board adds: a bounded memory
of what was read (`history.py`), and a small web application that shows it and can change nothing (`app.py`).
"""
