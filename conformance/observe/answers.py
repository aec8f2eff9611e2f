"""An answer of the doctor's: what was found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Answer", "Verdict"]

Verdict = Literal["ok", "note", "wrong"]


@dataclass(frozen=True)
class Answer:
    """One step's answer. `note` is neither well nor wrong: worth knowing. `advice` says what to do."""

    step: str
    verdict: Verdict
    sentence: str
    advice: str = ""
