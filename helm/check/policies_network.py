"""Policies over who reaches whom."""

from __future__ import annotations

from collections.abc import Iterator

from policies_objects import selects
from profiles import Object, label, pods
from routes import INSIDE_ONLY, destinations


def backends_exist(objects: list[Object]) -> Iterator[str]:
    services = {item["metadata"]["name"]: item for item in objects if item["kind"] == "Service"}
    for item in objects:
        backends: list[tuple[str, str | int]] = []
        if item["kind"] == "Ingress":
            for rule in item["spec"]["rules"]:
                for path in rule["http"]["paths"]:
                    service = path["backend"]["service"]
                    backends.append(
                        (service["name"], service["port"].get("name") or service["port"]["number"])
                    )
        elif item["kind"] == "HTTPRoute":
            for rule in item["spec"]["rules"]:
                backends += [(backend["name"], backend["port"]) for backend in rule["backendRefs"]]
        for name, port in backends:
            ports = services[name]["spec"]["ports"] if name in services else []
            if port not in [value for known in ports for value in (known["name"], known["port"])]:
                yield f"{label(item)} leads to {name}:{port}, which does not exist"


def the_test_asks_every_service(objects: list[Object]) -> Iterator[str]:
    """`helm test` asks each role at its Service's own port; a Service of a preview may be idle."""
    asked = {
        container["args"][1]
        for item in objects
        if item["kind"] == "Pod"
        for container in item["spec"]["containers"]
        if container["args"][0] == "probe"
    }
    services = [item for item in objects if item["kind"] == "Service"]
    expected = {
        f"http://{item['metadata']['name']}:{item['spec']['ports'][0]['port']}/readyz"
        for item in services
        if not item["metadata"]["name"].endswith("-preview")
    }
    if asked:
        yield from sorted(asked ^ expected)


def operators_paths_stay_inside(objects: list[Object]) -> Iterator[str]:
    for item in objects:
        for path in INSIDE_ONLY:
            for service in destinations(item, path):
                yield f"{label(item)} leads {path} to {service}"


def services_stay_inside(objects: list[Object]) -> Iterator[str]:
    """What is public goes through a route, which knows the paths."""
    for item in objects:
        if item["kind"] == "Service" and item["spec"].get("type", "ClusterIP") != "ClusterIP":
            yield label(item)


def closed_networks_are_closed(objects: list[Object]) -> Iterator[str]:
    """Where there are network policies, one selects everything and allows nothing, and each pod has
    one that lets it ask DNS."""
    policies = [item for item in objects if item["kind"] == "NetworkPolicy"]
    if not policies:
        return
    for item in policies:
        if item["spec"].get("policyTypes") != ["Ingress", "Egress"]:
            yield f"{label(item)} leaves a direction open"
    nothing = [
        item["spec"]["podSelector"] for item in policies if not item["spec"].keys() & {"ingress", "egress"}
    ]
    for item, template in pods(objects):
        labels = template["metadata"]["labels"]
        if not any(selects(selector, labels) for selector in nothing):
            yield f"{label(item)} is in no policy that allows nothing"
        rules = [
            rule
            for policy in policies
            if selects(policy["spec"]["podSelector"], labels)
            for rule in policy["spec"].get("egress", [])
        ]
        if not any(port.get("port") == 53 for rule in rules for port in rule.get("ports", [])):
            yield f"{label(item)} cannot ask DNS"


def only_some_reach_the_internet(objects: list[Object]) -> Iterator[str]:
    """Stripe from payments, the draw's beacon from the waiting room."""
    for item in objects:
        if item["kind"] != "NetworkPolicy":
            continue
        role = item["spec"]["podSelector"]["matchLabels"].get("app.kubernetes.io/component")
        for rule in item["spec"].get("egress", []):
            blocks = [peer["ipBlock"]["cidr"] for peer in rule.get("to", []) if "ipBlock" in peer]
            if "0.0.0.0/0" in blocks and role not in ("payments", "waiting-room"):
                yield label(item)
            if "0.0.0.0/0" in blocks and [port["port"] for port in rule["ports"]] != [443]:
                yield f"{label(item)} allows more than HTTPS"


POLICIES = [
    backends_exist,
    the_test_asks_every_service,
    operators_paths_stay_inside,
    services_stay_inside,
    closed_networks_are_closed,
    only_some_reach_the_internet,
]
