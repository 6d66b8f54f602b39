"""What Seldon's own Python client sends otherwise than other clients of the REST service.

Its transport for a microservice posts the message in the field `json` of a form, and gives its caller no way to set a
header; a key can then only stand in the address, which makes it the password of HTTP Basic authentication:
`SeldonClient(microservice_endpoint="key:THE-KEY@host:9000")`.
"""

import base64
import binascii
from typing import Any
from urllib.parse import parse_qs

from serving.errors import MalformedError

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20


def message_of_form(body: bytes) -> bytes:
    """The message in the form's field `json`.

    Raises:
        MalformedError: the body is no such form.
    """
    wanted = f"Wanted one field `json` with the message in a body of the type {FORM}"
    try:
        fields = parse_qs(body.decode("ascii"), errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as err:
        raise MalformedError(f"{wanted}; the body is no such form. Or send the message as application/json.") from err
    messages = fields.get("json", [])
    if len(messages) != 1:
        raise MalformedError(f"{wanted}; it has {len(messages)}. Or send the message as application/json.")
    return messages[0].encode()


def presented_key(environ: dict[str, Any]) -> str | None:
    """The key of a WSGI request: the header X-API-Key, or the password of HTTP Basic authentication."""
    if (key := environ.get("HTTP_X_API_KEY")) is not None:
        return str(key)
    scheme, _, credentials = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return None
