"""The console: one web page beside the service, in a process of its own.

`python -m serving.console.server --host H --port P --service-port N --metrics-port M`; the server starts it and it ends
with it. It keeps nothing and knows no key: it hands the page out, passes the page's calls on to the service's public
API with the reader's own key, and answers what the service answers.
"""

import argparse
import logging
import signal
import threading

from serving.console.answers import Console
from serving.console.http_server import serve
from serving.console.upstream import Upstream
from serving.process.processes import end_with_parent
from serving.settings import read_settings


def main() -> None:
    """Serve the page until SIGTERM, or until the server dies."""
    parser = argparse.ArgumentParser(prog="python -m serving.console.server", description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--service-port", type=int, required=True)
    parser.add_argument("--metrics-port", type=int, required=True, help="0: the service's own port")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    end_with_parent()
    upstream = Upstream(arguments.host, arguments.service_port, arguments.metrics_port)
    server = serve(arguments.host, arguments.port, Console(upstream, read_settings()))
    stopped.wait()
    server.server_close()


if __name__ == "__main__":
    main()
