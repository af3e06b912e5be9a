"""The one door to Helm: a `helm` on the PATH, else the wheel that carries it.

Both refuse in the same way here: [`HelmError`] with Helm's text. Neither needs a cluster.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Protocol

RELEASE = "holdfast"
NAMESPACE = "holdfast"


class HelmError(Exception):
    """The chart does not render with these values; the text is Helm's."""


class Chart(Protocol):
    def render(self, values: dict[str, Any]) -> dict[str, str]:
        """Texts by template path. The wheel also makes NOTES.txt, the program only when it installs."""
        ...

    def lint(self, values: dict[str, Any]) -> None:
        """Raises [`HelmError`] on a warning, too."""
        ...


def open_chart(path: Path) -> Chart:
    binary = shutil.which("helm")
    return BinaryChart(binary, path) if binary else WheelChart(path)


class WheelChart:
    def __init__(self, path: Path) -> None:
        from helm_python import Chart as Loaded

        self._path = path
        self._loaded = Loaded.load(path)

    def render(self, values: dict[str, Any]) -> dict[str, str]:
        from helm_python import errors

        try:
            return self._loaded.render(values=values, name=RELEASE, namespace=NAMESPACE)
        except errors.HelmError as error:
            raise HelmError(str(error)) from error

    def lint(self, values: dict[str, Any]) -> None:
        from helm_python import chart

        result = chart.lint(self._path, values=values, strict=True, namespace=NAMESPACE)
        # Severity 1 is advice, such as an icon for the chart.
        bad = [message["error"] for message in result["messages"] if message["severity"] > 1]
        if bad or result["errors"]:
            raise HelmError("; ".join(bad or result["errors"]))


class BinaryChart:
    def __init__(self, binary: str, path: Path) -> None:
        self._binary = binary
        self._path = str(path)

    def render(self, values: dict[str, Any]) -> dict[str, str]:
        # Exactly the chart's own kubeVersion; a release of Helm may know an older one only.
        text = self._run(
            values, "template", RELEASE, self._path, "--namespace", NAMESPACE, "--kube-version", "1.33.0"
        )
        return {"holdfast/templates": text}

    def lint(self, values: dict[str, Any]) -> None:
        self._run(values, "lint", self._path, "--strict", "--namespace", NAMESPACE)

    def _run(self, values: dict[str, Any], *arguments: str) -> str:
        done = subprocess.run(
            [self._binary, *arguments, "--values", "-"],
            input=json.dumps(values),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise HelmError(done.stderr.strip() or done.stdout.strip())
        return done.stdout
