"""Every value has an effect, and every value that a template names exists.

A leaf of values.yaml is given another valid value; some profile must then render otherwise, or be
refused by a guard. That is stronger than finding its name in a template.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jsonschema import Draft7Validator

from helm import Chart, HelmError
from profiles import Profile, parse
from report import Report
from repository import CHART, ROLES
from typos import at, with_key

Path = tuple[str, ...]
# Tried in this order: the first has nearly every switch on.
TRIED = ["lean", "minimal", "everything", "gateway", "hpa", "rollouts-bluegreen", "monitoring"]
# Strings that fit some pattern of the schema, for leaves that are empty or of no other kind.
TEXTS = [
    "other",
    "http://other.example",
    "7m",
    "7",
    "10.9.8.0/24",
    "pk_test_other",
    "sha256:" + "7" * 64,
    "/other",
    "7/7",
    "Always",
]
NAMED = re.compile(r"\.Values((?:\.[A-Za-z]+)+)")
NAMED_OF_ROLE = re.compile(r"[$.]role((?:\.[A-Za-z]+)+)")


def check(chart: Chart, profiles: list[Profile], report: Report) -> None:
    values = parse((CHART / "values.yaml").read_text())[0]
    schema = json.loads((CHART / "values.schema.json").read_text())
    for file in sorted((CHART / "templates").rglob("*")):
        for named in NAMED.findall(file.read_text()) if file.is_file() else []:
            try:
                at(values, tuple(named.strip(".").split(".")))
            except (KeyError, TypeError):
                report.fail("usage", f"{file.name} names .Values{named}, which values.yaml does not have")

        for named in NAMED_OF_ROLE.findall(file.read_text()) if file.is_file() else []:
            try:
                at(values["defaults"], tuple(named.strip(".").split(".")))
            except (KeyError, TypeError):
                report.fail("usage", f"{file.name} names {named} of a role, which `defaults` does not have")

    profiles = [lean(next(p for p in profiles if p.name == "everything")), *profiles]
    ordered = sorted(profiles, key=lambda p: TRIED.index(p.name) if p.name in TRIED else len(TRIED))
    before = {profile.name: objects_of(chart, profile.values) for profile in profiles}
    leaves = list(all_leaves(values))
    # Rendering happens outside of Python, several at once.
    with ThreadPoolExecutor() as threads:
        effects = threads.map(lambda leaf: has_effect(chart, ordered, before, *leaf, schema), leaves)
        for (path, _), effect in zip(leaves, effects, strict=True):
            if not effect:
                report.fail("usage", f"{'.'.join(path)} changes nothing")
    report.count(len(leaves), "values with an effect")


def objects_of(chart: Chart, values: dict[str, Any]) -> dict[str, str]:
    """What is rendered, without NOTES.txt: a value that only changes what is said has no effect."""
    texts = chart.render(copy.deepcopy(values))
    return {path: text for path, text in texts.items() if not path.endswith("NOTES.txt")}


def lean(profile: Profile) -> Profile:
    """The same without dashboards and rules: most values show in it, and it renders in half the time."""
    values = copy.deepcopy(profile.values)
    values["monitoring"]["rules"]["enabled"] = values["monitoring"]["dashboards"]["enabled"] = False
    return Profile("lean", values, [])


def all_leaves(values: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Leaves, of the roles' blocks only what differs from `defaults`: those keys are one and the same."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from all_leaves(value, (*path, key))
        else:
            yield (*path, key), value


def has_effect(
    chart: Chart, profiles: list[Profile], before: dict[str, Any], path: Path, value: Any, schema: Any
) -> bool:
    rule = Draft7Validator({**rule_of(schema, path), "definitions": schema["definitions"]})
    candidates = [other for other in others(value, path, schema) if rule.is_valid(other)]
    for profile in profiles:
        for other in candidates:
            for place in places(path, profile.values):
                try:
                    after = objects_of(chart, with_key(profile.values, place, other))
                except HelmError as error:
                    if "values don't meet the specifications" not in str(error):
                        return True
                    continue
                if after != before[profile.name]:
                    return True
    return False


def places(path: Path, given: dict[str, Any]) -> Iterator[Path]:
    """Where to set it: for a default also in the role that lays nothing over it."""
    yield path
    if path[0] == "defaults":
        for role in ROLES:
            yield (role, *path[1:])


def others(value: Any, path: Path, schema: Any) -> list[Any]:
    """Other values that the schema may take."""
    rule = rule_of(schema, path)
    if "enum" in rule:
        return [choice for choice in rule["enum"] if choice != value]
    if isinstance(value, bool):
        # Also the same: a role may lay the opposite over its default.
        return [not value, value]
    if isinstance(value, int):
        return [value + 1, value + 100, value - 1]
    if isinstance(value, float):
        return [value - 0.1]
    if isinstance(value, str):
        near = [value + "x", value + "0", re.sub(r"\d", "3", value)] if value else []
        return [text for text in near + TEXTS if text != value]
    if isinstance(value, list):
        return lists(path, value)
    return [{"other": "other"}, {"limits": {"cpu": "7"}}]


def lists(path: Path, value: list[Any]) -> list[Any]:
    if value:
        return [value[:-1], value + value[-1:]]
    query = {"name": "other", "query": "1", "perPod": "1"}
    window = {"timezone": "UTC", "start": "1 1 * * *", "end": "2 2 * * *", "replicas": 7}
    return [
        ["other.example"], ["10.9.8.0/24"], ["https://other.example"], [{"name": "other"}],
        [{"key": "other"}], [{"podSelector": {}}], [query], [window], [{"to": []}],
        [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other"}}],
    ]  # fmt: skip


def rule_of(schema: Any, path: Path) -> dict[str, Any]:
    rule = schema
    for key in path:
        rule = rule.get("properties", {}).get(key, {})
        if "$ref" in rule:
            rule = schema["definitions"][rule["$ref"].rsplit("/", 1)[-1]]
    return rule
