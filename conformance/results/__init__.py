"""The record that a run leaves of each cell and case: written, read back, compared with an earlier run."""
