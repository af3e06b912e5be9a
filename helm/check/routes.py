"""Every route of the program, as its routers have it, is led to the role that serves it, and to no
other; whatever the order in which a controller tries the rules.

Reads the routers' source: a new route without a rule in _routes.tpl is a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from profiles import Object, Profile
from report import Report
from repository import ROOT

# Which router's routes are led to which role. Pages, documents and files are the same everywhere.
ROUTERS = {
    "engine/src/router.rs": "engine",
    "engine/src/openapi.rs": "engine",
    "web/src/router.rs": "engine",
    "waiting-room/src/router.rs": "waiting-room",
    "seatmap-ws/src/router.rs": "seatmap-ws",
    "payments/src/router.rs": "payments",
}
ROUTE = re.compile(r'\.route\(\s*"([^"]+)"')
# Told by every role; the engine's is as good as any.
EVERYWHERE = {"/asyncapi.json": "engine"}
# On the same port, and nobody's business outside.
INSIDE_ONLY = ["/metrics", "/livez", "/readyz", "/v1/audit", "/metrics/", "//metrics"]
ROUTES_MIN = 40


def known_routes() -> dict[str, str]:
    """Sample path to role."""
    routes: dict[str, str] = {}
    for file, role in ROUTERS.items():
        for pattern in ROUTE.findall((ROOT / file).read_text()):
            path = re.sub(r"\{\*\w+\}", "a/b-1.js", pattern)
            path = re.sub(r"\{\w+\}", "x_01.svg", path)
            routes[path] = EVERYWHERE.get(path, role)
    return routes


def destinations(item: Object, path: str) -> set[str]:
    """Services to which an Ingress or an HTTPRoute may lead the path, in any order of its rules."""
    if item["kind"] == "Ingress":
        return {
            entry["backend"]["service"]["name"]
            for rule in item["spec"]["rules"]
            for entry in rule["http"]["paths"]
            if re.match(entry["path"].removeprefix("/~"), path)
        }
    if item["kind"] == "HTTPRoute":
        return {
            backend["name"]
            for rule in item["spec"]["rules"]
            for match in rule["matches"]
            if matches(match["path"], path)
            for backend in rule["backendRefs"]
        }
    return set()


def matches(match: Object, path: str) -> bool:
    value = match["value"]
    if match["type"] == "Exact":
        return path == value
    if match["type"] == "PathPrefix":
        return path == value or path.startswith(value.rstrip("/") + "/")
    # Some controllers look for the expression anywhere in the path.
    return re.search(value, path) is not None


def check(profiles: list[Profile], report: Report) -> None:
    routes = known_routes()
    if len(routes) < ROUTES_MIN:
        report.fail("routes", f"only {len(routes)} routes found in the routers' source")
    leading = 0
    for profile in profiles:
        for item in profile.objects:
            if item["kind"] in ("Ingress", "HTTPRoute"):
                leading += 1
                for finding in wrong(item, routes):
                    report.fail("routes", f"{profile.name}: {item['kind']}: {finding}")
    if not leading:
        report.fail("routes", "no profile has an Ingress or an HTTPRoute")
    report.count(len(routes), f"routes through {leading} route objects")


def wrong(item: Object, routes: dict[str, str]) -> Iterator[str]:
    name = item["metadata"]["name"]
    for path, role in routes.items():
        found = destinations(item, path)
        if found != {f"{name}-{role}"}:
            yield f"{path} is led to {sorted(found) or 'nobody'}, not to {role}"
