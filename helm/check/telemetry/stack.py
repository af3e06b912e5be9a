"""A running demo and a Prometheus that reads it, on free ports of 127.0.0.1.

What it is for: the live checks and the pictures of the dashboards.
Relies on: the release binary, and `prometheus` of Debian (2.42 or newer).
Never does: end a process that it did not start.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from names import RULES
from prometheus import Prometheus

STARTS_WITHIN_SECONDS = 30.0
ENDS_WITHIN_SECONDS = 15.0
LAST_EVENT = "club-night"
ORGANIZER_TOKEN = "organizer-of-the-pictures"


@dataclass(frozen=True)
class Stack:
    """Addresses of the demo and of the Prometheus."""

    holdfast: str
    prometheus: Prometheus


@contextlib.contextmanager
def running(binary: Path, scrape_seconds: int = 1) -> Iterator[Stack]:
    """Both, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="holdfast-telemetry-") as folder:
        place = Path(folder)
        demo_port, prometheus_port = _free_port(), _free_port()
        demo = {
            **os.environ,
            "HOLDFAST_LISTEN": f"127.0.0.1:{demo_port}",
            "HOLDFAST_DATA_DIR": str(place / "demo"),
            "HOLDFAST_ORGANIZER_TOKEN": ORGANIZER_TOKEN,
            # All buyers come from one address here.
            "HOLDFAST_RATE_LIMIT_PER_MINUTE": "0",
        }
        config = place / "prometheus.yaml"
        config.write_text(_config(demo_port, scrape_seconds))
        watching = [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={place / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{prometheus_port}",
            "--log.level=error",
        ]
        with process([str(binary), "demo"], place / "demo.log", demo):
            # The last thing that the demo does at its start is to publish this one.
            wait_for(f"http://127.0.0.1:{demo_port}/v1/events/{LAST_EVENT}", place / "demo.log")
            with process(watching, place / "prometheus.log", None):
                url = f"http://127.0.0.1:{prometheus_port}"
                wait_for(f"{url}/-/ready", place / "prometheus.log")
                prometheus = Prometheus(url, rate_interval=f"{scrape_seconds * 15}s")
                yield Stack(f"http://127.0.0.1:{demo_port}", prometheus)


def _config(port: int, seconds: int) -> str:
    return (
        f"global: {{ scrape_interval: {seconds}s, evaluation_interval: {seconds}s }}\n"
        f"rule_files: [{RULES}/*.yaml]\n"
        "scrape_configs:\n"
        "  - job_name: holdfast\n"
        f'    static_configs: [{{ targets: ["127.0.0.1:{port}"] }}]\n'
    )


@contextlib.contextmanager
def process(command: list[str], log: Path, environment: dict[str, str] | None) -> Iterator[None]:
    """Runs `command` until the block ends; SIGKILL only for one that does not end by itself."""
    with log.open("w") as written:
        started = subprocess.Popen(command, stdout=written, stderr=written, env=environment)
    try:
        yield
    finally:
        started.terminate()
        try:
            started.wait(ENDS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, log: Path) -> None:
    """Until `url` answers with success; the end of `log` is told when it does not."""
    until = time.monotonic() + STARTS_WITHIN_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError as error:
            if time.monotonic() > until:
                raise TimeoutError(f"{url} does not answer; log: {log.read_text()[-2000:]}") from error
            time.sleep(0.2)
