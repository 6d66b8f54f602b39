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

from serving import process
from serving.settings import Settings, read_settings

START_SECONDS = 90


def start(settings: Settings) -> str:
    """The address of the running dashboard, started where it was not.

    Raises:
        SystemExit: it does not come up.
    """
    address = f"http://127.0.0.1:{settings.dashboard_port}"
    if not process.members(_pid_file(settings)):
        if _answers(address):
            raise SystemExit(
                f"Port {settings.dashboard_port} is taken by another program. "
                "Stop it, or set HPP_DASHBOARD_PORT to a free port."
            )
        _open_without_questions()
        process.start(
            [
                *(sys.executable, "-m", "uvicorn", "zenml.zen_server.zen_server_api:app"),
                *("--host", "127.0.0.1", "--port", str(settings.dashboard_port), "--log-level", "warning"),
            ],
            pid_file=_pid_file(settings),
            log=_log(settings),
            environment={**os.environ, **_server_environment(settings)},
        )
    _wait(address, settings)
    return f"{address}/projects/default/pipelines"


def stop(settings: Settings) -> bool:
    """Whether the dashboard was running; it is not any more."""
    return process.stop(_pid_file(settings))


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


def _wait(address: str, settings: Settings) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(address):
        if time.monotonic() > deadline or not process.members(_pid_file(settings)):
            process.stop(_pid_file(settings))
            raise SystemExit(f"The ZenML dashboard did not come up; its log is {_log(settings)}.")
        time.sleep(0.2)


def _answers(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=5) as reply:  # noqa: S310  # our own address
        return bool(reply.status == 200)
    return False


def _pid_file(settings: Settings) -> Path:
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
