"""A slip in any key of the values is refused: a hundred, drawn from a printed seed, plus the schema's
own closedness: outside a named list no object takes keys that nobody named.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from helm import Chart, HelmError
from profiles import Profile, parse
from report import Report
from repository import CHART

TYPOS = 100
SEED = 20261121
# Objects whose keys are Kubernetes' or the operator's own.
OPEN = {"open", "texts", "amounts"}


def check(chart: Chart, profiles: list[Profile], report: Report) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    for place in open_objects(schema):
        report.fail("typos", f"values.schema.json takes any key at {place}")
    values = parse((CHART / "values.yaml").read_text())[0]
    good = next(profile for profile in profiles if profile.name == "minimal").values
    keys = sorted(closed_keys(values, schema, schema))
    if not keys:
        report.fail("typos", "no object of values.yaml is closed")
        return
    chance = random.Random(SEED)
    seen: set[tuple[str, ...]] = set()
    while len(seen) < TYPOS:
        path = chance.choice(keys)
        wrong = (*path[:-1], misspell(path[-1], chance))
        if wrong in seen or wrong in set(keys):
            continue
        seen.add(wrong)
        mistaken = with_key(good, wrong, at(values, path))
        try:
            chart.render(mistaken)
        except HelmError as error:
            if wrong[-1] not in str(error):
                report.fail("typos", f"{'.'.join(wrong)} is refused without being named: {error}")
        else:
            report.fail("typos", f"{'.'.join(wrong)} is taken (seed {SEED})")
    report.count(len(seen), f"typos refused of {len(keys)} keys")


def open_objects(schema: Any, place: str = "") -> Iterator[str]:
    """Places that take unknown keys, outside the named list."""
    if isinstance(schema, dict):
        name = place.removeprefix("/definitions/")
        if (
            schema.get("type") == "object"
            and schema.get("additionalProperties") is not False
            and name not in OPEN
        ):
            yield place or "/"
        if "properties" in schema and schema.get("type") != "object" and not place.endswith("properties"):
            yield f"{place} (no type)"
        for key, value in schema.items():
            yield from open_objects(value, f"{place}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from open_objects(value, f"{place}/{index}")


def closed_keys(values: Any, schema: Any, root: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of the keys of values.yaml whose object is closed."""
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rsplit("/", 1)[-1]]
    if not isinstance(values, dict) or schema.get("additionalProperties") is not False:
        return
    for key, value in values.items():
        yield (*path, key)
        yield from closed_keys(value, schema["properties"][key], root, (*path, key))


def misspell(key: str, chance: random.Random) -> str:
    """One slip of the fingers: a letter dropped, doubled, swapped, or of the wrong case."""
    place = chance.randrange(len(key))
    slips = [
        key[:place] + key[place + 1 :],
        key[:place] + key[place] + key[place:],
        key[:place] + key[place + 1 : place + 2] + key[place] + key[place + 2 :],
        key[:place] + key[place].swapcase() + key[place + 1 :],
        key + "s",
    ]
    return chance.choice([slip for slip in slips if slip and slip != key])


def at(values: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        values = values[key]
    return values


def with_key(values: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    values = copy.deepcopy(values)
    place = values
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value
    return values
