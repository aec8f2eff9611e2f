"""A pytest plugin (`-p tests.conformance.full_disk`): there is no room for the record of a cell or a case."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.results.records import Records

_write = Records.write


def _full(records: Records, content: Mapping[str, Any]) -> Path:
    if "name" in content:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return _write(records, content)


setattr(Records, "write", _full)  # noqa: B010 - mypy has no assignment to a method
