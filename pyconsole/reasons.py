"""What a network error is called: the JDK's words, the same on Linux, macOS and Windows."""

import errno

__all__ = ["CONNECTION_ERRORS", "reason"]

CONNECTION_ERRORS = (OSError, EOFError, ValueError)
"""All that can end a conversation, Java's `IOException`: the network, the end of the stream, malformed text."""

# Measured on a JDK. Where the system has words of its own ("Connection reset by peer", "[WinError 10061] ..."), these
# stand for them.
_WORDS = {
    errno.EPIPE: "Broken pipe",
    errno.ECONNRESET: "Connection reset",
    errno.ECONNABORTED: "Connection reset",  # Windows says so where the others say reset
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
    """What Java's `e.getMessage()` says of this error: `null` at the end of the stream, `Connection reset`, ..."""
    if isinstance(error, EOFError):
        return "null"
    if isinstance(error, OSError):
        if error.errno in _WORDS:
            return _WORDS[error.errno]
        return error.strerror or str(error) or "null"
    return str(error) or "null"
