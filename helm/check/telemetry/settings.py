"""What the program can be told: the rows of `holdfast config`.

What it is for: every check that compares a file with the program's own list of settings.
Relies on: the binary, whose columns are two or more spaces apart.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BINARY = ROOT / "target/release/holdfast"
NAME = re.compile(r"\b(?:HOLDFAST|STRIPE|OTEL)_[A-Z0-9_]+\b")


@dataclass(frozen=True)
class Setting:
    """One row; `default` is empty where the program prints `(empty)`."""

    name: str
    default: str
    meaning: str


def read(binary: Path = BINARY) -> list[Setting]:
    """All settings, in the program's order."""
    listing = subprocess.run([binary, "config"], check=True, capture_output=True, text=True).stdout
    rows = [re.split(r"\s{2,}", line.strip(), maxsplit=2) for line in listing.splitlines() if line]
    return [Setting(name, default.replace("(empty)", ""), meaning) for name, default, meaning in rows]
