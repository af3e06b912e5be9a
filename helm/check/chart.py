"""Proves the Helm chart without a cluster; `make chart` runs it.

Renders every profile under helm/holdfast/ci, and judges what comes out: Kubernetes' own schemas for
three versions, those of custom resources, policies, routes, environment names, golden files, the
kustomize base. Also judges the chart itself: guards, typos, unused values, its README.

Relies on `helm` on the PATH or the wheel in requirements.txt. Never talks to a cluster or a network.

    python helm/check/chart.py                                  # everything; exit code 1 on a finding
    python helm/check/chart.py --write                          # also renews what is generated
    python helm/check/chart.py --render production --json FILE  # one profile's objects, as JSON
                                          [--values FILE]       # with these values on top
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import drift
import environment
import guards
import kubernetes
import kustomize
import policies
import queries
import routes
import rules
import typos
import usage
from helm import Chart, HelmError, open_chart
from profiles import PROFILES_MIN, Profile, load_profiles, parse, render_profile
from report import Report
from repository import BINARY, CHART, ROOT


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Proves the Helm chart without a cluster.")
    parser.add_argument("--write", action="store_true", help="renew golden files, base and README")
    parser.add_argument("--render", metavar="PROFILE", help="render this profile and do no more")
    parser.add_argument("--json", metavar="FILE", type=Path, help="where --render writes; else stdout")
    parser.add_argument("--values", type=Path, help="values on top of those of --render")
    parser.add_argument("--binary", type=Path, default=BINARY, help="the program, for its `config`")
    parser.add_argument("--settings", type=Path, help="what `holdfast config` printed, instead")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    start = time.monotonic()
    chart = open_chart(CHART)
    report = Report()
    try:
        profiles = load_profiles(chart)
    except HelmError as error:
        print(f"chart: {error}", file=sys.stderr)
        return 1
    if arguments.render:
        return render(chart, profiles, arguments)

    if len(profiles) < PROFILES_MIN:
        report.fail("profiles", f"{len(profiles)} of at least {PROFILES_MIN}")
    objects = sum(len(profile.objects) for profile in profiles)
    report.count(len(profiles), "profiles")
    report.count(objects, "objects")
    kubernetes.check(profiles, report)
    policies.check(profiles, report)
    routes.check(profiles, report)
    environment.check(profiles, arguments.binary, arguments.settings, report)
    queries.check(profiles, report)
    guards.check(chart, report)
    typos.check(chart, profiles, report)
    usage.check(chart, profiles, report)
    rules.check(profiles, report)
    drift.check(profiles, arguments.write, report)
    kustomize.check(report)
    return report.finish(time.monotonic() - start)


def render(chart: Chart, profiles: list[Profile], arguments: argparse.Namespace) -> int:
    name, file = arguments.render, arguments.json
    found = next((profile for profile in profiles if profile.name == name), None)
    if found is None:
        known = ", ".join(profile.name for profile in profiles)
        print(f"chart: no profile {name}; there are {known}", file=sys.stderr)
        return 2
    if arguments.values:
        values = merged(found.values, parse(arguments.values.read_text())[0])
        found = render_profile(chart, name, values)
    text = json.dumps(found.objects, indent=2) + "\n"
    if file is None:
        print(text, end="")
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        shown = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
        print(f"{len(found.objects)} objects of {name} in {shown}")
    return 0


def merged(values: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """As Helm merges values files: objects into each other, everything else replaced."""
    result = dict(values)
    for key, value in more.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


if __name__ == "__main__":
    sys.exit(main())
