"""The report page: what a run has left in its results folder, as one HTML file that anyone can open.

capture.py    the pcapng file that the run writes beside a record
timeline.py   a record as rows in the order of time: what crossed the tap, what the consoles printed
layout.py     where cells and cases stand in the first view
visible.py    characters that hide, made to be seen
builder.py    all of it in one file, by the templates in `page/`
"""
