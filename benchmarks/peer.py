"""The peer of the serving benchmark: the common FastAPI service for a scikit-learn style model, written fairly.

Pydantic validates the thirteen features with the contract's ranges; the scaler's `transform` and `XGBRegressor.predict`
answer, with one thread, since XGBoost's own threads make a single row many times slower.
"""

import os
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel, Field

from serving.bundle import MODEL, SCALER, Metadata, read_bundle, read_scaler


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
    """The answer."""

    predicted_price: float


def create() -> FastAPI:
    """The application, on the bundle that the variable PEER_BUNDLE names."""
    metadata, files = read_bundle(Path(os.environ["PEER_BUNDLE"]))
    scaler, model = _scaler(metadata, files), _model(files)
    app = FastAPI()

    @app.post("/predict")
    def predict(house: House) -> Price:
        row = np.array([[getattr(house, name) for name in metadata.features]])
        return Price(predicted_price=float(model.predict(scaler.transform(row))[0]))

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


def rows(count: int) -> list[bytes]:
    """Bodies for the peer; the same houses that our service is asked for."""
    return [msgspec.json.encode(house) for house in houses(count)]


def houses(count: int) -> list[dict[str, float]]:
    """The first houses of the packaged data."""
    from mlxtend.data import boston_housing_data

    X, _ = boston_housing_data()
    return [dict(zip(House.model_fields, row.tolist(), strict=True)) for row in X[:count]]
