"""File descriptors: each connection of a relay takes two, and a process may often have 1,024 only."""

from __future__ import annotations

import contextlib
import sys

__all__ = ["raise_descriptor_limit"]

_MANY = 65_536


def raise_descriptor_limit() -> int:
    """Raises the limit of open files as far as the system allows, to 65,536 at most; returns how many there may be.

    Windows has no such limit.
    """
    if sys.platform == "win32":
        return _MANY
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MANY if hard == resource.RLIM_INFINITY else min(_MANY, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit that it does not report
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MANY if soft == resource.RLIM_INFINITY else min(_MANY, soft)
