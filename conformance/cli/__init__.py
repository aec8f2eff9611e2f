"""The commands for a classroom, each a module: `add_arguments` tells its parser what it takes, `run` does it."""

from conformance.cli.main import main

__all__ = ["main"]
