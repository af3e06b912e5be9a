"""Makes the burn-rate rules of helm/slo.yaml: helm/holdfast/rules/slo.yaml.

What it is for: one place that says what is promised; recording rules and alerts follow from it.
Relies on: the multi-window, multi-burn-rate scheme of Google's SRE workbook, chapter 5.
Never does: read a metric. Whether the names exist is seen by names.py and live.py.

`slo.py` fails when the rules differ from what it would make; `slo.py --write` renews them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import yaml

from settings import ROOT

SOURCE = ROOT / "helm/slo.yaml"
RULES = ROOT / "helm/holdfast/rules/slo.yaml"
WINDOWS = ["1m", "5m", "30m", "1h", "2h", "6h", "1d", "3d"]


@dataclass(frozen=True)
class Burn:
    """An alert fires when both windows burn the budget at `factor` times the allowed rate."""

    severity: str
    short: str
    long: str
    factor: float
    spent: str
    sale_only: bool = False


BURNS = [
    # A sale lasts minutes: what goes wrong in it cannot wait for an hour to be full.
    Burn("page", "1m", "5m", 36, "a sale is going on, and it burns 36 times too fast", True),
    Burn("page", "5m", "1h", 14.4, "2 % of the month's budget went in an hour"),
    Burn("page", "30m", "6h", 6, "5 % of the month's budget went in six hours"),
    Burn("ticket", "2h", "1d", 3, "10 % of the month's budget went in a day"),
    Burn("ticket", "6h", "3d", 1, "10 % of the month's budget went in three days"),
]


def rules(source: dict[str, Any]) -> dict[str, Any]:
    """A rule file: per objective one group that records and one that alerts."""
    groups: list[dict[str, Any]] = []
    for objective in source["objectives"]:
        name = objective["name"]
        groups.append({"name": f"slo_{name}_ratios", "rules": list(recordings(objective))})
        groups.append({"name": f"slo_{name}_alerts", "rules": list(alerts(objective))})
    return {"groups": groups}


def recordings(objective: dict[str, Any]) -> Any:
    """The share of bad events over each window, and for events also their rate."""
    labels = {"slo": objective["name"]}
    if objective["kind"] == "time":
        bad = f"holdfast:slo_{objective['name']}_bad:bool"
        yield {"record": bad, "expr": objective["bad"]}
    for window in WINDOWS:
        if objective["kind"] == "time":
            expr = f"avg_over_time({bad}[{window}])"
        else:
            errors, total = _rates(objective, window)
            # No errors have no series.
            expr = f"({errors} or vector(0)) / ({total} > 0)"
        yield {"record": f"holdfast:slo_bad:ratio_rate{window}", "labels": labels, "expr": expr}
    if objective["kind"] == "events":
        for window in ["5m", "1h"]:
            total = _rates(objective, window)[1]
            yield {"record": f"holdfast:slo_events:rate{window}", "labels": labels, "expr": total}


def _rates(objective: dict[str, Any], window: str) -> tuple[str, str]:
    """Bad events and all events a second."""
    if "histogram" in objective:
        name, selector = objective["histogram"], objective["selector"]
        bound = objective["slower_than"]
        total = f"sum(rate({name}_count{_braces(selector)}[{window}]))"
        in_time = _braces(selector, f'le="{bound}"')
        quick = f"sum(rate({name}_bucket{in_time}[{window}]))"
        return f"({total} - {quick})", total
    errors, total = objective["errors"], objective["total"]
    return f"sum(rate({errors}[{window}]))", f"sum(rate({total}[{window}]))"


def _braces(*conditions: str) -> str:
    """Conditions on labels; nothing where there are none."""
    stated = ",".join(filter(None, conditions))
    return f"{{{stated}}}" if stated else ""


def alerts(objective: dict[str, Any]) -> Any:
    """One alert name an objective; severity and window tell how urgent it is."""
    budget = (100 - objective["objective"]) / 100
    labels = f'{{slo="{objective["name"]}"}}'
    for burn in BURNS:
        if burn.sale_only and objective["kind"] != "events":
            continue
        # Rounded: 0.0005 times 14.4 is not what a computer makes of it.
        bound = f"{round(burn.factor * budget, 8):g}"
        parts = [
            f"holdfast:slo_bad:ratio_rate{window}{labels} > {bound}"
            for window in (burn.short, burn.long)
        ]
        if objective["kind"] == "events":
            bounded, window = ("minimum_per_second", "1h")
            if burn.sale_only:
                bounded, window = ("sale_per_second", "5m")
            parts.append(f"holdfast:slo_events:rate{window}{labels} > {objective[bounded]}")
        yield {
            "alert": objective["alert"],
            "expr": "\nand\n".join(parts),
            "labels": {
                "severity": burn.severity,
                "slo": objective["name"],
                "window": burn.long,
            },
            "annotations": {
                "summary": f"{objective['title']}: {burn.spent}",
                "description": f"{objective['promise']} Of late: {{{{ $value | humanizePercentage }}}} bad.",
                "runbook": f"docs/runbooks/{objective['alert']}.md",
            },
        }


def render(source: dict[str, Any]) -> str:
    dumper = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    dumper.add_representer(
        str,
        lambda dumper, text: dumper.represent_scalar(
            "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
        ),
    )
    head = "# Generated from helm/slo.yaml by helm/check/telemetry/slo.py --write.\n"
    body = yaml.dump(rules(source), Dumper=dumper, sort_keys=False, width=1000)
    return head + body


def main() -> int:
    text = render(yaml.safe_load(SOURCE.read_text()))
    if "--write" in sys.argv[1:]:
        RULES.write_text(text)
    if not RULES.exists() or RULES.read_text() != text:
        print("slo: helm/holdfast/rules/slo.yaml is not what helm/slo.yaml makes: slo.py --write")
        return 1
    print("slo: the rules follow from helm/slo.yaml")
    return 0


if __name__ == "__main__":
    sys.exit(main())
