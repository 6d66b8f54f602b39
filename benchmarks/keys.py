"""The API key of the benchmark."""

from typing import Any

from serving.settings import Settings

KEY_HEADER = "X-API-Key"
CALLS_A_MINUTE = 1_000_000


def key_for_benchmark(settings: Settings) -> str | None:
    """A new key whose limit the benchmark does not reach, or None: the service has no keys yet."""
    try:
        from serving import keys  # type: ignore[attr-defined, unused-ignore]
    except ImportError:
        return None
    known: Any = settings
    made: str = keys.make_key(known.api_keys, "benchmark", CALLS_A_MINUTE)
    return made
