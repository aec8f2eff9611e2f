"""What may stand in a field whose form is an IP address."""

from __future__ import annotations

import ipaddress

__all__ = ["is_address"]


def is_address(text: str) -> bool:
    """Whether it is an IP address, of either version, perhaps with its scope."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
