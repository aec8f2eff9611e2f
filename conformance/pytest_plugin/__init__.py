"""The matrix as a pytest run: options, a test for each cell and each case, and the table at the end."""
