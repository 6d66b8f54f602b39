"""The load: wrk on the loopback address, with as many connections as it is told."""

import re
import shutil
import subprocess
from pathlib import Path

import msgspec

from benchmarks.requests import Requests

GRACE_S = 30
MARK = "RESULT "
NO_WRK = (
    "wrk was not found on the PATH; it makes the load of this benchmark. Install the package of that name "
    "(Debian, Ubuntu: apt-get install wrk; macOS: brew install wrk)."
)
# The requests are made before the clock starts; what runs for each request is one look-up in a table.
SCRIPT = """\
wrk.method = "POST"
wrk.path = "{path}"
{headers}
local bodies = {{
{bodies}
}}
local requests, turn = {{}}, 0
function init(args)
  for number, body in ipairs(bodies) do requests[number] = wrk.format(nil, nil, nil, body) end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{mark}{{"requests":%d,"seconds":%.6f,"p50_ms":%.3f,"p95_ms":%.3f,"p99_ms":%.3f,"errors":%d}}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Load(msgspec.Struct, frozen=True):
    """What wrk saw.

    Attributes:
        requests: answers received.
        errors: connections refused or broken, answers of status 400 and above, time-outs.
    """

    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int


def find_wrk() -> str:
    """The path of wrk.

    Raises:
        SystemExit: it is not installed.
    """
    path = shutil.which("wrk")
    if path is None:
        raise SystemExit(NO_WRK)
    return path


def script(requests: Requests, headers: dict[str, str]) -> str:
    """The Lua script that makes wrk send these bodies in turn."""
    bodies = "\n".join(f"  [==[{body.decode()}]==]," for body in requests.bodies)
    lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())
    return SCRIPT.format(path=requests.path, headers=lines, bodies=bodies, mark=MARK)


def run(wrk: str, lua: Path, port: int, connections: int, seconds: int) -> Load:
    """What wrk saw in so many seconds.

    Raises:
        SystemExit: a request failed, or wrk did.
    """
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(lua), f"http://127.0.0.1:{port}/"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds + GRACE_S, check=False)  # noqa: S603
    if ended.returncode != 0:
        raise SystemExit(f"wrk failed: {ended.stdout[-500:]}{ended.stderr[-1000:]}")
    return parse(ended.stdout)


def parse(output: str) -> Load:
    """What wrk's output says.

    Raises:
        SystemExit: there were errors, or no answer at all.
    """
    found = re.search(rf"^{MARK}(.*)$", output, re.MULTILINE)
    if found is None:
        raise SystemExit(f"wrk printed no result:\n{output[-1000:]}")
    load = msgspec.json.decode(found[1], type=Load)
    if load.errors or not load.requests or "Non-2xx" in output:
        raise SystemExit(f"{load.errors} of {load.requests} requests failed; such a run is not reported:\n{output}")
    return load
