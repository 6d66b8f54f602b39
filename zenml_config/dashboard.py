"""The ZenML dashboard on this folder's runs: `python -m zenml_config.dashboard start | stop`.

It is ZenML's own server, on the SQLite store that the pipelines write, as one local process. The client stays on the
store, which `zenml login --local` would change: runs need no server (docs/decisions/0003).
"""

import os
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import msgspec

from serving.files import write_atomically
from serving.process.processes import end_group, is_alive, listeners, start_apart
from serving.settings import Settings, read_settings

START_SECONDS = 90
PATIENCE_SECONDS = 15


class Server(msgspec.Struct, frozen=True):
    """The running dashboard: with its time of start (seconds since 1970), the pid names one process."""

    pid: int
    created: float


def start(settings: Settings) -> str:
    """The address of the running dashboard, started where it was not.

    Raises:
        SystemExit: it does not come up.
    """
    address = f"http://127.0.0.1:{settings.dashboard_port}"
    server = _running(settings)
    if server is None:
        if listeners(settings.dashboard_port):
            raise SystemExit(
                f"Port {settings.dashboard_port} is taken by another program. "
                "Stop it, or set HPP_DASHBOARD_PORT to a free port."
            )
        _open_without_questions()
        server = _start(settings)
    _wait(address, server, settings)
    return f"{address}/projects/default/pipelines"


def stop(settings: Settings) -> bool:
    """Whether the dashboard was running; it is not any more."""
    server = _running(settings)
    if server is not None:
        end_group(server.pid, server.created, PATIENCE_SECONDS)
    _record(settings).unlink(missing_ok=True)
    return server is not None


def _start(settings: Settings) -> Server:
    arguments = ["-m", "uvicorn", "zenml.zen_server.zen_server_api:app", "--log-level", "warning"]
    arguments += ["--host", "127.0.0.1", "--port", str(settings.dashboard_port)]
    server = Server(*start_apart(arguments, _log(settings), {**os.environ, **_server_environment(settings)}))
    write_atomically(_record(settings), msgspec.json.encode(server))
    return server


def _running(settings: Settings) -> Server | None:
    with suppress(FileNotFoundError, msgspec.DecodeError):
        server = msgspec.json.decode(_record(settings).read_bytes(), type=Server)
        if is_alive(server.pid, server.created):
            return server
    return None


def _server_environment(settings: Settings) -> dict[str, str]:
    """What ZenML's own `login --local` sets for its server: no password, and the artifacts of this machine."""
    return {
        "ZENML_SERVER": "true",
        "ZENML_SERVER_ALLOW_LOCAL_FILE_ACCESS": "true",
        "ZENML_SERVER_AUTH_SCHEME": "NO_AUTH",
        "ZENML_SERVER_DEPLOYMENT_TYPE": "local",
        "ZENML_SERVER_AUTO_ACTIVATE": "true",
        "ZENML_DISABLE_DATABASE_MIGRATION": "true",
        "ZENML_CONFIG_PATH": str(settings.var_dir / "zenml" / "server"),
    }


def _open_without_questions() -> None:
    """Answer the form of the first visit (name, e-mail address, survey) with nothing personal."""
    from zenml.client import Client

    client = Client()
    if client.active_user.email_opted_in is None:
        client.update_user(
            client.active_user.id,
            updated_full_name="default",
            updated_email_opt_in=False,
            updated_metadata={"finished_onboarding_survey": True, "overview_tour_done": True},
        )


def _wait(address: str, server: Server, settings: Settings) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(address):
        if time.monotonic() > deadline or not is_alive(server.pid, server.created):
            stop(settings)
            raise SystemExit(f"The ZenML dashboard did not come up; its log is {_log(settings)}.")
        time.sleep(0.2)


def _answers(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=5) as reply:  # noqa: S310  # our own address
        return bool(reply.status == 200)
    return False


def _record(settings: Settings) -> Path:
    return settings.run_dir / "dashboard.json"


def _log(settings: Settings) -> Path:
    return settings.run_dir / "dashboard.log"


def main(action: str) -> None:
    """Start or stop the dashboard and say what was done."""
    settings = read_settings()
    if action == "start":
        print(f"ZenML dashboard: {start(settings)}")  # noqa: T201  # the answer of a command
    elif action == "stop":
        if stop(settings):
            print("The ZenML dashboard has stopped.")  # noqa: T201  # the answer of a command
    else:
        raise SystemExit(f"Wanted start or stop, got {action!r}.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "start")
