"""For all tests of the project."""

from __future__ import annotations

import signal

# A process that a script starts in the background ignores SIGINT, and so do its children. Tests send it to theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
