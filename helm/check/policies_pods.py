"""Policies over pods: Pod Security's level "restricted" and more, probes, resources, environment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from profiles import Object, containers, is_serving, label, pods

PUBLIC_KEYS = {"STRIPE_PUBLISHABLE_KEY"}
LOOKS_SECRET = re.compile(r"(SECRET|TOKEN|PASSWORD|_KEY$|REDIS_URL|DATABASE_URL)")


def pods_are_not_root(objects: list[Object]) -> Iterator[str]:
    for item, template in pods(objects):
        security = template["spec"].get("securityContext", {})
        if security.get("runAsNonRoot") is not True or not security.get("runAsUser"):
            yield label(item)


def system_calls_are_filtered(objects: list[Object]) -> Iterator[str]:
    for item, template in pods(objects):
        profile = template["spec"].get("securityContext", {}).get("seccompProfile", {})
        if profile.get("type") != "RuntimeDefault":
            yield label(item)


def roots_are_read_only(objects: list[Object]) -> Iterator[str]:
    for item, container in containers(objects):
        if container.get("securityContext", {}).get("readOnlyRootFilesystem") is not True:
            yield label(item)


def privileges_cannot_grow(objects: list[Object]) -> Iterator[str]:
    for item, container in containers(objects):
        security = container.get("securityContext", {})
        if security.get("allowPrivilegeEscalation") is not False or security.get("privileged"):
            yield label(item)


def capabilities_are_dropped(objects: list[Object]) -> Iterator[str]:
    for item, container in containers(objects):
        capabilities = container.get("securityContext", {}).get("capabilities", {})
        if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
            yield label(item)


def nothing_of_the_host_is_shared(objects: list[Object]) -> Iterator[str]:
    for item, template in pods(objects):
        spec = template["spec"]
        if any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
            yield label(item)
        if any("hostPath" in volume for volume in spec.get("volumes", [])):
            yield f"{label(item)} mounts a path of the host"
    for item, container in containers(objects):
        if any("hostPort" in port for port in container.get("ports", [])):
            yield f"{label(item)} takes a port of the host"


def no_token_is_mounted(objects: list[Object]) -> Iterator[str]:
    for item, template in pods(objects):
        if template["spec"].get("automountServiceAccountToken") is not False:
            yield label(item)
    for item in objects:
        if item["kind"] == "ServiceAccount" and item.get("automountServiceAccountToken") is not False:
            yield label(item)


def services_are_not_in_the_environment(objects: list[Object]) -> Iterator[str]:
    for item, template in pods(objects):
        if template["spec"].get("enableServiceLinks") is not False:
            yield label(item)


def images_are_fixed(objects: list[Object]) -> Iterator[str]:
    for item, container in containers(objects):
        name = container["image"].rsplit("/", 1)[-1]
        if "@sha256:" not in name and (":" not in name or name.endswith(":latest")):
            yield f"{label(item)} runs {container['image']}"


def resources_are_stated(objects: list[Object]) -> Iterator[str]:
    for item, container in containers(objects):
        resources = container.get("resources", {})
        if not {"cpu", "memory"} <= resources.get("requests", {}).keys():
            yield f"{label(item)} requests no cpu or memory"
        if "memory" not in resources.get("limits", {}):
            yield f"{label(item)} may eat all memory"


def probes_ask_different_things(objects: list[Object]) -> Iterator[str]:
    """Readiness looks at the stores, liveness must not: a slow Redis would restart every pod."""
    for item, container in containers(objects):
        if not is_serving(item):
            continue
        asked = {
            name: container.get(f"{name}Probe", {}).get("httpGet", {}).get("path")
            for name in ("startup", "readiness", "liveness")
        }
        if asked != {"startup": "/livez", "readiness": "/readyz", "liveness": "/livez"}:
            yield f"{label(item)} asks {asked}"


def probes_find_their_port(objects: list[Object]) -> Iterator[str]:
    for item, container in containers(objects):
        names = {port["name"] for port in container.get("ports", [])}
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            port = container.get(name, {}).get("httpGet", {}).get("port")
            if port is not None and port not in names:
                yield f"{label(item)}: {name} asks port {port}"


def restarts_come_after_readiness(objects: list[Object]) -> Iterator[str]:
    def patience(probe: Object) -> int:
        return probe["periodSeconds"] * probe["failureThreshold"]

    for item, container in containers(objects):
        if {"readinessProbe", "livenessProbe"} <= container.keys():
            if patience(container["livenessProbe"]) <= patience(container["readinessProbe"]):
                yield label(item)


def the_listener_is_the_port(objects: list[Object]) -> Iterator[str]:
    """HOLDFAST_LISTEN and containerPort say the same, and not the loopback, which no probe reaches."""
    for item, container in containers(objects):
        listen = next((v.get("value", "") for v in container.get("env", []) if v["name"] == "HOLDFAST_LISTEN"), None)
        if not is_serving(item):
            continue
        address, _, port = (listen or "").rpartition(":")
        ports = {str(port["containerPort"]) for port in container["ports"]}
        if port not in ports or address not in ("0.0.0.0", "[::]"):
            yield f"{label(item)} listens on {listen}"


def variables_come_once(objects: list[Object]) -> Iterator[str]:
    for item, container in containers(objects):
        names = [variable["name"] for variable in container.get("env", [])]
        for name in {name for name in names if names.count(name) > 1}:
            yield f"{label(item)} sets {name} twice"


def secrets_come_from_secrets(objects: list[Object]) -> Iterator[str]:
    for item, container in containers(objects):
        for variable in container.get("env", []):
            name = variable["name"]
            if LOOKS_SECRET.search(name) and name not in PUBLIC_KEYS and variable.get("value"):
                yield f"{label(item)} carries the value of {name}"
    for item in objects:
        if item["kind"] == "Secret":
            yield f"{label(item)}: the chart makes no Secrets"


def only_payments_has_stripe_secrets(objects: list[Object]) -> Iterator[str]:
    for item, container in containers(objects):
        names = {variable["name"] for variable in container.get("env", [])}
        if names & {"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"} and container["args"][-1] != "payments":
            yield label(item)


def writable_places_are_bounded(objects: list[Object]) -> Iterator[str]:
    for item, template in pods(objects):
        volumes = {volume["name"]: volume for volume in template["spec"].get("volumes", [])}
        for volume in volumes.values():
            if "emptyDir" in volume and not (volume["emptyDir"] or {}).get("sizeLimit"):
                yield f"{label(item)}: {volume['name']} has no size limit"
        for container in template["spec"]["containers"]:
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    yield f"{label(item)} mounts {mount['name']}, which is no volume"
            if container.get("args", [None])[0] == "probe":
                continue  # It asks, and keeps nothing.
            data = next((v["value"] for v in container.get("env", []) if v["name"] == "HOLDFAST_DATA_DIR"), None)
            if data not in {mount["mountPath"] for mount in container.get("volumeMounts", [])}:
                yield f"{label(item)}: HOLDFAST_DATA_DIR is {data}, which cannot be written"


POLICIES = [
    pods_are_not_root,
    system_calls_are_filtered,
    roots_are_read_only,
    privileges_cannot_grow,
    capabilities_are_dropped,
    nothing_of_the_host_is_shared,
    no_token_is_mounted,
    services_are_not_in_the_environment,
    images_are_fixed,
    resources_are_stated,
    probes_ask_different_things,
    probes_find_their_port,
    restarts_come_after_readiness,
    the_listener_is_the_port,
    variables_come_once,
    secrets_come_from_secrets,
    only_payments_has_stripe_secrets,
    writable_places_are_bounded,
]
