"""A pytest plugin (`-p tests.conformance.no_jdk`) that makes the machine look as if no JDK were in the usual places."""

from __future__ import annotations

import conformance.backends.runtimes

vars(conformance.backends.runtimes)["_USUAL_PLACES"] = ()
