"""The secrets of the compose file, made where they are missing: `python docker/make_secrets.py FOLDER`, `make secrets`.

Passwords are random bytes in hexadecimal digits, so that they need no quotes anywhere. The certificate is signed by
itself, for trying out: put the chain and key of a real one in gateway.pem.
"""

import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

PASSWORDS = ("redis-password", "postgres-password", "mariadb-password", "grafana-password")
S3 = {"s3-access-key": 10, "s3-secret-key": 20}  # bytes: longer ones are refused by some stores
CERTIFICATE, WEBHOOK = "gateway.pem", "alert-webhook"
# Nobody listens there: alerts are shown in Alertmanager and go nowhere until this file names who takes them.
NOWHERE = "http://127.0.0.1:9/"
DAYS = 397  # what browsers take


def make(folder: Path) -> list[str]:
    """The names of the secrets that were made; those that are there are kept."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    texts: dict[str, Callable[[], str]] = dict.fromkeys(PASSWORDS, secrets.token_hex)
    texts |= {name: partial(secrets.token_hex, length) for name, length in S3.items()}
    texts |= {WEBHOOK: lambda: NOWHERE, CERTIFICATE: certificate}
    made = [name for name in texts if not (folder / name).exists()]
    for name in made:
        _write(folder / name, texts[name]())
    return made


def certificate() -> str:
    """A certificate for localhost and its key."""
    with tempfile.TemporaryDirectory() as work:
        key, chain = Path(work, "key.pem"), Path(work, "chain.pem")
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command += [
            "-days",
            str(DAYS),
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ]
        command += ["-keyout", str(key), "-out", str(chain)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # no shell, our own words
        return chain.read_text() + key.read_text()


def _write(path: Path, text: str) -> None:
    """Write whole or not at all. The folder keeps others out; in a container another user reads the mounted file."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.chmod(0o444)
    new.rename(path)


if __name__ == "__main__":
    sys.stdout.write(f"Made: {', '.join(make(Path(sys.argv[1]))) or 'none, all are there'}.\n")
