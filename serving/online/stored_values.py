"""Values, keys and times as our online stores keep them, and as Feast's protocol has them."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from feast.infra.key_encoding_utils import serialize_entity_key
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.value_type import ValueType

if TYPE_CHECKING:
    from feast import FeatureView, Field

Row = tuple[Any, ...]
Written = tuple[EntityKey, dict[str, Value], datetime, datetime | None]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
WHOLE = (ValueType.INT64, ValueType.INT32)
KINDS = {
    ValueType.DOUBLE: "double_val",
    ValueType.FLOAT: "float_val",
    ValueType.INT64: "int64_val",
    ValueType.INT32: "int32_val",
    ValueType.STRING: "string_val",
    ValueType.BOOL: "bool_val",
}
SIMPLE = frozenset(KINDS.values())
NUMBERS = frozenset(SIMPLE - {"string_val"})


def kind_of(field: "Field") -> str | None:
    """The member of Feast's Value that a field's values are in; None if they are no plain ones."""
    return KINDS.get(field.dtype.to_value_type())


def has_whole_number_key(view: "FeatureView") -> bool:
    """Whether the view's entities are told apart by one whole number."""
    columns = view.entity_columns
    return len(columns) == 1 and columns[0].dtype.to_value_type() in WHOLE


def takes_plain_rows(view: "FeatureView") -> bool:
    """Whether the view can be written as rows of plain numbers: key, times, features."""
    return has_whole_number_key(view) and all(kind_of(field) in NUMBERS for field in view.features)


def entity_id(entity: EntityKey, version: int, *, whole: bool) -> int | bytes:
    """The entity's number, or Feast's serialized key."""
    if whole:
        value = entity.entity_values[0]
        return int(getattr(value, value.WhichOneof("val")))
    return serialized_key(entity, version)


def serialized_key(entity: EntityKey, version: int) -> bytes:
    """Feast's serialized key."""
    key: bytes = serialize_entity_key(entity, entity_key_serialization_version=version)
    return key


def cell_of(value: Value | None) -> Any:
    """A value as SQLite keeps it: a number or text as it is, a missing one as None, another one serialized."""
    kind = None if value is None else value.WhichOneof("val")
    if kind is None:
        return None
    return getattr(value, kind) if kind in SIMPLE else value.SerializeToString()  # type: ignore[union-attr]


def value_of(kind: str | None, cell: Any) -> Value:
    """What `cell_of` was given."""
    if cell is None:
        return Value()
    if kind is None:
        value: Value = Value.FromString(cell)
        return value
    member: Any = {kind: bool(cell) if kind == "bool_val" else cell}
    return Value(**member)


def microseconds(moment: datetime) -> int:
    """Since 1970; a time without a zone is UTC, as everywhere in Feast."""
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND
