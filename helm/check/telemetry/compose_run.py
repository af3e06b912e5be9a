"""Runs compose.yaml's core without a container engine: its commands as processes on loopback.

What it is for: a compose file that was only read is a guess. Here its own script forms the cluster,
its own Caddyfile routes, and each role gets exactly its environment, filled from .env.example; then
buyers buy through the door.
Relies on: redis-server, PostgreSQL's programs, caddy (all Debian's), a release build, Linux, where
every address of 127.0.0.0/8 is this machine's.
Never does: show that images exist or start; networks, volumes and limits are not tried either.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

import sale
from buyer import Buyer
from settings import BINARY, ROOT
from stack import process, wait_for

# The file's network, and the loopback network that stands for it.
NETWORK, LOOPBACK = "10.89.7.", "127.89.7."
ADDRESSES = {
    "engine": LOOPBACK + "21",
    "waiting-room": LOOPBACK + "22",
    "seatmap-ws": LOOPBACK + "23",
    "payments": LOOPBACK + "24",
    "postgres": LOOPBACK + "25",
}
DOOR = LOOPBACK + "2"
ROLES = ["engine", "waiting-room", "seatmap-ws", "payments"]


def loaded() -> dict[str, Any]:
    """compose.yaml with its names filled from .env.example, and addresses of this machine."""
    filled = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if re.match(r"[A-Z_]+=", line)
    )

    def fill(found: re.Match[str]) -> str:
        name, kind, word = found.groups()
        if not filled.get(name) and kind == "?":
            raise ValueError(f".env.example leaves {name} empty: {word}")
        return filled.get(name) or word

    def fill_all(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill_all(below) for key, below in value.items()}
        if isinstance(value, list):
            return [fill_all(below) for below in value]
        if not isinstance(value, str):
            return value
        value = re.sub(r"(?<!\$)\$\{(\w+):([-?])([^}]*)\}", fill, value)
        return value.replace("$$", "$").replace(NETWORK, LOOPBACK)

    return fill_all(yaml.safe_load((ROOT / "compose.yaml").read_text()))


def placed(text: str) -> str:
    """Services by address instead of by name."""
    for name, address in ADDRESSES.items():
        text = re.sub(rf"(?<=[@ ]){name}(?=[:/])", address, text)
    return text


@contextlib.contextmanager
def redis_cluster(compose: dict[str, Any], place: Path) -> Iterator[None]:
    """Six servers, made a cluster by the file's own script."""
    with contextlib.ExitStack() as running:
        for name, service in compose["services"].items():
            if not re.fullmatch(r"redis-\d", name):
                continue
            address = service["networks"]["inside"]["ipv4_address"]
            (place / name).mkdir()
            # Loopback would take 127.0.0.1 for the sender of everything.
            own = ["--bind", address, "--bind-source-addr", address, "--cluster-announce-ip", address]
            command = [*service["command"].split(), *own, "--dir", str(place / name), "--save", ""]
            running.enter_context(process(command, place / f"{name}.log", None))
        script = place / "form-cluster.sh"
        script.write_text(compose["configs"]["form-cluster"]["content"])
        # Compose waits until each is healthy; the script's first question would fail before.
        for _ in range(100):
            if _answers_all(compose):
                break
        subprocess.run(["bash", script], check=True, capture_output=True, timeout=90)
        yield


def _answers_all(compose: dict[str, Any]) -> bool:
    health = compose["services"]["redis-1"]["healthcheck"]["test"][1:]
    return all(
        subprocess.run(
            [*health[:1], "-h", f"{LOOPBACK}{last}", *health[1:]], capture_output=True, timeout=5
        ).stdout
        == b"PONG\n"
        for last in range(11, 17)
    )


@contextlib.contextmanager
def postgres(compose: dict[str, Any], place: Path) -> Iterator[None]:
    """One server with the file's flags; as another user where this one is root."""
    programs = Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
    user = compose["services"]["postgres"]["environment"]["POSTGRES_USER"]
    data = place / "postgres"
    data.mkdir()
    become = []
    if getpass.getuser() == "root":
        shutil.chown(data, "postgres")
        place.chmod(0o755)
        become = ["runuser", "--user", "postgres", "--"]
    init = [*become, programs / "initdb", "-D", data, "-U", user, "--auth=trust", "--no-sync"]
    subprocess.run(init, check=True, capture_output=True, cwd=data)
    flags = compose["services"]["postgres"]["command"].split()[1:]
    address = ADDRESSES["postgres"]
    own = ["-D", str(data), "-c", f"listen_addresses={address}", "-k", str(data)]
    command = [*become, str(programs / "postgres"), *flags, *own]
    with process(command, place / "postgres.log", None):
        wait = [programs / "pg_isready", "--host", address, "--timeout", "20"]
        for _ in range(200):
            if subprocess.run(wait, capture_output=True).returncode == 0:
                break
        database = compose["services"]["postgres"]["environment"]["POSTGRES_DB"]
        create = [programs / "createdb", "--host", address, "--username", user, database]
        subprocess.run(create, check=True, capture_output=True)
        yield


def environment(service: dict[str, Any], name: str, data: Path) -> dict[str, str]:
    """What the container would be given; addresses and folders are this machine's."""
    given = {key: placed(str(text)) for key, text in service["environment"].items()}
    given["HOLDFAST_LISTEN"] = given["HOLDFAST_LISTEN"].replace("0.0.0.0", ADDRESSES.get(name, "127.0.0.1"))
    given["HOLDFAST_DATA_DIR"] = str(data)
    # On loopback the door comes from here, whatever it listens on.
    given["HOLDFAST_TRUSTED_PROXIES"] = "127.0.0.1"
    return given


@contextlib.contextmanager
def roles(compose: dict[str, Any], place: Path, binary: Path) -> Iterator[None]:
    """The migration, then a process for each role, until its own health check agrees."""
    migrate = compose["services"]["migrate"]
    subprocess.run(
        [binary, *migrate["command"]], check=True, env=environment(migrate, "migrate", place), timeout=60
    )
    environments: dict[str, dict[str, str]] = {}
    with contextlib.ExitStack() as running:
        for name in ROLES:
            service = compose["services"][name]
            (place / name).mkdir()
            given = environments[name] = environment(service, name, place / name)
            running.enter_context(
                process([str(binary), *service["command"]], place / f"{name}.log", given)
            )
        for name in ROLES:
            wait_for(f"http://{ADDRESSES[name]}:8080/readyz", place / f"{name}.log")
            probe = compose["services"][name]["healthcheck"]["test"][2:]
            subprocess.run([binary, *probe], check=True, env=environments[name], timeout=10)
        yield


@contextlib.contextmanager
def door(compose: dict[str, Any], place: Path) -> Iterator[str]:
    """Caddy with the file's own configuration; its address."""
    content = placed(compose["configs"]["caddy"]["content"])
    config = place / "Caddyfile"
    config.write_text(content.replace(":8080 {\n", f":8080 {{\n    bind {DOOR}\n", 1))
    homes = {**os.environ, "HOME": str(place), "XDG_DATA_HOME": str(place), "XDG_CONFIG_HOME": str(place)}
    command = ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]
    with process(command, place / "caddy.log", homes):
        base = f"http://{DOOR}:8080"
        wait_for(f"{base}/v1/events", place / "caddy.log")
        yield base


def load_events(base: str, token: str, binary: Path) -> None:
    """The two events that the small sale knows, through the door, as an organiser would."""
    plan = json.loads(
        subprocess.run(
            [binary, "venue", "generate", "--kind", "theatre", "--seats", "300", "--seed", "7"],
            check=True,
            capture_output=True,
        ).stdout
    )
    organizer = Buyer(base, {"Authorization": f"Bearer {token}"})
    sold = {"starts_at": "2099-05-01T19:00:00.000Z", "currency": "EUR"}
    theatre = {
        "slug": sale.THEATRE,
        "name": "Theatre",
        "prices": {category["name"]: 4000 for category in plan["categories"]},
        "seating_plan": plan,
        "queue": {"enabled": True, "admit_per_minute": 600},
    }
    club = {
        "slug": sale.CLUB,
        "name": "Club",
        "prices": {"Standing": 1800},
        "areas": [{"name": "Dance floor", "capacity": 100, "category": "Standing"}],
    }
    for event in (theatre, club):
        status, answer = organizer.ask("POST", "/v1/events", {**sold, **event})
        assert status == 201, (status, answer)
        status, answer = organizer.ask("POST", f"/v1/events/{event['slug']}/publish")
        assert status == 200, (status, answer)
    path = f"/v1/events/{sale.THEATRE}/queue/open"
    reason = {"reason": "the check"}
    status, answer = organizer.ask("POST", path, reason, Idempotency_Key="open-the-line")
    assert status == 200, (status, answer)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--binary", type=Path, default=BINARY)
    binary = arguments.parse_args().binary.resolve()
    compose = loaded()
    token = compose["services"]["engine"]["environment"]["HOLDFAST_ORGANIZER_TOKEN"]
    with tempfile.TemporaryDirectory(prefix="holdfast-compose-") as folder:
        place = Path(folder)
        with (
            redis_cluster(compose, place),
            postgres(compose, place),
            roles(compose, place, binary),
            door(compose, place) as base,
        ):
            load_events(base, token, binary)
            sale.run(base)
            assert Buyer(base).ask("GET", "/metrics")[0] == 404, "the street can read /metrics"
            request = urllib.request.Request(
                f"{base}/v1/audit", headers={"Authorization": f"Bearer {token}"}
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                report = json.load(answer)
            assert report["clean"], report
    print("compose_run: a cluster of six, Postgres, four roles and the door sold seats; the audit is clean")
    return 0


if __name__ == "__main__":
    sys.exit(main())
