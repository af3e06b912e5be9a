"""What scalers and canaries ask exists: metrics in the program's source, tables in the ledger's schema.

SQL runs on a database made by the ledger's own migrations; PromQL is parsed by `promtool` where it is
on the PATH. Whether a query moves the right way under load is for a running stack to show.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from profiles import Object, Profile
from report import Report
from repository import ROOT

METRIC = re.compile(r"\b([a-z][a-z0-9_]*_[a-z0-9_]+)\s*\{")
SUFFIX = re.compile(r"_(sum|count|bucket)$")
SOURCES = (
    "domain",
    "platform",
    "ledger",
    "lua",
    "inventory",
    "engine",
    "waiting-room",
    "seatmap-ws",
    "payments",
)
QUERIES_MIN = 6


def check(profiles: list[Profile], report: Report) -> None:
    asked = {query: of for profile in profiles for item in profile.objects for query, of in queries(item)}
    if len(asked) < QUERIES_MIN:
        report.fail("queries", f"{len(asked)} of at least {QUERIES_MIN}")
    source = "".join(file.read_text() for crate in SOURCES for file in (ROOT / crate / "src").rglob("*.rs"))
    for query, of in asked.items():
        found = metrics(query)
        if of == "postgresql":
            check_sql(query, report)
        elif not found:
            report.fail("queries", f"no metric in {query}")
        for metric in found if of == "prometheus" else []:
            if f'"{metric}"' not in source:
                report.fail("queries", f"the program has no metric {metric}")
    check_promql([query for query, of in asked.items() if of == "prometheus"], report)
    report.count(len(asked), "queries")


def queries(item: Object) -> Iterator[tuple[str, str]]:
    if item["kind"] == "ScaledObject":
        for trigger in item["spec"]["triggers"]:
            if "query" in trigger["metadata"]:
                yield trigger["metadata"]["query"], trigger["type"]
    elif item["kind"] == "AnalysisTemplate":
        for metric in item["spec"]["metrics"]:
            # Argo puts the canary's hash in.
            yield re.sub(r"{{.*?}}", "hash", metric["provider"]["prometheus"]["query"]), "prometheus"


def metrics(query: str) -> set[str]:
    return {SUFFIX.sub("", name) for name in METRIC.findall(query)}


def check_sql(query: str, report: Report) -> None:
    with sqlite3.connect(":memory:") as ledger:
        for file in sorted((ROOT / "ledger" / "migrations").glob("*.sql")):
            ledger.executescript(file.read_text())
        try:
            rows = ledger.execute(query).fetchall()
        except sqlite3.Error as error:
            report.fail("queries", f"{query}: {error}")
            return
    if len(rows) != 1 or len(rows[0]) != 1 or not isinstance(rows[0][0], (int, float)):
        report.fail("queries", f"{query} is not one number: {rows}")


def check_promql(queries: list[str], report: Report) -> None:
    promtool = shutil.which("promtool")
    if not promtool:
        return
    rules = [{"record": f"query:{index}", "expr": query} for index, query in enumerate(queries)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "queries.yaml"
        file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
        done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, check=False)
    if done.returncode:
        report.fail("queries", done.stderr.strip()[-400:])
