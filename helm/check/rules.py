"""What the chart embeds is there: dashboards and Prometheus rules, and the rules are valid.

`promtool` judges the rules when it is on the PATH; their own tests live with them.
"""

from __future__ import annotations

import shutil
import subprocess

from profiles import Profile, parse
from report import Report
from repository import CHART

# As many as there were when this was written; fewer would be a loss.
DASHBOARDS_MIN = 7
RULES_MIN = 2


def check(profiles: list[Profile], report: Report) -> None:
    dashboards = sorted((CHART / "dashboards").glob("*.json"))
    rules = sorted((CHART / "rules").glob("*.yaml"))
    if len(dashboards) < DASHBOARDS_MIN or len(rules) < RULES_MIN:
        report.fail("rules", f"{len(dashboards)} dashboards and {len(rules)} files of rules to embed")
    production = next(profile for profile in profiles if profile.name == "production")
    embedded = {
        file for item in production.objects if item["kind"] == "ConfigMap" for file in item.get("data", {})
    }
    for file in dashboards:
        if file.name not in embedded:
            report.fail("rules", f"{file.name} is not in the chart's render")
    rendered = [item["spec"] for item in production.objects if item["kind"] == "PrometheusRule"]
    for file in rules:
        if parse(file.read_text())[0] not in rendered:
            report.fail("rules", f"{file.name} is not in the chart's render as it is")
    promtool = shutil.which("promtool")
    if promtool and rules:
        done = subprocess.run(
            [promtool, "check", "rules", *rules], capture_output=True, text=True, check=False
        )
        if done.returncode:
            report.fail("rules", done.stderr.strip()[-500:])
    elif rules:
        report.note("promtool is not on the PATH: rules are checked by their schema only")
    report.count(len(dashboards), "dashboards")
    report.count(len(rules), "files of rules")
