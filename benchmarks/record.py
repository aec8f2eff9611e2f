"""A run as JSON: every sample, and the machine."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.rows import Row

__all__ = ["write_json"]


def write_json(path: Path, tables: Mapping[str, Sequence[Row]]) -> None:
    """Writes the rows of each benchmark."""
    document = {
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "architecture": platform.machine(),
            "processors": os.cpu_count(),
            "python": platform.python_version(),
        },
        "benchmarks": {name: [_as_json(row) for row in rows] for name, rows in tables.items()},
    }
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _as_json(row: Row) -> dict[str, object]:
    return {
        "kind": type(row).__name__.lower(),
        **asdict(row),
        "median": median(row.values),
        "lowest": min(row.values),
        "highest": max(row.values),
        "reached": row.reached,
    }
