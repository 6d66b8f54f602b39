"""A real MLflow server on the platform's own store, for a test."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

from tests.ports import free_port

PATIENCE_S = 120


@contextlib.contextmanager
def mlflow_server(store: str) -> Iterator[str]:
    """The address of a server of what is at that SQL address."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store, "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        _wait(process, f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _wait(process: "subprocess.Popen[bytes]", address: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None, "the MLflow server ended while it started"
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):  # noqa: S310  # our own
            return
        assert time.monotonic() < end, "the MLflow server does not answer"
        time.sleep(0.1)
