"""The matrix as a pytest run: options, a test for each cell and each case, and the table at the end."""

from conformance.pytest_plugin.items import CaseItem, CasesFolder, CellItem, FailedError, MatrixFile, MatrixItem
from conformance.pytest_plugin.run import MatrixRun

__all__ = ["CaseItem", "CasesFolder", "CellItem", "FailedError", "MatrixFile", "MatrixItem", "MatrixRun"]
