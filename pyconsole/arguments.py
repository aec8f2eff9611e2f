"""Arguments that several programs take."""

import argparse

__all__ = ["port_number"]


def port_number(text: str) -> int:
    """A TCP port, for `argparse`. 0 lets the system choose one, where a server listens."""
    if not text.isascii() or not text.isdigit() or int(text) > 0xFFFF:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)
