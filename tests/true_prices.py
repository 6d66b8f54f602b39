"""True prices as a worker takes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from serving.contract import FeatureSpec
from serving.protocol.seldon_protocol import install
from serving.records.feedback import FeedbackLog
from serving.records.hourly import FEEDBACK
from serving.records.spool import SPOOL
from serving.settings import Settings

TARGET = FeatureSpec("MEDV", "price", "1000 USD", "continuous", 1, 50, 0, False)


def tell(
    settings: Settings, prices: Sequence[float], receipt: str = "", house: int = 0, at: datetime | None = None
) -> None:
    """Take the true prices of a receipt's rows, or the one of a house, which became known now or at that time."""
    install(settings.var_dir / "seldon")
    log = FeedbackLog(settings.profiles_dir / FEEDBACK, "1", TARGET, settings.profiles_dir / SPOOL, lambda _: None)
    truth: dict[str, Any] = {"data": {"names": [TARGET.name], "ndarray": [[price] for price in prices]}}
    if at is not None:
        truth["meta"] = {"tags": {"event_time": at.isoformat()}}
    of = (
        {"meta": {"tags": {"receipt": receipt}}} if receipt else {"data": {"names": ["house_id"], "ndarray": [[house]]}}
    )
    log.accept({"request": of, "truth": truth}, "registrar")
    log.close()
