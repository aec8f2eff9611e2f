"""For all tests of the project."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# The suite tries the same examples each time, on a slow machine too; `--hypothesis-profile=default` looks for others.
settings.register_profile("suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# A process that a script starts in the background ignores SIGINT, and so do its children. Tests send it to theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
