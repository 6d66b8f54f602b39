"""The Seldon user model: prices for raw features, for house ids, or for houses with some features changed."""

import logging
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.bundle import Metadata, read_bundle
from serving.contract import HOUSE_FEATURES, read_feature_service, read_feature_view
from serving.errors import BundleError, ContractError, NotReadyError, ServingError
from serving.explanations import Explainer
from serving.faults import error_body
from serving.feedback import FeedbackLog
from serving.intervals import INTERVALS, Intervals
from serving.lookup import FeatureLookup
from serving.metrics import Metrics
from serving.predictor import Matrix, Predictor, part
from serving.quick_requests import QuickReader
from serving.requests import Form, Query, RequestContract, read_query
from serving.settings import Settings, read_settings
from serving.spool import Spool

logger = logging.getLogger(__name__)
SPOOL = "spool"


class HousePriceModel:
    """A model that Seldon serves.

    Args:
        bundle: the model bundle's folder.
        settings: the deployment facts; read from the environment if they are not given.
        metrics: where the service's figures go.
    """

    def __init__(self, bundle: str | Path, settings: Settings | None = None, metrics: Metrics | None = None) -> None:
        self.bundle = Path(bundle)
        self.settings = settings or read_settings()
        self.measures = metrics or Metrics()
        self.ready = False

    def load(self) -> None:
        """Read the bundle and the contract, and open the online store. Call it in the process that serves.

        Raises:
            BundleError: the bundle is not whole, or does not fit the contract.
            ContractError: the Feast registry lacks the model's feature service.
        """
        metadata, files = read_bundle(self.bundle)
        self.metadata = metadata
        self.predictor = Predictor(metadata, files)
        self.intervals = Intervals(part(files, INTERVALS))
        self.contract = self._contract(metadata)
        self.explainer = Explainer(metadata, files, self.contract.features)
        self.reader = QuickReader(self.contract)
        self.lookup = FeatureLookup(
            self.settings.feature_store, metadata.feature_service, metadata.features, self.settings.threads
        )
        profiles = self.settings.profiles_dir
        self.spool = Spool(profiles / SPOOL, metadata.model_version, (*metadata.features, metadata.target))
        self.feedback = FeedbackLog(profiles / "feedback", metadata.model_version)
        self.fixed_tags = {
            "model": metadata.model_name,
            "version": metadata.model_version,
            "feature_service": metadata.feature_service,
            "features_used": list(metadata.features),
            "coverage": self.intervals.coverage,
        }
        self.reply_names = [metadata.target, f"{metadata.target}_low", f"{metadata.target}_high"]
        self.ready = True
        logger.info("Model %s v%s is loaded from %s", metadata.model_name, metadata.model_version, self.bundle)

    def _contract(self, metadata: Metadata) -> RequestContract:
        store = self.settings.feature_store()
        features = {spec.name: spec for spec in read_feature_view(store, HOUSE_FEATURES)}
        if unknown := [name for name in metadata.features if name not in features]:
            raise BundleError(f"The model needs {unknown}, which the feature view {HOUSE_FEATURES} does not have.")
        served = tuple(spec.name for spec in read_feature_service(store, metadata.feature_service))
        if set(served) != set(metadata.features):
            raise ContractError(
                f"Feature service {metadata.feature_service} has {served}, the model needs {metadata.features}. "
                "Run `feast -c feature_repo apply`."
            )
        return RequestContract(features, metadata.features, self.settings.max_rows)

    def price(self, message: Any) -> dict[str, Any]:
        """The reply to a decoded Seldon message.

        Raises:
            ServingError: with the status and the details for the caller.
        """
        self.check_ready()
        return self.answer(read_query(message, self.contract))

    def check_ready(self) -> None:
        """Nothing, if a model is loaded.

        Raises:
            NotReadyError: none is.
        """
        if not self.ready:
            raise NotReadyError("No model is loaded yet; try again in a few seconds.")

    def answer(self, query: Query) -> dict[str, Any]:
        """The reply to a checked request.

        Raises:
            ServingError: a house is unknown, or the online store does not answer.
        """
        started = time.perf_counter()
        raw = self._features(query)
        prices = self.predictor.predict(raw)
        low, high = self.intervals.around(prices)
        tags = {**self.fixed_tags, "inference_ms": round((time.perf_counter() - started) * 1000, 3)}
        if query.explain:
            tags["explanations"] = self.explainer.explain(raw, prices)
        self._record(raw, prices, query.probe)
        values = _values(query.form, [prices.tolist(), low.tolist(), high.tolist()])
        return {"data": {"names": self.reply_names, **values}, "meta": {"tags": tags}}

    def _features(self, query: Query) -> Matrix:
        """The raw features of the rows in training order: those given, and for house ids the stored ones below them."""
        if query.house_ids is None:
            return query.values.take(_positions(self.metadata.features, query.names), axis=1)
        raw = np.array(self.lookup.find(query.house_ids), dtype=np.float64)
        for column, name in enumerate(query.names):
            if name in self.metadata.features:
                raw[:, self.metadata.features.index(name)] = query.values[:, column]
        return raw

    def _record(self, raw: Matrix, prices: NDArray[np.float32], probe: bool) -> None:
        rows = np.column_stack([raw, prices]).tolist()
        try:
            self.spool.append(rows, probe)
        except OSError:  # a full disk must not stop the answers; the counter raises the alarm
            logger.exception("Served rows were not recorded in %s", self.spool.folder)
            self.measures.lost_rows.inc(len(rows))
        self.measures.rows.inc(len(rows))

    def predict_raw(self, message: Any) -> dict[str, Any]:
        """The reply, or the error in the same protocol: what Seldon's own routes call."""
        try:
            return self.price(message)
        except ServingError as err:
            return error_body(err)

    def send_feedback(
        self,
        features: Any,
        feature_names: Any,
        reward: float,
        truth: Any,
        routing: Any = None,  # noqa: ARG002  # Seldon calls with it
    ) -> None:
        """Keep what a caller says of a prediction: the true price in `truth`, in the target's unit."""
        self.feedback.append(features, feature_names, reward, truth)

    def health_status(self) -> str:
        """What is being served, in words.

        Raises:
            NotReadyError: no model is loaded.
        """
        self.check_ready()
        return f"{self.metadata.model_name} v{self.metadata.model_version} is ready"

    def tags(self) -> dict[str, Any]:
        """What Seldon adds to the `meta` of its own replies."""
        return dict(self.fixed_tags)

    def init_metadata(self) -> dict[str, Any]:
        """What `/metadata` says of the model."""
        metadata = self.metadata
        custom = {name: f"{value:g}" for name, value in metadata.metrics.items()}
        custom |= {name: getattr(metadata, name) for name in ("experiment", "feature_service", "mlflow_run_id")}
        custom |= {name: getattr(metadata, name) for name in ("data_fingerprint", "git_commit", "created_at")}
        columns = {"names": list(metadata.features), "shape": [-1, len(metadata.features)]}
        return {
            "name": metadata.model_name,
            "versions": [metadata.model_version],
            "platform": "seldon",
            "inputs": [{"messagetype": "ndarray", "schema": columns}],
            "outputs": [{"messagetype": "ndarray", "schema": {"names": self.reply_names, "shape": [-1, 3]}}],
            "custom": custom,
        }


@lru_cache(256)
def _positions(wanted: tuple[str, ...], names: tuple[str, ...]) -> NDArray[np.intp]:
    """Where the wanted columns stand among the names."""
    return np.array([names.index(name) for name in wanted], dtype=np.intp)


def _values(form: Form, columns: list[list[float]]) -> dict[str, Any]:
    """The columns as rows, in the form in which the request came."""
    rows = list(zip(*columns, strict=True))
    if form == "tensor":
        return {"tensor": {"shape": [len(rows), len(columns)], "values": [value for row in rows for value in row]}}
    return {"ndarray": rows}
