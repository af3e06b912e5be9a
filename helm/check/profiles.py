"""Profiles: the values files under ci/, rendered to Kubernetes objects."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import yaml

from helm import Chart
from repository import PROFILES

PROFILES_MIN = 12

Object = dict[str, Any]


class Loader(yaml.CSafeLoader):
    """Refuses a key that comes twice, of which YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"twice in one object: {', '.join(map(str, twice))}{node.start_mark}")
        return super().construct_mapping(node, deep)


@dataclass
class Profile:
    name: str
    values: dict[str, Any]
    objects: list[Object]
    notes: str = ""
    changes: dict[str, Any] = field(default_factory=dict)

    def find(self, kind: str, name: str) -> Object:
        return find(self.objects, kind, name)


def find(objects: list[Object], kind: str, name: str) -> Object:
    """Raises LookupError when there is none."""
    for item in objects:
        if item["kind"] == kind and item["metadata"]["name"] == name:
            return item
    raise LookupError(f"no {kind} {name}")


def load_profiles(chart: Chart) -> list[Profile]:
    profiles = []
    for file in sorted(PROFILES.glob("*-values.yaml")):
        values = parse(file.read_text())[0]
        name = file.name.removesuffix("-values.yaml")
        chart.lint(values)
        profiles.append(render_profile(chart, name, values))
    return profiles


def render_profile(chart: Chart, name: str, values: dict[str, Any]) -> Profile:
    objects: list[Object] = []
    notes = ""
    for path, text in sorted(chart.render(copy.deepcopy(values)).items()):
        if path.endswith("NOTES.txt"):
            notes = text
        else:
            objects += parse(text)
    objects.sort(key=sort_key)
    return Profile(name, values, objects, notes)


def parse(text: str) -> list[Any]:
    return [item for item in yaml.load_all(text, Loader) if item]


def sort_key(item: Object) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]


def dump(objects: list[Object]) -> str:
    """One text for one set of objects, whichever Helm rendered it."""
    return yaml.safe_dump_all(objects, sort_keys=True, width=120, explicit_start=True)


# What has pods, and where their template is.
def pod_template(item: Object) -> Object | None:
    """The pod template of a workload or a Job; a Pod is its own."""
    if item["kind"] in ("Deployment", "Rollout", "StatefulSet", "DaemonSet", "Job"):
        return item["spec"]["template"]
    return item if item["kind"] == "Pod" else None


def pods(objects: list[Object]) -> list[tuple[Object, Object]]:
    """(workload, its pod template)."""
    found = ((item, pod_template(item)) for item in objects)
    return [(item, template) for item, template in found if template]


def containers(objects: list[Object]) -> list[tuple[Object, Object]]:
    """(workload, container)."""
    return [
        (item, container)
        for item, template in pods(objects)
        for container in template["spec"].get("initContainers", []) + template["spec"]["containers"]
    ]


def is_serving(item: Object) -> bool:
    """Whether its pods answer requests: everything but Jobs and tests."""
    return item["kind"] in ("Deployment", "Rollout", "StatefulSet", "DaemonSet")


def label(item: Object) -> str:
    return f"{item['kind']}/{item['metadata']['name']}"
