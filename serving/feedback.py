"""What callers say of predictions afterwards, appended to a file of the worker's own."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from serving.errors import InvalidRequestError
from serving.spool import ENDING, hour_of


class FeedbackLog:
    """Append-only files of JSON lines, one for each worker process, model version and hour.

    Args:
        folder: where the files go.
        version: the model version that serves.
    """

    def __init__(self, folder: Path, version: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.version = version
        self._worker = f"{os.getpid()}-{time.time_ns()}"
        self._lock = threading.Lock()

    def append(self, features: Any, names: Any, reward: float, truth: Any) -> None:
        """Write one record: time, version, the rows that were sent and the truth about them."""
        now = time.time()
        record = {
            "t": round(now, 3),
            "version": self.version,
            "names": list(names or ()),
            "features": _plain(features),
            "reward": reward,
            "truth": _plain(truth),
        }
        data = msgspec.json.encode(record) + b"\n"
        path = self.folder / f"v{self.version}.{hour_of(now)}.{self._worker}{ENDING}"
        with self._lock, path.open("ab", buffering=0) as file:
            file.write(data)


def check_feedback(message: Any) -> None:
    """Refuse what Seldon's feedback route would fail at with a message of numpy's or protobuf's.

    Raises:
        InvalidRequestError: it is no Seldon feedback message.
    """
    from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]  # no stubs
    from seldon_core.flask_utils import SeldonMicroserviceException
    from seldon_core.utils import extract_feedback_request_parts, json_to_feedback

    shape = 'Wanted {"request": {"data": ...}, "truth": {"data": ...}, "reward": 0.0} in Seldon\'s form'
    if not isinstance(message, dict) or not message:
        raise InvalidRequestError(f"{shape}; the body is no such object.")
    try:
        extract_feedback_request_parts(json_to_feedback(message))
    except (ParseError, SeldonMicroserviceException, ValueError, TypeError, AttributeError) as err:
        reason = str(getattr(err, "message", "") or err).splitlines()[0][:200].rstrip(".")
        raise InvalidRequestError(f"{shape}; {reason}.") from err


def _plain(values: Any) -> Any:
    return values.tolist() if isinstance(values, np.ndarray) else values
