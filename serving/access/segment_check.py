"""Whether the houses that a key is kept to exist in the contract at all."""

from collections.abc import Sequence

from serving.client import Segment
from serving.contract import HOUSE_FEATURES, read_feature_view
from serving.errors import KeysError
from serving.settings import Settings


def check_segments(segments: Sequence[Segment], settings: Settings) -> None:
    """Nothing, if every segment is of a stored feature and meets its range.

    Raises:
        KeysError: a column is not in the contract, so that the key would be refused everything; or no house that the
            contract allows is in a range.
        ContractError: the registry has no features yet.
    """
    features = {spec.name: spec for spec in read_feature_view(settings.feature_store(), HOUSE_FEATURES)}
    for one in segments:
        spec = features.get(one.column)
        if spec is None:
            raise KeysError(f"--segment {one.words}: wanted one of {', '.join(features)}; got {one.column!r}.")
        if one.high < spec.minimum or one.low > spec.maximum:
            raise KeysError(f"--segment {one.words}: no house is there, since {one.column} is {spec.allowed}.")
