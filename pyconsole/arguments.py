"""Types of command-line arguments."""

import argparse

__all__ = ["port_number"]


def port_number(text: str) -> int:
    """A TCP port, 0 to 65,535, for `argparse`. A server on port 0 gets a free port from the system."""
    if not text.isascii() or not text.isdigit() or int(text) > 0xFFFF:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)
