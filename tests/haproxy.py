"""A real HAProxy with the gateway's configuration, for a test."""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port

CONFIGURATION = Path(__file__).parents[1] / "docker" / "gateway" / "haproxy.cfg"
PATIENCE_S = 20


@dataclass(frozen=True)
class Gateway:
    """A gateway that runs: its ports of the loopback address, its certificate and its log."""

    https: int
    http: int
    metrics: int
    console: int
    certificate: Path
    log: Path

    def tls(self, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        """What trusts the gateway's certificate; `newest` is the highest version that is spoken."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        if newest is not None:
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = newest
            context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL itself would refuse the old versions otherwise
        return context

    def connect(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        """A connection on which nothing was said yet."""
        plain = socket.create_connection(("127.0.0.1", self.https), timeout=PATIENCE_S)
        return context.wrap_socket(plain, server_hostname="localhost")


def haproxy_program() -> str:
    """The path of haproxy; a test that needs it is skipped where there is none, and fails there under CI."""
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if program is None:
        absent = "haproxy is not installed (Debian: apt-get install haproxy)"
        pytest.fail(absent) if os.environ.get("CI") == "true" else pytest.skip(absent)
    return str(program)


def write_certificate(folder: Path) -> Path:
    """A certificate for localhost with its key, in one file."""
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "gateway.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    both.write_text(certificate.read_text() + key.read_text())
    return both


@contextlib.contextmanager
def haproxy(folder: Path, one: int, two: int, **settings: str) -> Iterator[Gateway]:
    """A gateway in front of two ports of the loopback address.

    Args:
        folder: where its certificate and log go.
        settings: its HPP_GATEWAY_… variables, without the prefix and in lower case.
    """
    https, http, metrics, grpc, console = (free_port() for _ in range(5))
    certificate, log = write_certificate(folder), folder / "gateway.log"
    own = {"https": https, "http": http, "metrics": metrics, "grpc": grpc, "console": console}
    own_settings = {name: f"127.0.0.1:{port}" for name, port in own.items()}
    own_settings |= {"one": f"127.0.0.1:{one}", "two": f"127.0.0.1:{two}", "certificate": str(certificate)}
    nobody = ("grpc_one", "grpc_two", "console_one", "console_two")
    own_settings |= dict.fromkeys(nobody, "127.0.0.1:1") | {"public_port": str(https)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [haproxy_program(), "-f", CONFIGURATION], env=_environment(own_settings | settings), stdout=output
        )
    try:
        _wait(process, https)
        yield Gateway(https, http, metrics, console, certificate, log)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **{f"HPP_GATEWAY_{name.upper()}": value for name, value in settings.items()}}


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None, "haproxy ended while it started"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        assert time.monotonic() < end, "haproxy does not listen"
        time.sleep(0.02)
