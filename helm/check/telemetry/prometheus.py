"""Asks a Prometheus, and fills in what Grafana would fill into a query.

Relies on: its HTTP API, version 1.
"""

from __future__ import annotations

import json
import math
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Series:
    """One line: its labels, and (unix seconds, value) in order; values are finite."""

    labels: dict[str, str]
    points: list[tuple[float, float]]

    def named(self, legend: str) -> str:
        """The legend as Grafana writes it."""
        return re.sub(r"{{\s*(\w+)\s*}}", lambda found: self.labels.get(found[1], ""), legend)


@dataclass(frozen=True)
class Prometheus:
    """`url` without a trailing slash; `rate_interval` stands for Grafana's variable."""

    url: str
    rate_interval: str = "1m"

    def filled(self, query: str) -> str:
        return query.replace("$__rate_interval", self.rate_interval).replace("$event", ".*")

    def range(self, query: str, seconds: float, step: float) -> list[Series]:
        """The query over the last `seconds`; series without a finite value are left out."""
        end = time.time()
        answer = self._get(
            "query_range", query=self.filled(query), start=end - seconds, end=end, step=step
        )
        found = (
            Series(
                series["metric"],
                [(at, float(value)) for at, value in series["values"] if math.isfinite(float(value))],
            )
            for series in answer["result"]
        )
        return [series for series in found if series.points]

    def label_values(self, metric: str, label: str) -> list[str]:
        return self._get(f"label/{label}/values", **{"match[]": metric})

    def healthy_targets(self) -> int:
        targets = self._get("targets", state="active")["activeTargets"]
        return sum(target["health"] == "up" for target in targets)

    def _get(self, path: str, **parameters: object) -> Any:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refusal:
            raise ValueError(json.load(refusal).get("error", "refused")) from refusal
