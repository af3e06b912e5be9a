"""The overlays under k8s/: merged here, and judged like the chart's own renders.

Knows as much of kustomize as the overlays use, and refuses what it does not know: resources, images,
strategic patches with a target, literal secrets. Where `kubectl` is on the PATH, its own result must
be the same.
"""

from __future__ import annotations

import base64
import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes
import policies
from policies_objects import selects
from profiles import Object, containers, dump, find, label, parse, sort_key
from report import Report
from repository import KUSTOMIZE, ROOT

OVERLAYS = ("base", "overlays/dev", "overlays/prod")
KNOWN = {"apiVersion", "kind", "resources", "images", "patches", "secretGenerator", "generatorOptions"}
# A list of objects with this key is merged by it, as Kubernetes does.
MERGE_KEY = "name"
# The dev overlay's stores and known secrets are no part of the product, and it makes them on purpose.
NOT_FOR_OVERLAYS = {
    "objects_carry_the_common_labels",
    "closed_networks_are_closed",
    "secrets_come_from_secrets",
    "probes_ask_different_things",
    "the_listener_is_the_port",
    "grace_covers_the_drain",
    "writable_places_are_bounded",
    "new_pods_come_before_old_ones_go",
    "only_payments_has_stripe_secrets",
    "scalers_shrink_slowly",
}


class UnknownKustomize(Exception):
    """The overlay uses something that this file does not know."""


def check(report: Report) -> None:
    kubectl = shutil.which("kubectl")
    total = 0
    for name in OVERLAYS:
        folder = KUSTOMIZE / name
        try:
            objects = build(folder)
        except (UnknownKustomize, LookupError, OSError) as error:
            report.fail("kustomize", f"{name}: {error}")
            continue
        total += len(objects)
        judge(name, objects, report)
        if kubectl:
            compare(kubectl, folder, objects, report)
    if not kubectl:
        report.note("kubectl is not on the PATH: overlays are merged here only")
    report.count(total, "objects in base and overlays")


def judge(name: str, objects: list[Object], report: Report) -> None:
    for item in objects:
        schemas = kubernetes.schemas_of(item)
        if not schemas:
            report.fail("kustomize", f"{name}: {label(item)} is of an unknown kind")
        for version, schema in schemas:
            for error in schema.iter_errors(item):
                place = ".".join(map(str, error.absolute_path))
                report.fail(
                    "kustomize", f"{name}: {label(item)} in {version}: {place}: {error.message[:160]}"
                )
    for policy in policies.POLICIES.keys() - (NOT_FOR_OVERLAYS if name != "base" else set()):
        # Stores of the dev overlay have an environment of their own, or none.
        judged = copy.deepcopy(objects)
        for _, container in containers(judged):
            container.setdefault("env", [])
            container.setdefault("args", [""])
        for finding in policies.POLICIES[policy](judged):
            report.fail("kustomize", f"{name}: {policy}: {finding}")
    made = {item["metadata"]["name"] for item in objects if item["kind"] == "Secret"}
    if name == "overlays/dev":
        for _, container in containers(objects):
            for variable in container.get("env", []):
                wanted = variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name")
                if wanted and wanted not in made:
                    report.fail("kustomize", f"{name}: nobody makes the Secret {wanted}")


def build(folder: Path) -> list[Object]:
    """The objects of a kustomization, sorted."""
    kustomization = parse((folder / "kustomization.yaml").read_text())[0]
    unknown = kustomization.keys() - KNOWN
    if unknown:
        raise UnknownKustomize(f"kustomization.yaml uses {', '.join(sorted(unknown))}")
    objects: list[Object] = []
    for resource in kustomization.get("resources", []):
        place = (folder / resource).resolve()
        objects += build(place) if place.is_dir() else parse(place.read_text())
    for patch in kustomization.get("patches", []):
        apply(objects, patch["target"], parse((folder / patch["path"]).read_text())[0])
    for image in kustomization.get("images", []):
        rename(objects, image)
    for secret in kustomization.get("secretGenerator", []):
        objects.append(secret_of(secret))
    return sorted(objects, key=sort_key)


def apply(objects: list[Object], target: dict[str, str], patch: Object) -> None:
    wanted = dict(pair.split("=") for pair in target.get("labelSelector", "").split(",") if pair)
    found = [
        item
        for item in objects
        if item["kind"] == target["kind"]
        and target.get("name", item["metadata"]["name"]) == item["metadata"]["name"]
        and selects({"matchLabels": wanted}, item["metadata"].get("labels", {}))
    ]
    if not found:
        raise LookupError(f"a patch finds no {target}")
    for item in found:
        # A patch with a target keeps the target's name.
        lay({key: value for key, value in patch.items() if key == "spec"}, item)


def lay(patch: Any, base: Any) -> None:
    """Strategic merge: objects by key, lists of named things by name, null takes away."""
    for key, value in patch.items():
        old = base.get(key)
        if value is None:
            base.pop(key, None)
        elif isinstance(value, dict) and isinstance(old, dict):
            lay(value, old)
        elif (
            isinstance(value, list)
            and isinstance(old, list)
            and all(MERGE_KEY in item for item in value + old)
        ):
            merge_named(value, old)
        else:
            base[key] = copy.deepcopy(value)


def merge_named(patch: list[Any], base: list[Any]) -> None:
    added = []
    for item in patch:
        same = next((other for other in base if other[MERGE_KEY] == item[MERGE_KEY]), None)
        if same is None:
            added.append(copy.deepcopy(item))
        else:
            lay(item, same)
    # What is new comes first, as kustomize has it.
    base[:0] = added


def rename(objects: list[Object], image: dict[str, str]) -> None:
    found = False
    for _, container in containers(objects):
        name, _, tag = container["image"].partition(":")
        if name == image["name"]:
            found = True
            container["image"] = f"{image.get('newName', name)}:{image.get('newTag', tag)}"
    if not found:
        raise LookupError(f"no container runs {image['name']}")


def secret_of(generator: dict[str, Any]) -> Object:
    pairs = dict(literal.split("=", 1) for literal in generator["literals"])
    data = {key: base64.b64encode(value.encode()).decode() for key, value in pairs.items()}
    metadata = {"name": generator["name"], "namespace": generator["namespace"]}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}


def compare(kubectl: str, folder: Path, objects: list[Object], report: Report) -> None:
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    if done.returncode:
        report.fail("kustomize", f"kubectl refuses {folder.relative_to(ROOT)}: {done.stderr.strip()[-300:]}")
        return
    theirs = sorted(parse(done.stdout), key=sort_key)
    for item in theirs:
        name = item["metadata"]["name"]
        try:
            ours = find(objects, item["kind"], name)
        except LookupError:
            report.fail("kustomize", f"only kubectl makes {label(item)} of {folder.name}")
            continue
        if dump([normal(item)]) != dump([normal(ours)]):
            report.fail("kustomize", f"kubectl makes another {label(item)} of {folder.name}")
    if len(theirs) != len(objects):
        report.fail("kustomize", f"kubectl makes {len(theirs)} objects of {folder.name}, not {len(objects)}")


def normal(item: Object) -> Object:
    """Without what is nobody's business: the order of variables, line breaks in a Secret's base64."""
    item = json.loads(json.dumps(item))
    if item["kind"] == "Secret":
        item["data"] = {key: "".join(value.split()) for key, value in item["data"].items()}
    for _, container in containers([item]):
        container["env"] = sorted(container.get("env", []), key=lambda variable: variable["name"])
    return item
