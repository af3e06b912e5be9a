"""Generated files are what would be generated now: golden renders and the table in the README.

`--write` renews them; a reviewer then sees the effect of a change.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path

import readme
from profiles import Object, Profile, dump, parse
from report import Report
from repository import CHART, GOLDEN, ROOT


def check(profiles: list[Profile], write: bool, report: Report) -> None:
    expected = {GOLDEN / f"{profile.name}.yaml": golden(profile) for profile in profiles}
    if all(profile.notes for profile in profiles):
        expected |= {GOLDEN / f"{profile.name}.txt": profile.notes.strip() + "\n" for profile in profiles}
    else:
        report.note("this helm renders no NOTES.txt without installing: not compared")
    base = next(profile for profile in profiles if profile.name == "kustomize")
    expected[ROOT / "k8s" / "base" / "holdfast.yaml"] = dump(base.objects)
    routes = next(profile for profile in profiles if profile.name == "minikube")
    ingress = [item for item in routes.objects if item["kind"] == "Ingress"]
    expected[ROOT / "k8s" / "overlays" / "dev" / "ingress.yaml"] = dump(ingress)
    expected[CHART / "README.md"] = readme.with_table((CHART / "README.md").read_text(), report)
    for file, text in expected.items():
        compare(file, text, write, report)
    names = {profile.name for profile in profiles}
    for file in (file for file in GOLDEN.glob("*") if file.stem not in names):
        if write:
            file.unlink()
        else:
            report.fail("drift", f"{file.relative_to(ROOT)} belongs to no profile")
    report.count(len(expected), "generated files")
    chart = parse((CHART / "Chart.yaml").read_text())[0]
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    if chart["appVersion"] != version:
        report.fail("drift", f"the chart is for {chart['appVersion']}, the program is {version}")
    for profile in profiles:
        if "<no value>" in profile.notes or "%!" in profile.notes:
            report.fail("drift", f"{profile.name}: NOTES.txt has a hole")


def golden(profile: Profile) -> str:
    """The objects as they are, without dashboards and rules, which others keep and `rules` compares."""
    objects = [item for item in profile.objects if not is_embedded(item)]
    return dump(objects)


def is_embedded(item: Object) -> bool:
    return item["kind"] == "PrometheusRule" or "-dashboard-" in item["metadata"]["name"]


def compare(file: Path, text: str, write: bool, report: Report) -> None:
    old = file.read_text() if file.exists() else ""
    if old == text:
        return
    if write:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return
    lines = difflib.unified_diff(old.splitlines(), text.splitlines(), "kept", "now", lineterm="", n=0)
    changes = [line for line in lines if not re.match(r"^(---|\+\+\+|@@)", line)]
    shown = "; ".join(changes[:4])
    report.fail("drift", f"{file.relative_to(ROOT)} is not what is rendered now (--write renews it): {shown}")
