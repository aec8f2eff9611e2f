"""Programs that end with their test."""

from tests.programs.conftest import start

__all__ = ["start"]
