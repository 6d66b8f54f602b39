"""A running server: what it is asked, and the processor time and memory of all its processes."""

import http.client
import sys
from dataclasses import dataclass

from benchmarks.requests import Requests
from serving.process.processes import group

HOST = "127.0.0.1"
CHECKED = 100


@dataclass(frozen=True)
class Target:
    """A running server.

    Attributes:
        requests: what it is asked.
        headers: sent with each request.
        pid, created: its main process, the leader of the group of all its processes.
        cold_start_s: from the start of the process to the first answer.
    """

    name: str
    port: int
    requests: tuple[Requests, ...]
    headers: dict[str, str]
    pid: int
    created: float
    cold_start_s: float

    def cpu_seconds(self) -> float:
        """The processor time of all its processes so far, those that have ended and were waited for included."""
        return sum(sum(process.cpu_times()[:4]) for process in group(self.pid, self.created))

    def memory_mb(self, workers: int) -> tuple[float, float]:
        """The memory (PSS) of a worker and of all processes together; the workers are those that worked most."""
        known = [(sum(each.cpu_times()[:2]), each.memory_full_info().pss) for each in group(self.pid, self.created)]
        sizes = [size / 1e6 for _, size in sorted(known, reverse=True)]
        return sum(sizes[:workers]) / workers, sum(sizes)


def ask(port: int, requests: Requests, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer to one request."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("POST", requests.path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def check(target: Target) -> None:
    """Ask each body once.

    Raises:
        SystemExit: an answer is not 200; the figures of such a run would be worth nothing.
    """
    for requests in target.requests:
        for body in requests.bodies[:CHECKED]:
            if (status := ask(target.port, requests, body, target.headers)) != 200:
                raise SystemExit(f"{target.name} answers {status} to a {requests.kind}: {body[:300]!r}")
    sys.stderr.write(f"{target.name} answers, {target.cold_start_s:.1f} s after its start\n")
