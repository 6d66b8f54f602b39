"""The peer of the serving benchmark: the FastAPI service that is usual for such a model, written fairly.

Pydantic validates the thirteen features with the contract's ranges; the scaler's `transform` and `XGBRegressor.predict`
answer, with one thread, since XGBoost's own threads make a single row many times slower. Key check, limit and
monitoring are kept in the process' memory, without the middleware classes that would slow every call.
"""

import hmac
import os
import time
from collections import deque
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

from serving.bundle import MODEL, SCALER, Metadata, read_bundle, read_scaler

CALLS_A_MINUTE = 1_000_000_000


class House(BaseModel):
    """The features of one house."""

    CRIM: Annotated[float, Field(ge=0, le=100)]
    ZN: Annotated[float, Field(ge=0, le=100)]
    INDUS: Annotated[float, Field(ge=0, le=30)]
    CHAS: Annotated[int, Field(ge=0, le=1)]
    NOX: Annotated[float, Field(ge=0.3, le=1)]
    RM: Annotated[float, Field(ge=3, le=9)]
    AGE: Annotated[float, Field(ge=0, le=100)]
    DIS: Annotated[float, Field(ge=0.5, le=13)]
    RAD: Annotated[int, Field(ge=1, le=24)]
    TAX: Annotated[float, Field(ge=100, le=800)]
    PTRATIO: Annotated[float, Field(ge=10, le=25)]
    B: Annotated[float, Field(ge=0, le=400)]
    LSTAT: Annotated[float, Field(ge=0, le=40)]


class Price(BaseModel):
    """The answer for one house."""

    predicted_price: float


class Prices(BaseModel):
    """The answer for several houses."""

    predicted_prices: list[float]


class Gate:
    """The key check, and a fixed window of a minute for the calls."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.minute, self.calls = 0, 0

    async def __call__(self, x_api_key: Annotated[str, Header()] = "") -> None:
        """Let the call through, or refuse it with 401 or 429."""
        if not hmac.compare_digest(x_api_key, self.key):
            raise HTTPException(401, "Invalid API key")
        minute = int(time.time() // 60)
        if minute != self.minute:
            self.minute, self.calls = minute, 0
        self.calls += 1
        if self.calls > CALLS_A_MINUTE:
            raise HTTPException(429, "Rate limit exceeded")


def create() -> FastAPI:
    """The application, on the bundle that the variable PEER_BUNDLE names, with the key of PEER_KEY."""
    metadata, files = read_bundle(Path(os.environ["PEER_BUNDLE"]))
    scaler, model = _scaler(metadata, files), _model(files)
    latencies: deque[float] = deque(maxlen=1000)
    predictions: deque[float] = deque(maxlen=1000)
    app = FastAPI(dependencies=[Depends(Gate(os.environ["PEER_KEY"]))])

    def price(given: list[House]) -> list[float]:
        started = time.perf_counter()
        rows = np.array([[getattr(house, name) for name in metadata.features] for house in given])
        prices: list[float] = model.predict(scaler.transform(rows)).tolist()
        predictions.extend(prices)
        latencies.append(time.perf_counter() - started)
        return prices

    @app.post("/predict")
    async def predict(house: House) -> Price:
        return Price(predicted_price=price([house])[0])

    @app.post("/predict_batch")
    async def predict_batch(given: list[House]) -> Prices:
        return Prices(predicted_prices=price(given))

    return app


def _scaler(metadata: Metadata, files: dict[str, bytes]) -> Any:
    from sklearn.preprocessing import StandardScaler

    known = read_scaler(files[SCALER])
    scaler = StandardScaler()
    scaler.mean_, scaler.scale_ = np.asarray(known.mean), np.asarray(known.scale)
    scaler.var_, scaler.n_features_in_ = scaler.scale_**2, len(metadata.features)
    return scaler


def _model(files: dict[str, bytes]) -> Any:
    from xgboost import XGBRegressor

    model = XGBRegressor(n_jobs=1)
    model.load_model(bytearray(files[MODEL]))
    model.set_params(n_jobs=1)
    return model
