"""Which metrics there are, and which a query asks for.

What it is for: a rule or a panel that names a metric which nobody exposes is silent for ever.
Relies on: metrics being named by whole string literals in the code, as the crates' `meters` do.
Never does: parse PromQL fully. A name is a word with one of our beginnings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from settings import ROOT

BEGINNINGS = "holdfast|process"
_LITERAL = re.compile(rf'"((?:{BEGINNINGS})_[a-z0-9_]+)"')
_ASKED = re.compile(rf"(?<![\w:\"$])((?:{BEGINNINGS})_[a-z0-9_]+)(?![\w:])")
_RECORDED = re.compile(r"(?<![\w])(holdfast:[a-z0-9_:]+)")
_HISTOGRAM_PARTS = re.compile(r"_(bucket|sum|count)$")

RULES = ROOT / "helm/holdfast/rules"
DASHBOARDS = ROOT / "helm/holdfast/dashboards"
SKIPPED_FOLDERS = {"target", "tests", "loadtest", "node_modules"}
# The list of help texts and buckets: what stands only there is not exposed.
SKIPPED_FILES = {"descriptions.rs", "buckets.rs"}


def in_code() -> set[str]:
    """Every text in the program's sources that can be the name of a metric."""
    found: set[str] = set()
    for path in ROOT.rglob("*.rs"):
        if path.name not in SKIPPED_FILES and not SKIPPED_FOLDERS & set(path.relative_to(ROOT).parts):
            found |= set(_LITERAL.findall(path.read_text()))
    return found


def asked(query: str) -> set[str]:
    """The metrics of a query, histograms by their own name; labels in quotes do not count."""
    bare = re.sub(r'"[^"]*"', '""', query)
    return {_HISTOGRAM_PARTS.sub("", name) for name in _ASKED.findall(bare)}


def recorded_asked(query: str) -> set[str]:
    return set(_RECORDED.findall(query))


def rules() -> Iterator[dict[str, Any]]:
    """All rules of the chart, recording ones first as they stand in the files."""
    for path in sorted(RULES.glob("*.yaml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def dashboards() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(DASHBOARDS.glob("*.json")):
        yield path, json.loads(path.read_text())


def unknown() -> Iterator[str]:
    """Queries over metrics that no code has, one sentence each."""
    known = in_code()
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for where, query in queries():
        for name in sorted(asked(query) - known):
            yield f"{where} asks for {name}, which no code exposes"
        for name in sorted(recorded_asked(query) - recorded):
            yield f"{where} asks for {name}, which no rule records"


def queries() -> Iterator[tuple[str, str]]:
    """Every query of rules and panels, with where it stands."""
    for rule in rules():
        yield rule.get("alert") or rule["record"], rule["expr"]
    for path, board in dashboards():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                yield f"{path.name}, {panel['title']}", target["expr"]
