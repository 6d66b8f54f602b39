"""The programs that stand around the service in `benchmarks.gateway`, each a process of our own on a free port."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.targets import HOST
from serving.process.processes import free_port
from zenml_config.environment import ROOT

PATIENCE_S = 30
GATEWAY = ROOT / "docker" / "gateway" / "haproxy.cfg"


class Backend:
    """A program that can be killed and started again, with what it had on disk.

    Args:
        command: its command line.
        port: where it listens.
        user: whose process it is; None: ours.
        environment: what is set beside our own.
        output: where its words go; None: nowhere.
    """

    def __init__(
        self,
        command: Sequence[str],
        port: int,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
        output: Path | None = None,
    ) -> None:
        self.command, self.port, self.user = list(command), port, user
        self.environment, self.output = {**os.environ, **(environment or {})}, output
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            SystemExit: it does not.
        """
        target = self.output.open("ab") if self.output else subprocess.DEVNULL
        folder = "/" if self.user else None
        self.process = subprocess.Popen(  # noqa: S603  # no shell, our own words
            self.command, user=self.user, cwd=folder, env=self.environment, stdout=target, stderr=subprocess.DEVNULL
        )
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends and self.process.poll() is None:
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"{self.command[0]} does not listen on port {self.port}.")

    def end(self, number: int = signal.SIGINT) -> None:
        """End it; with SIGKILL as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE_S)


def program(name: str, package: str) -> str:
    """The path of a program.

    Raises:
        SystemExit: it is not installed.
    """
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), "/usr/sbin"]
    found = shutil.which(name) or shutil.which(name, path=":".join(map(str, places)))
    if found is None:
        raise SystemExit(f"{name} is not installed (Debian: apt-get install {package}).")
    return found


def redis(folder: Path) -> Backend:
    """A Redis that writes down what it is told, as docker/redis.conf has it."""
    port = free_port(HOST)
    command = [program("redis-server", "redis-server"), str(ROOT / "docker" / "redis.conf"), "--port", str(port)]
    return Backend([*command, "--bind", HOST, "--dir", str(folder)], port)


def postgres(folder: Path) -> Backend:
    """A PostgreSQL with the empty database `postgres`; as root its processes are those of the user postgres."""
    port, user = free_port(HOST), "postgres" if os.geteuid() == 0 else None
    data = folder / "postgres"
    if user:
        folder.chmod(0o755)
        data.mkdir()
        shutil.chown(data, user)
    made = [program("initdb", "postgresql"), "-D", str(data), "-U", "postgres", "--auth=trust", "--locale=C"]
    subprocess.run([*made, "--encoding=UTF8"], user=user, cwd="/", check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    command = [program("postgres", "postgresql"), "-D", str(data), "-h", HOST, "-p", str(port), "-k", str(data)]
    return Backend(command, port, user)


def gateway(folder: Path, one: int, two: int) -> Backend:
    """The gateway of compose in front of two ports; its certificate is gateway.pem in the folder."""
    certificate, https = folder / "gateway.pem", free_port(HOST)
    command = [program("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    key = folder / "key.pem"
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)  # noqa: S603
    certificate.write_text(certificate.read_text() + key.read_text())
    own = {"HTTPS": f"{HOST}:{https}", "ONE": f"{HOST}:{one}", "TWO": f"{HOST}:{two}", "CERTIFICATE": str(certificate)}
    own |= {name: f"{HOST}:{free_port(HOST)}" for name in ("HTTP", "GRPC", "METRICS", "CONSOLE")}
    own |= dict.fromkeys(("GRPC_ONE", "GRPC_TWO", "CONSOLE_ONE", "CONSOLE_TWO"), f"{HOST}:1")
    environment = {f"HPP_GATEWAY_{name}": value for name, value in own.items()}
    return Backend(
        [program("haproxy", "haproxy"), "-f", str(GATEWAY)], https, None, environment, folder / "gateway.log"
    )
