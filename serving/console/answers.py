"""What the page's calls are answered with: the service's own answers, passed on, and little else."""

from http import HTTPStatus
from typing import Any

import msgspec

from serving.console.assets import read_assets
from serving.console.figures import read_figures
from serving.console.links import Links
from serving.console.upstream import Headers, Passed, Upstream, ask, is_known
from serving.errors import ForeignPageError, MediaTypeError, MethodError, UnknownPathError
from serving.settings import Settings

JSON = "application/json"
LINKS = ("zenml_run", "mlflow_run", "data_docs", "eda_report", "drift_report")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
OWN_SITES = ("same-origin", "none")  # of the header Sec-Fetch-Site, which browsers send from where it can be trusted


class Console:
    """What the page is answered with.

    Args:
        upstream: where the service answers.
        settings: whether a call needs a key, and the pages to point to.
    """

    def __init__(self, upstream: Upstream, settings: Settings) -> None:
        self.upstream = upstream
        self.assets = read_assets()
        self.needs_key = settings.authentication == "on"
        addresses = {name: getattr(settings, f"console_{name}") for name in LINKS}
        self.links = Links(addresses, reader_is_here=settings.host in LOOPBACK)

    def answer(self, method: str, path: str, headers: Headers, body: bytes) -> Passed:
        """The answer to a call that is no file of the page.

        Raises:
            ServingError: with the status for the caller.
        """
        if headers.get("Sec-Fetch-Site", OWN_SITES[0]) not in OWN_SITES:
            raise ForeignPageError("Only the console's own page may call this. Call the service itself.")
        if method == "POST" and path in self.assets:
            raise MethodError(f"{path} takes GET, not POST.", ("GET",))
        if (method, path) == ("GET", "/console.json"):
            return _json({"needs_key": self.needs_key, "links": self.links.current()})
        if (method, path) == ("GET", "/figures.json"):
            found = ask(self.upstream, method, "/metrics", headers)
            return _json(read_figures(found.body.decode())) if found.status == HTTPStatus.OK else found
        if not is_known(method, path):
            raise UnknownPathError(f"The console has nothing under {path[:100]}.")
        if method == "POST" and headers.get("Content-Type", "").partition(";")[0].strip().lower() != JSON:
            raise MediaTypeError(f"Wanted the header Content-Type: {JSON}.")
        return ask(self.upstream, method, path, headers, body)


def _json(value: Any) -> Passed:
    return Passed(HTTPStatus.OK, (("Content-Type", JSON),), msgspec.json.encode(value))
