"""Runs the policies over every profile, and every policy over its fixtures.

A policy is a function over the objects of one render that yields findings. fixtures.yaml holds for
each a change of a good render that it must find: without the function, or with a function that finds
nothing, the check fails.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import policies_network
import policies_objects
import policies_pods
import policies_rollout
from profiles import Object, Profile, find, parse
from report import Report
from repository import CHECK

Policy = Callable[[list[Object]], Iterator[str]]
POLICIES_MIN = 25

POLICIES: dict[str, Policy] = {
    policy.__name__: policy
    for module in (policies_pods, policies_objects, policies_rollout, policies_network)
    for policy in module.POLICIES
}


def check(profiles: list[Profile], report: Report) -> None:
    if len(POLICIES) < POLICIES_MIN:
        report.fail("policies", f"{len(POLICIES)} of at least {POLICIES_MIN}")
    for profile in profiles:
        for name, policy in POLICIES.items():
            for finding in policy(profile.objects):
                report.fail("policies", f"{profile.name}: {name}: {finding}")
    fixtures = parse((CHECK / "fixtures.yaml").read_text())[0]
    for name in POLICIES.keys() ^ fixtures.keys():
        report.fail("policies", f"{name} is a policy without a fixture, or a fixture without a policy")
    by_name = {profile.name: profile for profile in profiles}
    broken = 0
    for name, changes in fixtures.items():
        for change in changes:
            broken += 1
            objects = changed(by_name[change["in"]].objects, change)
            if name in POLICIES and not any(POLICIES[name](objects)):
                report.fail("policies", f"{name} does not find its fixture: {change}")
    report.count(len(POLICIES), f"policies with {broken} failing fixtures")


def changed(objects: list[Object], change: dict[str, Any]) -> list[Object]:
    """A copy of a good render with one thing wrong.

    `at` names an object as Kind/name; `set` and `remove` a place in it, `add` is an object more, and
    `drop: true` takes the object away.
    """
    objects = copy.deepcopy(objects)
    if "add" in change:
        return [*objects, copy.deepcopy(change["add"])]
    kind, name = change["at"].split("/")
    item = find(objects, kind, name)
    if change.get("drop"):
        return [other for other in objects if other is not item]
    # A slash inside a key is written ~.
    *path, last = [key.replace("~", "/") for key in change["path"].split("/")]
    place: Any = item
    for key in path:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    key = int(last) if isinstance(place, list) else last
    if change.get("remove"):
        del place[key]
    else:
        if "to" not in change:
            raise ValueError(f"a fixture without `to`: {change}")
        if isinstance(place, list) and key == len(place):
            place.append(change["to"])
        else:
            place[key] = change["to"]
    return objects
