"""Where things are in this repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "holdfast"
PROFILES = CHART / "ci"
CHECK = ROOT / "helm" / "check"
GOLDEN = ROOT / "helm" / "golden"
KUSTOMIZE = ROOT / "k8s"
BINARY = ROOT / "target" / "release" / "holdfast"

# Roles as values.yaml, the command line and object names have them.
ROLES = {
    "engine": "engine",
    "waitingRoom": "waiting-room",
    "seatmapWs": "seatmap-ws",
    "payments": "payments",
}
