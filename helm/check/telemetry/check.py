"""All checks of image, compose file, rules, runbooks, metrics and dashboards, one after the other.

Relies on: requirements.txt, a release build, and of Debian: prometheus, caddy, redis-server, postgresql.
`--quick` leaves out what starts processes. `--binary` takes another build than the release.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from settings import BINARY

HERE = Path(__file__).parent
QUICK = ["compose.py", "slo.py", "catalogue.py", "alerts.py"]
STARTING = ["compose_run.py", "live.py"]
ASKING_THE_PROGRAM = {"compose.py", *STARTING}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--binary", type=Path, default=BINARY)
    asked = arguments.parse_args()
    began = time.monotonic()
    failed = []
    for name in QUICK if asked.quick else [*QUICK, *STARTING]:
        of_program = ["--binary", asked.binary] if name in ASKING_THE_PROGRAM else []
        if subprocess.run([sys.executable, HERE / name, *of_program]).returncode:
            failed.append(name)
    took = time.monotonic() - began
    print(f"telemetry: {'failed: ' + ', '.join(failed) if failed else 'all good'}, {took:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
