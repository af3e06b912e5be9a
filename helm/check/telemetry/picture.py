"""Draws a dashboard as one page with inline SVG: the panels, their legends and units.

What it is for: pictures in the documentation, and a look at a dashboard where there is no Grafana.
Relies on: a Prometheus, the dashboards' JSON, charts.py for the panels.
Never does: load anything from elsewhere; the page is one file.

`picture.py --out FOLDER` starts a demo with a small sale and draws all dashboards; with
`--load target/debug/load` it is the crowd of `make load` that buys there. `--prometheus URL` draws
from one that runs already. `--screenshots` also makes PNG files with a headless chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import charts
import live
import names
import sale
from prometheus import Prometheus
from settings import BINARY
from stack import ORGANIZER_TOKEN, Stack, process, running

COLUMNS = 24
UNIT_HEIGHT = 34
PAGE_WIDTH = 1440
STYLE = Path(__file__).with_name("picture.css")
# Of a small sale on a stack of our own.
SALE_SECONDS = 75.0
# The pictures are drawn while people still come.
LOAD_LONGER_SECONDS = 60


def page(board: dict[str, Any], prometheus: Prometheus, seconds: float) -> str:
    """The dashboard over the last `seconds`, as HTML."""
    panels = "".join(_panel(panel, prometheus, seconds) for panel in board["panels"])
    title = escape(board["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE.read_text()}</style>'
        f"<header><h1>{title}</h1><p>{escape(board['description'])}</p></header>"
        f'<main style="grid-template-columns:repeat({COLUMNS},1fr);grid-auto-rows:{UNIT_HEIGHT}px">'
        f"{panels}</main></html>"
    )


def height(board: dict[str, Any]) -> int:
    """Pixels that the page takes at its full width."""
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    return rows * (UNIT_HEIGHT + 10) + 150


def _panel(panel: dict[str, Any], prometheus: Prometheus, seconds: float) -> str:
    place = panel["gridPos"]
    style = (
        f"grid-column:{place['x'] + 1}/span {place['w']};grid-row:{place['y'] + 1}/span {place['h']}"
    )
    lines = [
        charts.Line(series.named(target["legendFormat"]), series.points)
        for target in panel["targets"]
        for series in prometheus.range(target["expr"], seconds, max(1, seconds / 120))
    ]
    draw = charts.stat if panel["type"] == "stat" else charts.time_series
    title, note = escape(panel["title"]), escape(panel["description"])
    width = PAGE_WIDTH * place["w"] / COLUMNS - 36
    drawn = draw(panel, lines, width, place["h"] * (UNIT_HEIGHT + 10) - 10)
    return f'<section class="{panel["type"]}" style="{style}" title="{note}"><h2>{title}</h2>{drawn}</section>'


def write_all(prometheus: Prometheus, seconds: float, folder: Path) -> list[Path]:
    """One page a dashboard."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for path, board in names.dashboards():
        out = folder / f"{path.stem}.html"
        out.write_text(page(board, prometheus, seconds))
        written.append(out)
    return written


def screenshot(written: Path) -> None:
    """A PNG beside the page."""
    board = json.loads((names.DASHBOARDS / f"{written.stem}.json").read_text())
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--hide-scrollbars",
        f"--window-size={PAGE_WIDTH},{height(board)}",
        f"--screenshot={written.with_suffix('.png')}",
        written.resolve().as_uri(),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def _draw_own(binary: Path, load: Path | None, folder: Path) -> list[Path]:
    with running(binary) as stack, _selling(stack, load, folder):
        time.sleep(SALE_SECONDS)
        return write_all(stack.prometheus, SALE_SECONDS - 10, folder)


@contextlib.contextmanager
def _selling(stack: Stack, load: Path | None, folder: Path) -> Iterator[None]:
    """Until the block ends: the crowd of the load test, or a small one of our own."""
    if load:
        command = [str(load), "--host", stack.holdfast, "--organizer-token", ORGANIZER_TOKEN]
        seconds = str(int(SALE_SECONDS) + LOAD_LONGER_SECONDS)
        command += ["--run-time", seconds, "--output", str(folder / "load")]
        folder.mkdir(parents=True, exist_ok=True)
        with process(command, folder / "load.log", None):
            yield
        return
    faults: list[str] = []
    ended = threading.Event()
    with sale.crowd(stack.holdfast, faults):
        seller = threading.Thread(target=live.keep_selling, args=(stack.holdfast, ended))
        seller.start()
        yield
        ended.set()
        seller.join()
    for fault in faults:
        print(f"picture: {fault}", file=sys.stderr)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--out", type=Path, default=Path("target/dashboards"))
    arguments.add_argument("--binary", type=Path, default=BINARY)
    arguments.add_argument("--load", type=Path, help="the load test, whose crowd buys meanwhile")
    arguments.add_argument("--prometheus", help="draw from this one, and start nothing")
    arguments.add_argument("--rate-interval", default="1m")
    arguments.add_argument("--seconds", type=float, default=1800, help="how far back, with --prometheus")
    arguments.add_argument("--screenshots", action="store_true")
    chosen = arguments.parse_args()
    if chosen.prometheus:
        prometheus = Prometheus(chosen.prometheus.rstrip("/"), chosen.rate_interval)
        written = write_all(prometheus, chosen.seconds, chosen.out)
    else:
        written = _draw_own(chosen.binary, chosen.load, chosen.out)
    for path in written:
        if chosen.screenshots:
            screenshot(path)
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
