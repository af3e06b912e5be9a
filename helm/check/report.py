"""What was found and what was counted; the only place that prints."""

from __future__ import annotations

import sys

# A broken helper breaks every profile in the same way; nobody reads the hundredth line.
SHOWN_MAX = 12


class Report:
    def __init__(self) -> None:
        self._findings: dict[str, list[str]] = {}
        self._counts: list[str] = []
        self._notes: list[str] = []

    def fail(self, section: str, finding: str) -> None:
        findings = self._findings.setdefault(section, [])
        if finding not in findings:
            findings.append(finding)

    def count(self, number: int, what: str) -> None:
        self._counts.append(f"{number} {what}")

    def note(self, text: str) -> None:
        """Something that could not be looked at, and why."""
        self._notes.append(text)

    def finish(self, seconds: float) -> int:
        """Prints; the exit code."""
        for section, findings in self._findings.items():
            for finding in findings[:SHOWN_MAX]:
                print(f"{section}: {finding}", file=sys.stderr)
            if len(findings) > SHOWN_MAX:
                print(f"{section}: and {len(findings) - SHOWN_MAX} more", file=sys.stderr)
        for note in self._notes:
            print(f"chart: {note}")
        bad = sum(len(findings) for findings in self._findings.values())
        verdict = f"{bad} findings" if bad else "all good"
        print(f"chart: {', '.join(self._counts)}, {verdict} ({seconds:.0f} s)")
        return 1 if bad else 0
