"""Checks the alerts: their words, their runbooks, their names, and tests that could fail.

What it is for: an alert that never fires and one that always does look the same on a quiet day.
Relies on: promtool (Debian package `prometheus`), tests/*.yaml, docs/runbooks.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

import names
import slo
from settings import ROOT

RUNBOOKS = ROOT / "docs/runbooks"
TESTS = Path(__file__).with_name("tests")
SEVERITIES = {"page", "ticket"}
# What all alerts are made of to see which tests notice.
ALWAYS, NEVER = "vector(1)", "vector(0) > 1"


def _alerts() -> list[dict]:
    return [rule for rule in names.rules() if "alert" in rule]


def words() -> Iterator[str]:
    """Severity, summary, description, and a runbook page for each alert; no page without one."""
    for alert in _alerts():
        name, annotations = alert["alert"], alert.get("annotations", {})
        if alert["labels"].get("severity") not in SEVERITIES:
            yield f"{name} has no severity"
        for wanted in ("summary", "description"):
            if not annotations.get(wanted):
                yield f"{name} has no {wanted}"
        if annotations.get("runbook") != f"docs/runbooks/{name}.md":
            yield f"{name} does not name docs/runbooks/{name}.md"
        if not (RUNBOOKS / f"{name}.md").exists():
            yield f"{name} has no page in docs/runbooks"
    for page in RUNBOOKS.glob("*.md"):
        if page.stem not in {alert["alert"] for alert in _alerts()} | {"README"}:
            yield f"docs/runbooks/{page.name} belongs to no alert"


def tested() -> Iterator[str]:
    """An alert without a test that fires, or without one that is silent."""
    fires: set[str] = set()
    silent: set[str] = set()
    for path in TESTS.glob("*.yaml"):
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test["promql_expr_test"]:
                name = re.search(r'alertname="(\w+)"', case["expr"]).group(1)
                (fires if case["exp_samples"] else silent).add(name)
    for name in sorted({alert["alert"] for alert in _alerts()}):
        if name not in fires:
            yield f"{name} has no test in which it fires"
        if name not in silent:
            yield f"{name} has no test in which it is silent"


def promtool(*arguments: object) -> tuple[bool, str]:
    run = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True)
    return run.returncode == 0, run.stdout + run.stderr


def sound() -> Iterator[str]:
    """What promtool says about the rules and their tests."""
    passed, told = promtool("check", "rules", *sorted(names.RULES.glob("*.yaml")))
    if not passed:
        yield told
    passed, told = promtool("test", "rules", *sorted(TESTS.glob("*.yaml")))
    if not passed:
        yield told


def sharp() -> Iterator[str]:
    """With alerts that always fire every silent test must fail; with dead ones every other."""
    for expr, must_fail in ((ALWAYS, False), (NEVER, True)):
        with tempfile.TemporaryDirectory() as folder:
            for path in _mutated(Path(folder), expr):
                cases = [
                    case
                    for test in yaml.safe_load(path.read_text())["tests"]
                    for case in test["promql_expr_test"]
                    if bool(case["exp_samples"]) is must_fail
                ]
                told = promtool("test", "rules", path)[1]
                failed = told.count("expr: ")
                if failed < len(cases):
                    yield f"{path.name}: with {expr} for every alert only {failed} of {len(cases)} tests fail"


def _mutated(folder: Path, expr: str) -> Iterator[Path]:
    """The tests, beside rules whose alerts all say `expr`; what they measure goes on."""
    for path in names.RULES.glob("*.yaml"):
        content = yaml.safe_load(path.read_text())
        for group in content["groups"]:
            group["rules"] = [
                {**rule, "expr": expr} for rule in group["rules"] if "alert" in rule
            ]
            for rule in group["rules"]:
                rule.pop("for", None)
        (folder / path.name).write_text(yaml.safe_dump(content))
    for path in sorted(TESTS.glob("*.yaml")):
        copy = folder / f"test_{path.name}"
        copy.write_text(re.sub(r"\[\.\./.*/", "[", path.read_text(), count=1))
        yield copy


def main() -> int:
    found = [*words(), *tested(), *names.unknown(), *sound(), *sharp()]
    for finding in found:
        print(f"alerts: {finding}")
    if slo.main():
        found.append("slo")
    if not found:
        print(f"alerts: {len(_alerts())} alerts fire and are silent when they should")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
