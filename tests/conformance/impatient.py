"""A pytest plugin (`-p tests.conformance.impatient`): the matrix gives up sooner on programs that hang."""

from __future__ import annotations

from functools import partial

import conformance.runner.cell_run

vars(conformance.runner.cell_run)["Limits"] = partial(
    conformance.runner.cell_run.Limits, listen=10.0, clients=8.0, session=30.0, step=5.0
)
