"""Types of command-line arguments."""

import argparse

__all__ = ["host_name", "port_number"]


def host_name(text: str) -> str:
    """A name or an address that the domain name system could know, for `argparse`."""
    try:
        text.encode("idna")
    except UnicodeError:  # an empty label, or one of more than 63 characters
        raise argparse.ArgumentTypeError(f"a host is a name or an address, not {text!r}") from None
    return text


def port_number(text: str) -> int:
    """A TCP port, 0 to 65,535, for `argparse`. A server on port 0 gets a free port from the system."""
    if not text.isascii() or not text.isdigit() or int(text) > 0xFFFF:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)
