"""The Seldon user model: prices for raw features, for house ids, or for houses with some features changed."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.access.tenants import Tenants
from serving.bundle import Metadata, read_bundle, read_metadata
from serving.client import Client
from serving.contract import (
    ALL_FEATURES,
    HOUSE_FEATURES,
    HOUSE_TARGET,
    FeatureSpec,
    read_feature_service,
    read_feature_view,
)
from serving.errors import BundleError, ContractError, NotReadyError, ServingError, TooLargeError
from serving.metrics import Metrics
from serving.online.lookup import FeatureLookup, Found
from serving.pricing.explanations import Explainer
from serving.pricing.intervals import INTERVALS, Intervals
from serving.pricing.predictor import Matrix, Predictor, part
from serving.pricing.ratios import Derivation, Ratio
from serving.protocol.faults import error_body
from serving.protocol.quick_requests import QuickReader
from serving.protocol.requests import Form, Query, RequestContract, read_query
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
        self.metadata = metadata
        self.predictor = Predictor(metadata, files)
        self.intervals = Intervals(part(files, INTERVALS))
        self.derivation = Derivation(metadata.features, metadata.derived)
        self.contract = self._contract(metadata)
        self.explainer = Explainer(metadata, files, self.contract.features | self.contract.derived)
        self.reader = QuickReader(self.contract)
        settings = self.settings
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
            profiles / FEEDBACK, metadata.model_version, self._target(metadata), profiles / SPOOL, self.lookup.require
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
        self.tenants = Tenants(stored, everything.find, profiles / SPOOL, self._target(metadata))
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

    def _contract(self, metadata: Metadata) -> RequestContract:
        store = self.settings.feature_store()
        features = {spec.name: spec for spec in read_feature_view(store, HOUSE_FEATURES)}
        if unknown := [name for name in metadata.inputs if name not in features]:
            raise BundleError(f"The model needs {unknown}, which the feature view {HOUSE_FEATURES} does not have.")
        served = {spec.name: spec for spec in read_feature_service(store, metadata.feature_service)}
        known = {name: spec.ratio for name, spec in served.items()}
        if known != (needed := {name: metadata.derived.get(name) for name in metadata.features}):
            raise ContractError(
                f"Feature service {metadata.feature_service} has {_formulas(known)}; the model needs "
                f"{_formulas(needed)}. Run `feast -c feature_repo apply`."
            )
        # The version's own definition goes before the one that the contract has by now.
        derived = {spec.name: spec for spec in (*read_feature_service(store, ALL_FEATURES), *served.values())}
        derived = {name: spec for name, spec in derived.items() if spec.ratio}
        return RequestContract(features, metadata.inputs, self.settings.max_rows, derived)

    def _target(self, metadata: Metadata) -> FeatureSpec:
        for spec in read_feature_view(self.settings.feature_store(), HOUSE_TARGET):
            if spec.name == metadata.target:
                return spec
        raise ContractError(f"The feature view {HOUSE_TARGET} does not have {metadata.target}, which the model prices.")

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
        metadata = read_metadata(self.bundle)
        custom = {name: f"{value:g}" for name, value in metadata.metrics.items()}
        custom |= {name: getattr(metadata, name) for name in ("experiment", "feature_service")}
        custom |= {name: getattr(metadata, name) for name in ("mlflow_run_id", "zenml_run_id")}
        custom |= {name: getattr(metadata, name) for name in ("data_fingerprint", "git_commit", "created_at")}
        if metadata.derived:
            custom["derived"] = _formulas(metadata.derived)
        columns = {"names": list(metadata.inputs), "shape": [-1, len(metadata.inputs)]}
        answers = {"names": list(output_names(metadata.target)), "shape": [-1, 3]}
        return {
            "name": metadata.model_name,
            "versions": [metadata.model_version],
            "platform": "seldon",
            "inputs": [{"messagetype": "ndarray", "schema": columns}],
            "outputs": [{"messagetype": "ndarray", "schema": answers}],
            "custom": custom,
        }


def output_names(target: str) -> tuple[str, str, str]:
    """The names of an answered row's values: the price and the ends of its interval."""
    return target, f"{target}_low", f"{target}_high"


def _formulas(features: Mapping[str, Ratio | None]) -> str:
    """The names, each derived one with its definition."""
    return ", ".join(f"{name} = {ratio.formula}" if ratio else name for name, ratio in features.items())


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
