"""The report page: what a run has left in its results folder, as one HTML file that anyone can open."""
