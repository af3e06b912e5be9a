"""All checks of image, compose file, rules, runbooks, metrics and dashboards, one after the other.

Relies on: requirements.txt, a release build, and of Debian: prometheus, caddy, redis-server, postgresql.
`--quick` leaves out what starts processes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
QUICK = ["compose.py", "slo.py", "catalogue.py", "alerts.py"]
STARTING = ["compose_run.py", "live.py"]


def main() -> int:
    chosen = QUICK if "--quick" in sys.argv[1:] else [*QUICK, *STARTING]
    began = time.monotonic()
    failed = [name for name in chosen if subprocess.run([sys.executable, HERE / name]).returncode]
    took = time.monotonic() - began
    print(f"telemetry: {'failed: ' + ', '.join(failed) if failed else 'all good'}, {took:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
