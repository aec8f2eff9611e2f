"""The report page: what a run has left in its results folder, as one HTML file that anyone can open.

capture.py    the pcapng file that the run writes beside a record
bilingual.py  problems and diagnosis in every language of the page
timeline.py   a record as rows in the order of time: what crossed the tap, what the consoles printed
layout.py     where cells and cases stand in the first view
packing.py    what the page carries of each record, as text that is no markup
visible.py    characters that hide, made to be seen
builder.py    all of it in one file, by the templates in `page/`
"""
