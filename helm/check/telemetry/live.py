"""Every panel asked, on a running demo read by a real Prometheus; every metric's words checked.

What it is for: a dashboard is true only of the metrics that the program exposes today.
Relies on: stack.py, sale.py, promtool. `--prometheus URL` asks one that runs already.
Never does: judge a value. Zero is data; no series is not.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import catalogue
import names
import sale
from prometheus import Prometheus
from settings import BINARY
from stack import running

# The rules and the windows of the queries need some scrapes behind them.
DATA_WITHIN_SECONDS = 60.0
LOOKED_AT_SECONDS = 30.0
PAUSE_BETWEEN_SALES_SECONDS = 2.0
_LABEL_VALUES = re.compile(r"label_values\((?P<metric>.*),\s*(?P<label>\w+)\)")


def without_data(prometheus: Prometheus) -> dict[str, str]:
    """Panels and variables whose query finds nothing, with the reason."""
    found: dict[str, str] = {}
    for path, board in names.dashboards():
        for panel in board["panels"]:
            for target in panel["targets"]:
                where = f"{path.name}, {panel['title']}: {target['expr']}"
                try:
                    if not prometheus.range(target["expr"], LOOKED_AT_SECONDS, 2):
                        found[where] = "no data"
                except ValueError as refusal:
                    found[where] = str(refusal)
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                asked = _LABEL_VALUES.fullmatch(variable["definition"])
                if not asked or not prometheus.label_values(asked["metric"], asked["label"]):
                    found[f"{path.name}, variable {variable['name']}"] = "no values"
    return found


def wait_for_data(prometheus: Prometheus) -> dict[str, str]:
    """What has no data at the end of the time; empty as soon as everything has."""
    until = time.monotonic() + DATA_WITHIN_SECONDS
    while (missing := without_data(prometheus)) and time.monotonic() < until:
        time.sleep(2)
    return missing


def words(holdfast: str) -> Iterator[str]:
    """What promtool finds wrong in the names and help texts, and where the catalogue differs."""
    with urllib.request.urlopen(f"{holdfast}/metrics", timeout=10) as answer:
        exposed = answer.read()
    command = ["promtool", "check", "metrics"]
    run = subprocess.run(command, input=exposed, capture_output=True, check=False)
    yield from (run.stdout + run.stderr).decode().splitlines()
    yield from catalogue.differences(exposed.decode())


def keep_selling(holdfast: str, ended: threading.Event) -> None:
    """One small sale after the other. A busy machine may spoil one; what counts is the data."""
    while not ended.is_set():
        try:
            sale.run(holdfast)
        except Exception as error:  # noqa: BLE001 (told, whatever it is)
            print(f"live: a sale was spoilt: {type(error).__name__} {error}", file=sys.stderr)
        ended.wait(PAUSE_BETWEEN_SALES_SECONDS)


def check(binary: Path) -> list[str]:
    """Everything that is wrong, on a stack of our own."""
    faults: list[str] = []
    ended = threading.Event()
    with running(binary) as stack:
        seller = threading.Thread(target=keep_selling, args=(stack.holdfast, ended))
        seller.start()
        try:
            missing = wait_for_data(stack.prometheus)
        finally:
            ended.set()
            seller.join()
        faults += [f"{where}: {reason}" for where, reason in missing.items()]
        faults += words(stack.holdfast)
    return faults


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--binary", type=Path, default=BINARY)
    arguments.add_argument("--prometheus", help="ask this one, and start nothing")
    chosen = arguments.parse_args()
    faults = list(names.unknown())
    if chosen.prometheus:
        missing = without_data(Prometheus(chosen.prometheus.rstrip("/")))
        faults += [f"{where}: {reason}" for where, reason in missing.items()]
    else:
        faults += check(chosen.binary)
    for fault in faults:
        print(f"live: {fault}")
    if not faults:
        count = sum(len(panel["targets"]) for _, board in names.dashboards() for panel in board["panels"])
        print(f"live: all {count} queries of the dashboards have data, and promtool finds nothing")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
