"""The report page: what a run has left in its results folder, as one HTML file that anyone can open.

parting.py    where the accounts of a failed conversation part; told in the records
reading.py    the records of a run
comparing.py  what has changed since an earlier run
story.py      a record as rows in the order of time: what crossed the tap, what the consoles said
packing.py    what the page carries of each record, as text that is no markup
visible.py    characters that hide, made to be seen
builder.py    all of it in one file, by the templates in `page/`
"""
