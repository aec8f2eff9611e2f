"""The commands for a classroom. Each is a module: `ABOUT` and `EPILOG` for its help, `add_arguments`, and `run`."""

from conformance.cli.main import main

__all__ = ["main"]
