"""A real Prometheus on our own configuration, for a test."""

import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port

FOLDER = Path(__file__).parents[1] / "docker" / "monitoring"
PATIENCE_S = 30


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus that runs."""

    port: int

    def get(self, path: str, **query: str) -> Any:
        """The data of an answer of its HTTP interface."""
        address = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=10) as reply:
            answer = json.loads(reply.read())
        assert answer["status"] == "success", answer
        return answer["data"]

    def result(self, query: str) -> list[Any]:
        """The series that a query gives now."""
        series: list[Any] = self.get("query", query=query)["result"]
        return series

    def wait_for(self, query: str) -> list[Any]:
        """The series of a query once there are some."""
        end = time.monotonic() + PATIENCE_S
        while not (found := self.result(query)):
            assert time.monotonic() < end, f"{query} gives nothing"
            time.sleep(0.2)
        return found


def prometheus_program() -> str:
    """The path of prometheus; a test that needs it is skipped where there is none, and fails there under CI."""
    program = shutil.which("prometheus")
    if program is None:
        absent = "prometheus is not installed (Debian: apt-get install prometheus)"
        pytest.fail(absent) if os.environ.get("CI") == "true" else pytest.skip(absent)
    return str(program)


@contextlib.contextmanager
def prometheus(folder: Path, places: Mapping[str, str]) -> Iterator[Prometheus]:
    """A Prometheus with the configuration and the rules of compose, which asks every second.

    Args:
        folder: where its files go.
        places: the addresses of the configuration and what stands in for them here.
    """
    program, port = prometheus_program(), free_port()
    text = (FOLDER / "prometheus.yml").read_text().replace("_interval: 15s", "_interval: 1s")
    for name, place in {**places, "localhost:9090": f"127.0.0.1:{port}"}.items():
        assert name in text
        text = text.replace(name, place)
    (folder / "prometheus.yml").write_text(text)
    rules = (FOLDER / "rules.yml").read_text().replace("interval: 30s", "interval: 1s")
    (folder / "rules.yml").write_text(rules)
    command = [program, "--config.file", str(folder / "prometheus.yml"), "--storage.tsdb.path", str(folder / "data")]
    command += ["--web.listen-address", f"127.0.0.1:{port}", "--log.level", "warn"]
    process = subprocess.Popen(command)
    try:
        found = Prometheus(port)
        _wait(process, found)
        yield found
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _wait(process: "subprocess.Popen[bytes]", found: Prometheus) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None, "prometheus ended while it started"
        with contextlib.suppress(OSError):
            found.result("vector(1)")
            return
        assert time.monotonic() < end, "prometheus does not answer"
        time.sleep(0.1)
