"""The matrix as a pytest run: options, a test for each cell, and the table at the end."""

from conformance.plugin.items import CellFailedError, CellItem, MatrixFile
from conformance.plugin.run import MatrixRun

__all__ = ["CellFailedError", "CellItem", "MatrixFile", "MatrixRun"]
