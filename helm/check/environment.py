"""The names in the pods' environments are those of the program, all of them, and its defaults.

A name changed in the chart alone, or in the program alone, is a finding.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from profiles import Profile, containers
from report import Report
from repository import CHART

OURS = re.compile(r"^(HOLDFAST|STRIPE|OTEL)_")
LINE = re.compile(r"^(?P<name>[A-Z][A-Z0-9_]+) +(?P<default>\S+) {2,}(?P<meaning>\S.*)$", re.MULTILINE)
NAMES_MIN = 15
# In a pod the program listens to the cluster, and writes where a volume is.
OTHER_DEFAULT = {"HOLDFAST_LISTEN", "HOLDFAST_DATA_DIR"}


def check(profiles: list[Profile], binary: Path, settings: Path | None, report: Report) -> None:
    if settings is None and not binary.exists():
        report.fail("environment", f"{binary} does not exist: build it, or give --settings")
        return
    listing = settings.read_text() if settings else ask(binary)
    known = {match["name"]: match["default"] for match in LINE.finditer(listing)}
    if len(known) < NAMES_MIN:
        report.fail("environment", f"`holdfast config` lists only {len(known)} names")
        return

    used: dict[str, set[str]] = {}
    for profile in profiles:
        for _, container in containers(profile.objects):
            for variable in container.get("env", []):
                if OURS.match(variable["name"]):
                    used.setdefault(variable["name"], set()).add(variable.get("value", ""))
                    if variable["name"] not in known:
                        report.fail("environment", f"{profile.name}: the program knows no {variable['name']}")
    for name in known.keys() - used.keys():
        report.fail("environment", f"{name} cannot be set through the chart")

    minimal = next(profile for profile in profiles if profile.name == "minimal")
    for _, container in containers(minimal.objects):
        for variable in container.get("env", []):
            default = known.get(variable["name"])
            value = variable.get("value")
            if value is None or variable["name"] in OTHER_DEFAULT or default in (None, value):
                continue
            report.fail(
                "environment",
                f"{variable['name']} is {value} by the chart's default, {default} by the program's",
            )

    # values.yaml says at each setting which name it becomes.
    said = set(re.findall(r"\[((?:HOLDFAST|STRIPE|OTEL)_[A-Z_]+)\]", (CHART / "values.yaml").read_text()))
    for name in known.keys() ^ said:
        report.fail(
            "environment", f"{name} stands in values.yaml's comments or in `holdfast config`, not in both"
        )
    report.count(len(known), "settings")


def ask(binary: Path) -> str:
    return subprocess.run([binary, "config"], capture_output=True, text=True, check=True, timeout=30).stdout
