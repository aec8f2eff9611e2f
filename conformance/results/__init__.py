"""The record that a run leaves of each cell and case, which docs/records.md explains.

analysis.py  what came of a cell or a case, looked at once
records.py   an analysis as a record, and its file
reading.py   records read back, and compared with those of another run
"""
