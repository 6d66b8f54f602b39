"""The Seldon user model: prices for raw features, for house ids, or for houses with some features changed."""

import logging
import math
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.access.tenants import Tenants
from serving.agreement import request_contract, target_of
from serving.bundle import read_bundle, read_metadata
from serving.client import Client
from serving.contract import ALL_FEATURES
from serving.errors import NotReadyError, ServingError, TooLargeError
from serving.metrics import Metrics
from serving.online.lookup import FeatureLookup, Found
from serving.pricing.explanations import Explainer
from serving.pricing.intervals import INTERVALS, Intervals
from serving.pricing.predictor import Matrix, Predictor, part
from serving.pricing.ratios import Derivation
from serving.protocol.faults import error_body
from serving.protocol.model_metadata import model_metadata, output_names
from serving.protocol.quick_requests import QuickReader
from serving.protocol.requests import Form, Query, read_query
from serving.records.feedback import FeedbackLog
from serving.records.hourly import FEEDBACK
from serving.records.receipts import Served, header_of
from serving.records.replays import Replays
from serving.records.spool import SPOOL, Spool
from serving.rollouts.following import Follower
from serving.rollouts.mixed import by_receipt
from serving.rollouts.priced import Priced, Rows
from serving.rollouts.state import folder_of
from serving.settings import Settings, read_settings

logger = logging.getLogger(__name__)


class HousePriceModel:
    """A model that Seldon serves.

    Args:
        bundle: the model bundle's folder.
        settings: the deployment facts; read from the environment if they are not given.
        metrics: where the service's figures go.
        alone: another version may be tried beside it (docs/rollout.md), unless it is alone.
    """

    def __init__(
        self,
        bundle: str | Path,
        settings: Settings | None = None,
        metrics: Metrics | None = None,
        alone: bool = False,
    ) -> None:
        self.bundle = Path(bundle)
        self.alone = alone
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
        settings = self.settings
        self.metadata = metadata
        self.predictor = Predictor(metadata, files)
        self.intervals = Intervals(part(files, INTERVALS))
        self.derivation = Derivation(metadata.features, metadata.derived)
        self.contract, target = request_contract(metadata, settings), target_of(metadata, settings)
        self.explainer = Explainer(metadata, files, self.contract.features | self.contract.derived)
        self.reader = QuickReader(self.contract)
        self.lookup = FeatureLookup(
            settings.feature_store,
            metadata.feature_service,
            metadata.inputs,
            settings.threads,
            settings.lookup_cache_seconds,
            settings.expired_features,
            self.measures.lookups.observe,
        )
        profiles = settings.profiles_dir
        self.outputs = output_names(metadata.target)
        self.spool = Spool(profiles / SPOOL, header_of(metadata, self.outputs))
        self.feedback = FeedbackLog(
            profiles / FEEDBACK, metadata.model_version, target, profiles / SPOOL, self.lookup.require
        )
        self.follower = None if self.alone else Follower(self, self._beside, folder_of(profiles))
        # A tenant's houses may be told by a feature that the model does not use: all stored ones are looked up.
        stored = tuple(self.contract.features)
        everything = FeatureLookup(
            settings.feature_store,
            ALL_FEATURES,
            stored,
            settings.threads,
            settings.lookup_cache_seconds,
            settings.expired_features,
        )
        self.tenants = Tenants(stored, everything.find, profiles / SPOOL, target)
        self.replays = Replays(profiles / SPOOL, settings.models_dir, settings.max_explained_rows, self.tenants)
        self.fixed_tags = {
            "model": metadata.model_name,
            "version": metadata.model_version,
            "feature_service": metadata.feature_service,
            "features_used": list(metadata.features),
            "coverage": self.intervals.coverage,
        }
        self.ready = True
        logger.info("Model %s v%s is loaded from %s", metadata.model_name, metadata.model_version, self.bundle)

    def _beside(self, bundle: Path) -> "HousePriceModel":
        """Another version, loaded, with the same settings and figures."""
        model = HousePriceModel(bundle, self.settings, self.measures, alone=True)
        model.load()
        return model

    def price(self, message: Any, client: str = "") -> dict[str, Any]:
        """The reply to a decoded Seldon message.

        Args:
            client: the name of the caller's key, for the receipt.

        Raises:
            ServingError: with the status and the details for the caller.
        """
        self.check_ready()
        return self.answer(read_query(message, self.contract), client)

    def check_ready(self) -> None:
        """Nothing, if a model is loaded.

        Raises:
            NotReadyError: none is.
        """
        if not self.ready:
            raise NotReadyError("No model is loaded yet; try again in a few seconds.")

    def answer(self, query: Query, client: str = "") -> dict[str, Any]:
        """The reply to a checked request.

        Raises:
            ServingError: a house is unknown or its features have expired, the online store does not answer, or the
                reasons or the features of too many rows are asked for.
        """
        if (query.explain or query.features) and query.row_count > (most := self.settings.max_explained_rows):
            raise TooLargeError(
                f"Reasons and features are given for {most} rows at a time; the request has {query.row_count}. "
                "Split the request."
            )
        # A test of the service is a test of the version that it serves.
        if self.follower and not query.probe and (challenger := self.follower.challenger()) is not None:
            return challenger.answer(query, client)
        return self.reply(query, self.priced(query), client)

    def answer_tenant(self, query: Query, client: Client) -> dict[str, Any]:
        """The reply to a tenant's checked request, if all its rows are the tenant's.

        Raises:
            OutsideTenantError: one is not.
            ServingError: as of `answer`.
        """
        if client.segments:
            self.tenants.confine(query, client)
        reply = self.answer(query, client.label)
        reply["meta"]["tags"]["tenant"] = client.tenant
        return reply

    def priced(self, query: Query) -> Priced:
        """The prices of a checked request, which nobody is answered with yet.

        Raises:
            ServingError: a house is unknown or its features have expired, or the online store does not answer.
        """
        started = time.perf_counter()
        raw, found = self._features(query)
        prices = self.predictor.predict(raw)
        rows = self.intervals.rows(prices)
        return Priced(raw, found, prices, rows, (time.perf_counter() - started) * 1000)

    def reply(self, query: Query, priced: Priced, client: str) -> dict[str, Any]:
        """The reply with these prices, its receipt written."""
        raw, found = priced.raw, priced.found
        tags = {**self.fixed_tags, "inference_ms": round(priced.ms, 3)}
        if query.explain:
            tags["explanations"] = self.explainer.explain(raw, priced.prices)
        if query.features:
            tags["features"] = _inputs(self.metadata.features, raw, found)
        if found is not None and found.expired:
            tags["expired"] = found.expired
        tags["receipt"] = self._record(raw, priced.rows, query, found, client)
        return {"data": {"names": self.outputs, **_values(query.form, priced.rows)}, "meta": {"tags": tags}}

    def _features(self, query: Query) -> tuple[Matrix, Found | None]:
        """The raw features of the rows in training order: those given, and for house ids the stored ones below them.

        Derived ones follow from what was given as they do from what is stored.
        """
        inputs = self.derivation.inputs
        if query.house_ids is None:
            given = query.values.take(_positions(inputs, query.names), axis=1)
            return self.derivation.features_from(given), None
        found = self.lookup.find(query.house_ids)
        stored = np.array(found.rows, dtype=np.float64)
        for column, name in enumerate(query.names):
            if name in inputs:
                stored[:, inputs.index(name)] = query.values[:, column]
        return self.derivation.features_from(stored), found

    def _record(self, raw: Matrix, priced: Rows, query: Query, found: Found | None, client: str) -> str | None:
        """The receipt's id, or None: it could not be written."""
        self.measures.rows.inc(len(priced))
        served = Served(raw.tolist(), priced, client=client, probe=query.probe, explained=query.explain)
        if found is not None:
            served.house_ids, served.event_times = query.house_ids, found.event_times
            served.overridden = self.derivation.touched_by(query.names)
        try:
            return self.spool.append(served)
        except OSError:  # a full disk must not stop the answers; the counter raises the alarm
            logger.exception("Served rows were not recorded in %s", self.spool.folder)
            self.measures.lost_rows.inc(len(priced))
            return None

    def predict_raw(self, message: Any) -> dict[str, Any]:
        """The reply, or the error in the same protocol: what Seldon's own routes call."""
        try:
            return self.price(message)
        except ServingError as err:
            return error_body(err)

    def accept_feedback(self, message: Any, client: str = "") -> int:
        """The number of true prices of a Seldon feedback message, all of them on disk.

        Raises:
            ServingError: with the status and the details for the caller.
        """
        self.check_ready()
        return sum(self.feedback.accept(part, client) for part in by_receipt(message))

    def send_feedback(self, *_: Any, **__: Any) -> None:
        """Nothing: Seldon's app calls it without the receipt, after `accept_feedback` has kept the truth."""

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
        """What `/metadata` says of the model; Seldon's own command line asks before it loads the model."""
        return model_metadata(read_metadata(self.bundle))


@lru_cache(256)
def _positions(wanted: tuple[str, ...], names: tuple[str, ...]) -> NDArray[np.intp]:
    """Where the wanted columns stand among the names."""
    return np.array([names.index(name) for name in wanted], dtype=np.intp)


def _inputs(names: Sequence[str], raw: Matrix, found: Found | None) -> dict[str, Any]:
    """What the prices were made from: the model's features in training order, None where a value is missing, and when
    they were observed, in seconds since 1970 (None: the caller gave them all)."""
    rows = [[None if math.isnan(value) else value for value in row] for row in raw.tolist()]
    return {"names": list(names), "rows": rows, "event_times": None if found is None else found.event_times}


def _values(form: Form, rows: Rows) -> dict[str, Any]:
    """The rows in the form in which the request came."""
    if form == "tensor":
        return {"tensor": {"shape": [len(rows), len(rows[0])], "values": [value for row in rows for value in row]}}
    return {"ndarray": rows}
