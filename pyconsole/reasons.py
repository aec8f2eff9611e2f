"""Messages of network errors: the JDK's, the same on Linux, macOS and Windows."""

import errno

__all__ = ["CONNECTION_ERRORS", "reason"]

CONNECTION_ERRORS = (OSError, EOFError, ValueError)
"""Everything that can end a connection: network errors, the end of the stream, malformed text. Java: `IOException`."""

# The messages of a JDK. They replace the system's ("Connection reset by peer", "[WinError 10061] ...").
_WORDS = {
    errno.EPIPE: "Broken pipe",
    errno.ECONNRESET: "Connection reset",
    errno.ECONNABORTED: "Connection reset",  # the error on Windows where other systems have ECONNRESET
    errno.ECONNREFUSED: "Connection refused",
    errno.EADDRINUSE: "Address already in use",
    errno.EADDRNOTAVAIL: "Cannot assign requested address",
    errno.EACCES: "Permission denied",
    errno.ETIMEDOUT: "Connection timed out",
    errno.ENETUNREACH: "Network is unreachable",
    errno.EHOSTUNREACH: "No route to host",
    errno.EMFILE: "Too many open files",
}


def reason(error: BaseException) -> str:
    """What Java's `e.getMessage()` returns for this error: `null` for an end of stream, `Connection reset`, ..."""
    if isinstance(error, EOFError):
        return "null"
    if isinstance(error, OSError):
        if error.errno in _WORDS:
            return _WORDS[error.errno]
        return error.strerror or str(error) or "null"
    return str(error) or "null"
