"""The table of values in the chart's README, made of the comments in values.yaml."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from profiles import parse
from report import Report
from repository import CHART, ROLES

BEGIN = "<!-- values: made by `make chart`; do not edit -->"
END = "<!-- end of values -->"
KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z]+):")


@dataclass
class Comment:
    path: tuple[str, ...]
    text: str


def comments(text: str) -> list[Comment]:
    """The comment above each key; keys inside lists have none of their own."""
    found: list[Comment] = []
    path: list[tuple[int, str]] = []
    above: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            above.append(stripped.removeprefix("#").strip())
            continue
        match = KEY.match(line)
        if match:
            indent = len(match["indent"])
            path = [(depth, key) for depth, key in path if depth < indent] + [(indent, match["key"])]
            found.append(Comment(tuple(key for _, key in path), " ".join(above)))
        above = []
    return found


def with_table(text: str, report: Report) -> str:
    """The README with the table as it should be."""
    source = (CHART / "values.yaml").read_text()
    values = parse(source)[0]
    said = {comment.path: comment.text for comment in comments(source)}
    rows = ["| Value | Default | Meaning |", "|---|---|---|"]
    for path, value in leaves(values):
        if path[0] in ROLES:
            if not said.get(path) and ("defaults", *path[1:]) not in said:
                report.fail("readme", f"{'.'.join(path)} is described nowhere")
            continue
        meaning = said.get(path)
        if not meaning:
            report.fail("readme", f"{'.'.join(path)} has no comment")
            continue
        rows.append(f"| `{'.'.join(path)}` | {shown(value)} | {escaped(meaning)} |")
    rows += ["", "What a role says otherwise:", "", "| Value | Default |", "|---|---|"]
    for path, value in leaves({role: values[role] for role in ROLES}):
        rows.append(f"| `{'.'.join(path)}` | {shown(value)} |")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n" + "\n".join(rows) + f"\n\n{END}{after}"


def leaves(values: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Down to what has a comment of its own: resources and the like are one value."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for key, value in values.items():
        if isinstance(value, dict) and value and key not in ("resources", "labels"):
            found += leaves(value, (*path, key))
        else:
            found.append(((*path, key), value))
    return found


def shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"`{escaped(text)}`" if len(text) <= 60 else "see values.yaml"


def escaped(text: str) -> str:
    return text.replace("|", "\\|")
