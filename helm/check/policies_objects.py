"""Policies over how objects refer to each other: labels, selectors, ports, hooks, names."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from helm import NAMESPACE
from profiles import Object, containers, label, pods

HOOK = "helm.sh/hook"
WEIGHT = "helm.sh/hook-weight"
LABELS = {
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
}


def selects(selector: Object, labels: dict[str, str]) -> bool:
    """Kubernetes' label selector."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for rule in selector.get("matchExpressions") or []:
        value = labels.get(rule["key"])
        met = {
            "In": value in rule.get("values", []),
            "NotIn": value not in rule.get("values", []),
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[rule["operator"]]
        if not met:
            return False
    return True


def selector_of(item: Object) -> Object | None:
    spec = item.get("spec", {})
    if item["kind"] == "Service":
        return {"matchLabels": spec["selector"]}
    if item["kind"] in ("PodDisruptionBudget", "PodMonitor", "Deployment", "Rollout"):
        return spec["selector"]
    return None


def annotations_of(item: Object) -> dict[str, str]:
    return item["metadata"].get("annotations") or {}


def selectors_find_pods(objects: list[Object]) -> Iterator[str]:
    templates = [template["metadata"]["labels"] for item, template in pods(objects) if item["kind"] != "Job"]
    services = [item["metadata"]["labels"] for item in objects if item["kind"] == "Service"]
    for item in objects:
        selector = selector_of(item)
        if item["kind"] == "ServiceMonitor":
            found = any(selects(item["spec"]["selector"], labels) for labels in services)
        else:
            found = selector is None or any(selects(selector, labels) for labels in templates)
        if not found:
            yield f"{label(item)} selects nothing"


def selectors_find_one_role(objects: list[Object]) -> Iterator[str]:
    for item in objects:
        selector = selector_of(item)
        if selector is None or item["kind"] == "PodMonitor":
            continue
        found = [
            label(other)
            for other, template in pods(objects)
            if selects(selector, template["metadata"]["labels"])
        ]
        if len(found) > 1:
            yield f"{label(item)} selects {', '.join(found)}"


def workloads_select_their_own_pods(objects: list[Object]) -> Iterator[str]:
    for item, template in pods(objects):
        selector = item["spec"].get("selector")
        if selector and not selects(selector, template["metadata"]["labels"]):
            yield label(item)


def ports_exist(objects: list[Object]) -> Iterator[str]:
    """A Service's target, a monitor's port and a policy's named port are names that containers have."""
    names = {port["name"] for _, container in containers(objects) for port in container.get("ports", [])}
    services = {
        port["name"] for item in objects if item["kind"] == "Service" for port in item["spec"]["ports"]
    }
    for item in objects:
        spec = item.get("spec", {})
        wanted: list[tuple[Any, set[str]]] = []
        if item["kind"] == "Service":
            wanted = [(port["targetPort"], names) for port in spec["ports"]]
        elif item["kind"] == "PodMonitor":
            wanted = [(end["port"], names) for end in spec["podMetricsEndpoints"]]
        elif item["kind"] == "ServiceMonitor":
            wanted = [(end["port"], services) for end in spec["endpoints"]]
        elif item["kind"] == "NetworkPolicy":
            rules = spec.get("ingress") or []
            wanted = [(port["port"], names) for rule in rules for port in rule.get("ports", [])]
        for port, known in wanted:
            if isinstance(port, str) and port not in known:
                yield f"{label(item)} refers to port {port}"


def references(item: Object) -> Iterator[tuple[str, str]]:
    """(kind, name) of what has to exist before the object's pods start."""
    for _, template in pods([item]):
        spec = template["spec"]
        if spec.get("serviceAccountName"):
            yield "ServiceAccount", spec["serviceAccountName"]
        for volume in spec.get("volumes", []):
            if "configMap" in volume:
                yield "ConfigMap", volume["configMap"]["name"]
            if "secret" in volume:
                yield "Secret", volume["secret"]["secretName"]
        for container in spec["containers"]:
            for variable in container.get("env", []):
                source = variable.get("valueFrom", {})
                if "secretKeyRef" in source:
                    yield "Secret", source["secretKeyRef"]["name"]
                if "configMapKeyRef" in source:
                    yield "ConfigMap", source["configMapKeyRef"]["name"]
            for source in container.get("envFrom", []):
                for key, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
                    if key in source:
                        yield kind, source[key]["name"]


def hooks_come_after_what_they_need(objects: list[Object]) -> Iterator[str]:
    """What a hook before the installation refers to must not be made by the installation itself: it
    is a hook of lower weight, or it was there before."""
    made: dict[tuple[str, str], Object] = {}
    for item in objects:
        kind = "Secret" if item["kind"] == "ExternalSecret" else item["kind"]
        made[kind, item["metadata"]["name"]] = item
    for item in objects:
        if not annotations_of(item).get(HOOK, "").startswith("pre-"):
            continue
        for reference in references(item):
            other = made.get(reference)
            if other is None or reference == ("ServiceAccount", "default"):
                continue
            earlier = annotations_of(other).get(HOOK) == annotations_of(item)[HOOK]
            if not earlier or int(annotations_of(other).get(WEIGHT, 0)) >= int(
                annotations_of(item).get(WEIGHT, 0)
            ):
                yield f"{label(item)} needs {label(other)}, which comes later"


def hooks_leave_their_logs(objects: list[Object]) -> Iterator[str]:
    for item in objects:
        if HOOK in annotations_of(item):
            if annotations_of(item).get("helm.sh/hook-delete-policy") != "before-hook-creation":
                yield label(item)


def jobs_end(objects: list[Object]) -> Iterator[str]:
    for item in objects:
        if item["kind"] == "Job":
            spec = item["spec"]
            if not {"activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"} <= spec.keys():
                yield label(item)
            if spec["template"]["spec"].get("restartPolicy") != "Never":
                yield f"{label(item)} hides its failures by restarting"


def external_secrets_outlive_themselves(objects: list[Object]) -> Iterator[str]:
    """They are hooks, which Helm deletes before it makes them anew; the Secret must stay."""
    for item in objects:
        if item["kind"] == "ExternalSecret":
            target = item["spec"]["target"]
            if target.get("creationPolicy") != "Orphan" or target.get("deletionPolicy") != "Retain":
                yield label(item)


def objects_carry_the_common_labels(objects: list[Object]) -> Iterator[str]:
    for item in objects:
        labels = item["metadata"].get("labels", {})
        # Extra objects are the operator's own.
        if labels and not labels.keys() >= LABELS:
            yield label(item)
        if not labels and not item["metadata"]["name"].endswith("-extra"):
            yield label(item)


def objects_are_in_the_namespace(objects: list[Object]) -> Iterator[str]:
    for item in objects:
        if item["metadata"].get("namespace", NAMESPACE) != NAMESPACE:
            yield label(item)


def names_are_short_and_unique(objects: list[Object]) -> Iterator[str]:
    for item in objects:
        if len(item["metadata"]["name"]) > 63:
            yield f"{label(item)} has more than 63 characters"
    for (kind, name), times in Counter((item["kind"], item["metadata"]["name"]) for item in objects).items():
        if times > 1:
            yield f"{kind}/{name} is there {times} times"


def dashboards_are_found(objects: list[Object]) -> Iterator[str]:
    for item in objects:
        if item["kind"] != "ConfigMap" or "-dashboard-" not in item["metadata"]["name"]:
            continue
        if item["metadata"]["labels"].get("grafana_dashboard") != "1":
            yield f"{label(item)} has no label for Grafana's sidecar"
        for file, text in item["data"].items():
            try:
                if "panels" not in json.loads(text):
                    yield f"{label(item)}: {file} has no panels"
            except ValueError as error:
                yield f"{label(item)}: {file} is no JSON: {error}"


POLICIES = [
    selectors_find_pods,
    selectors_find_one_role,
    workloads_select_their_own_pods,
    ports_exist,
    hooks_come_after_what_they_need,
    hooks_leave_their_logs,
    jobs_end,
    external_secrets_outlive_themselves,
    objects_carry_the_common_labels,
    objects_are_in_the_namespace,
    names_are_short_and_unique,
    dashboards_are_found,
]
