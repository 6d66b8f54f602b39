"""Which houses a canary answers for: always the same ones, wherever and however they are asked for."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from serving.pricing.predictor import Matrix

BYTES = 8
RANGE = 2.0 ** (8 * BYTES)


class Draw:
    """A draw of houses by a keyed hash: whoever has the salt draws the same houses, in any process, at any time.

    A house's place between 0 and 1 does not change; it is drawn while the place is below the share. So a larger share
    only adds houses.

    Args:
        salt: the key, in hexadecimal digits.
        share: of the houses, 0 to 1.
    """

    def __init__(self, salt: str, share: float) -> None:
        self.share = share
        self._key = bytes.fromhex(salt)

    def keys(self, house_ids: Sequence[int] | None, raw: Matrix) -> list[int]:
        """The number of each row's house, 0 to 2^64: of its id, or where none was sent of its features.

        Args:
            raw: (n, k) the features that the champion prices.
        """
        if house_ids is not None:
            return [self._number(b"house", house_id.to_bytes(BYTES, "little", signed=True)) for house_id in house_ids]
        rows = np.ascontiguousarray(raw + 0.0)  # -0 is 0
        return [self._number(b"features", row.tobytes()) for row in rows]

    def drawn(self, keys: Sequence[int]) -> list[int]:
        """The rows whose house is drawn."""
        return [row for row, key in enumerate(keys) if key / RANGE < self.share]

    def _number(self, kind: bytes, data: bytes) -> int:
        return int.from_bytes(blake2b(data, digest_size=BYTES, key=self._key, person=kind).digest(), "little")
