"""Every guard of the chart refuses, with its own words; guards.yaml holds the cases.

Also counts the guards in the templates: one without a case is a finding.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from helm import Chart, HelmError
from profiles import parse
from report import Report
from repository import CHART, CHECK

GUARDS_MIN = 15


def check(chart: Chart, report: Report) -> None:
    document = parse((CHECK / "guards.yaml").read_text())[0]
    told: set[str] = set()
    for case in document["cases"]:
        values = merge(copy.deepcopy(document["good"]), case["with"])
        try:
            chart.render(values)
        except HelmError as error:
            told.add(case["says"])
            if case["says"] not in str(error):
                report.fail("guards", f"{case['says']!r} is not what it says: {error}")
        else:
            report.fail("guards", f"nothing refuses {case['with']}, for {case['says']!r}")
    guards = texts()
    for guard in guards:
        if not any(re.search(guard, says) for says in told):
            report.fail("guards", f"no case makes a guard say {guard!r}")
    if len(guards) < GUARDS_MIN:
        report.fail("guards", f"{len(guards)} of at least {GUARDS_MIN}")
    report.count(len(guards), f"guards with {len(document['cases'])} refusals")


def texts() -> list[str]:
    """What the templates' guards can say, as regular expressions over the start of it."""
    found: list[str] = []
    for file in sorted((CHART / "templates").rglob("*")):
        if file.is_file():
            found += re.findall(r'fail (?:\(printf )?"([^"]+)"', file.read_text())
    return [
        "".join(".+" if part.startswith("%") else re.escape(part) for part in re.split(r"(%[sdv])", text))
        for text in found
    ]


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Values over values, as Helm merges them."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = copy.deepcopy(value)
    return base
