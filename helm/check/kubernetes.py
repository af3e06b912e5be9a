"""Every object against its schema: Kubernetes' own, strictly, for three versions; custom resources
against the closed schemas in schemas/.

An object of a kind that neither knows is a finding: unknown is not valid.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from profiles import Object, Profile, label
from report import Report
from repository import CHECK

OLDEST = "1.30"
MIDDLE = "1.33"
BUNDLED = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"


def versions() -> list[str]:
    newest = ".".join(kubernetes_validate.latest_version().removeprefix("v").split(".")[:2])
    return [OLDEST, MIDDLE, newest]


def check(profiles: list[Profile], report: Report) -> None:
    seen: set[str] = set()
    checks = 0
    for profile in profiles:
        for item in profile.objects:
            text = json.dumps(item, sort_keys=True)
            if text in seen:
                continue
            seen.add(text)
            schemas = schemas_of(item)
            if not schemas:
                report.fail(
                    "kubernetes", f"{profile.name}: {label(item)} is of an unknown kind, {item['apiVersion']}"
                )
            for version, schema in schemas:
                checks += 1
                for error in schema.iter_errors(item):
                    place = ".".join(map(str, error.absolute_path))
                    report.fail(
                        "kubernetes",
                        f"{profile.name}: {label(item)} in {version}: {place}: {error.message[:160]}",
                    )
    check_bite(profiles, report)
    report.count(checks, f"strict checks for {', '.join(versions())}")


def check_bite(profiles: list[Profile], report: Report) -> None:
    """A schema that lets an unknown field pass proves nothing: one is put into one object of each kind."""
    kinds = {item["kind"]: item for profile in profiles for item in profile.objects}
    for kind, item in kinds.items():
        part = "spec" if "spec" in item else "metadata"
        misspelt = {**item, part: {**item[part], "replicaz": 1}}
        for version, schema in schemas_of(misspelt):
            if schema.is_valid(misspelt):
                report.fail("kubernetes", f"{version} takes an unknown field of a {kind}")


def schemas_of(item: Object) -> list[tuple[str, Draft202012Validator]]:
    custom = custom_schema(item["apiVersion"], item["kind"])
    if custom:
        return [("its schema", custom)]
    found = [(version, bundled_schema(version, item["apiVersion"], item["kind"])) for version in versions()]
    return [(version, schema) for version, schema in found if schema]


@cache
def custom_schema(api_version: str, kind: str) -> Draft202012Validator | None:
    """Refers to Kubernetes' newest definitions, e.g. for a pod template."""
    group = api_version.split("/")[0]
    file = CHECK / "schemas" / f"{kind.lower()}.{group}.json"
    if not file.exists():
        return None
    schema = json.loads(file.read_text())
    if schema["properties"]["apiVersion"]["const"] != api_version:
        return None
    return Draft202012Validator(schema, registry=definitions(versions()[-1]))


@cache
def bundled_schema(version: str, api_version: str, kind: str) -> Draft202012Validator | None:
    group, _, name = api_version.rpartition("/")
    middle = f"{group.split('.')[0]}-" if group else ""
    file = folder(version) / f"{kind.lower()}-{middle}{name}.json"
    if not file.exists():
        return None
    return Draft202012Validator(json.loads(file.read_text()), registry=definitions(version))


@cache
def definitions(version: str) -> Registry[Any]:
    resource = Resource.from_contents(json.loads((folder(version) / "_definitions.json").read_text()))
    return resource @ Registry()


def folder(version: str) -> Path:
    return BUNDLED / f"v{version}.0-local-strict"
