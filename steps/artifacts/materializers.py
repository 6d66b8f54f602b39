"""How our artifacts are stored where ZenML's own way is not enough."""

import hashlib
from typing import Any, ClassVar

import pandas as pd
from zenml.integrations.pandas.materializers.pandas_materializer import PandasMaterializer


class FrameMaterializer(PandasMaterializer):
    """Data frames whose cache key is their content, so that equal data from another run count as the same.

    ZenML's own materializer has no content hash: the step after an uncached one would never come from the cache.
    """

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (pd.DataFrame,)
    SKIP_REGISTRATION = True  # named where it is wanted: it does not replace ZenML's for everyone

    def compute_content_hash(self, data: pd.DataFrame) -> str:
        """The SHA-256, in hexadecimal, of the column names, their types and every value, the index included."""
        digest = hashlib.sha256(repr([(str(name), str(kind)) for name, kind in data.dtypes.items()]).encode())
        digest.update(pd.util.hash_pandas_object(data).to_numpy().tobytes())
        return digest.hexdigest()
