"""Policies over how pods come, move and go."""

from __future__ import annotations

from collections.abc import Iterator

from policies_objects import selects
from profiles import Object, containers, is_serving, label, pods

# Of the program: 20 s for its listener, then twice 8 s for background work.
DRAIN_SECONDS = 36
SPARE_SECONDS = 5


def grace_covers_the_drain(objects: list[Object]) -> Iterator[str]:
    for item, template in pods(objects):
        if not is_serving(item):
            continue
        container = template["spec"]["containers"][0]
        sleep = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        grace = template["spec"].get("terminationGracePeriodSeconds", 30)
        if sleep < 1 or grace < sleep + DRAIN_SECONDS + SPARE_SECONDS:
            yield f"{label(item)} sleeps {sleep} s and is killed after {grace} s"


def new_pods_come_before_old_ones_go(objects: list[Object]) -> Iterator[str]:
    for item in objects:
        if item["kind"] == "Deployment":
            rolling = item["spec"].get("strategy", {}).get("rollingUpdate", {})
            if rolling.get("maxUnavailable") not in (0, "0%") or rolling.get("maxSurge") in (0, "0%", None):
                yield label(item)


def sockets_are_not_switched(objects: list[Object]) -> Iterator[str]:
    for item, container in containers(objects):
        if item["kind"] == "Rollout" and "seatmap-ws" in container["args"]:
            yield f"{label(item)} would drop every socket at once"


def budgets_can_be_met(objects: list[Object]) -> Iterator[str]:
    for item in objects:
        if item["kind"] == "PodDisruptionBudget":
            spec = item["spec"]
            if "minAvailable" in spec or spec.get("maxUnavailable") in (0, "0%", None):
                yield f"{label(item)} may never let a node go"
            if spec.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
                yield f"{label(item)} lets broken pods hold a node back"


def spread_counts_own_pods(objects: list[Object]) -> Iterator[str]:
    for item, template in pods(objects):
        for rule in template["spec"].get("topologySpreadConstraints", []):
            if not selects(rule["labelSelector"], template["metadata"]["labels"]):
                yield f"{label(item)} spreads other pods"
            expected = "pod-template-hash" if item["kind"] == "Deployment" else "rollouts-pod-template-hash"
            if rule.get("matchLabelKeys") != [expected]:
                yield f"{label(item)} counts the old version's pods"


def scalers(objects: list[Object]) -> list[Object]:
    return [item for item in objects if item["kind"] in ("HorizontalPodAutoscaler", "ScaledObject")]


def scalers_have_one_target(objects: list[Object]) -> Iterator[str]:
    known = {(item["apiVersion"], label(item)): item for item in objects}
    taken: dict[str, str] = {}
    for item in scalers(objects):
        target = item["spec"]["scaleTargetRef"]
        name = f"{target['kind']}/{target['name']}"
        workload = known.get((target["apiVersion"], name))
        if workload is None:
            yield f"{label(item)} scales {name}, which does not exist"
        elif "replicas" in workload["spec"]:
            yield f"{name} states replicas, which each upgrade would set back"
        if name in taken:
            yield f"{name} is scaled by {taken[name]} and {label(item)}"
        taken[name] = label(item)


def scalers_never_reach_zero(objects: list[Object]) -> Iterator[str]:
    for item in scalers(objects):
        least = item["spec"].get("minReplicas", item["spec"].get("minReplicaCount", 0))
        if least < 1:
            yield label(item)


def scalers_shrink_slowly(objects: list[Object]) -> Iterator[str]:
    for item in scalers(objects):
        spec = item["spec"]
        if item["kind"] == "ScaledObject":
            spec = spec["advanced"]["horizontalPodAutoscalerConfig"]
        down = spec["behavior"]["scaleDown"]
        if down["stabilizationWindowSeconds"] < 300 or any(p["type"] != "Pods" for p in down["policies"]):
            yield label(item)


def blind_scalers_keep_what_is_there(objects: list[Object]) -> Iterator[str]:
    """Without Prometheus or the ledger a fleet that sells must not shrink."""
    for item in objects:
        if item["kind"] != "ScaledObject":
            continue
        sources = [
            trigger for trigger in item["spec"]["triggers"] if trigger["type"] in ("prometheus", "postgresql")
        ]
        if sources and item["spec"].get("fallback", {}).get("behavior") != "currentReplicasIfHigher":
            yield f"{label(item)} has no fallback"
        for trigger in sources:
            if trigger["type"] == "prometheus" and trigger["metadata"].get("ignoreNullValues") != "false":
                yield f"{label(item)} takes a missing series for 0"


def shares_have_a_base(objects: list[Object]) -> Iterator[str]:
    """A scaler by CPU needs the request of which it takes a share."""
    requests = {
        f"{item['kind']}/{item['metadata']['name']}": container.get("resources", {}).get("requests", {})
        for item, container in containers(objects)
    }
    for item in scalers(objects):
        spec = item["spec"]
        metrics = [metric["resource"]["name"] for metric in spec.get("metrics", [])]
        metrics += [
            trigger["type"] for trigger in spec.get("triggers", []) if trigger["type"] in ("cpu", "memory")
        ]
        target = f"{spec['scaleTargetRef']['kind']}/{spec['scaleTargetRef']['name']}"
        for metric in metrics:
            if metric not in requests.get(target, {}):
                yield f"{label(item)} takes a share of {metric}, which is not requested"


def analysis_takes_refusals_for_answers(objects: list[Object]) -> Iterator[str]:
    """409 and 429 are what a full house says; a canary must not fail on them."""
    for item in objects:
        if item["kind"] == "AnalysisTemplate":
            for metric in item["spec"]["metrics"]:
                query = metric["provider"]["prometheus"]["query"]
                if 'status!~"5.."' not in query or "4.." in query:
                    yield label(item)


POLICIES = [
    grace_covers_the_drain,
    new_pods_come_before_old_ones_go,
    sockets_are_not_switched,
    budgets_can_be_met,
    spread_counts_own_pods,
    scalers_have_one_target,
    scalers_never_reach_zero,
    scalers_shrink_slowly,
    blind_scalers_keep_what_is_there,
    shares_have_a_base,
    analysis_takes_refusals_for_answers,
]
