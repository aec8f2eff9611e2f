"""The record that a run leaves of each cell and case: analysed once, written once, read back, compared with another.

analysis.py  what came of a cell or a case, looked at once
schema.py    the form of a record, as types; docs/records.md explains it
records.py   an analysis as a record, and its file
reading.py   records read back by version, and compared
"""
