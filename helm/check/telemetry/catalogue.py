"""The list of metrics (metrics.yaml), compared with what is exposed and written into the docs.

Relies on: Prometheus's text format.
`catalogue.py` fails when docs/observability.md has another table; `--write` renews it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

import names
from settings import ROOT

SOURCE = Path(__file__).with_name("metrics.yaml")
PAGE = ROOT / "docs/observability.md"
BEGIN, END = "<!-- metrics: begin -->", "<!-- metrics: end -->"
# Added by the text format itself.
_OF_FORMAT = {"le", "quantile"}
_SAMPLE = re.compile(r"^([a-z0-9_]+)(?:\{(.*)\})? ")


@dataclass(frozen=True)
class Metric:
    """One row; the labels in the order in which people read them."""

    name: str
    type: str
    labels: list[str]
    help: str


def read() -> list[Metric]:
    rows = yaml.safe_load(SOURCE.read_text())
    return [Metric(name, row["type"], row["labels"], row["help"]) for name, row in rows.items()]


def differences(exposed: str) -> Iterator[str]:
    """Where the text of a `/metrics` is not what the list says. Rare metrics may be absent."""
    known = {metric.name: metric for metric in read()}
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", exposed, re.M))
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", exposed, re.M))
    for name, kind in types.items():
        if name not in known:
            yield f"{name} is exposed and not in metrics.yaml"
            continue
        if kind != known[name].type:
            yield f"{name} is a {kind}; metrics.yaml says {known[name].type}"
        if helps.get(name) != known[name].help:
            yield f"the help of {name} is {helps.get(name)!r}; metrics.yaml says {known[name].help!r}"
    for name, labels in _labels(exposed):
        base = name if name in known else re.sub(r"_(bucket|sum|count)$", "", name)
        if base in known and set(labels) - _OF_FORMAT != set(known[base].labels):
            yield f"{base} has the labels {sorted(labels)}; metrics.yaml says {known[base].labels}"


def _labels(exposed: str) -> set[tuple[str, tuple[str, ...]]]:
    samples = (_SAMPLE.match(line) for line in exposed.splitlines() if not line.startswith("#"))
    return {
        (sample[1], tuple(re.findall(r'(\w+)="', sample[2] or ""))) for sample in samples if sample
    }


def gone() -> Iterator[str]:
    """Rows that no code has any more."""
    code = names.in_code()
    for metric in read():
        if metric.name not in code:
            yield f"metrics.yaml has {metric.name}, which no code exposes"


def table() -> str:
    rows = [
        f"| `{metric.name}` | {metric.type} | {', '.join(metric.labels)} | {metric.help} |"
        for metric in read()
    ]
    return "\n".join(["| name | type | labels | |", "|---|---|---|---|", *rows])


def page(text: str) -> str:
    """The page with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    text = PAGE.read_text()
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page(text))
    found = list(gone())
    if PAGE.read_text() != page(text):
        found.append("the table of docs/observability.md is not that of metrics.yaml: --write")
    for finding in found:
        print(f"catalogue: {finding}")
    if not found:
        print(f"catalogue: {len(read())} metrics, as in docs/observability.md")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
