"""Tells Schemathesis what the OpenAPI document cannot say."""

import json
import os
import re
import urllib.request

import schemathesis
from schemathesis.core.failures import ServerError
from schemathesis.openapi.checks import RejectedPositiveData

# A request that the document allows can still be refused: because of who is on WhatsApp, because of an earlier request,
# because WhatsApp itself refuses the number or does not allow something with a message, because two of its fields name different recipients or keys, because of what a
# file holds, because its address cannot be reached, because the way that it names is not set up here, or
# because Meta has rules for templates that a schema cannot say.
UNFORESEEN = {
    "CONTRADICTION",
    "DELIVERY_BUSY",
    "EDIT_NOT_POSSIBLE",
    "FORWARD_NOT_POSSIBLE",
    "IDEMPOTENCY_CONFLICT",
    "INVALID_MEDIA",
    "MEDIA_FETCH_FAILED",
    "MEDIA_QUOTA",
    "MEDIA_TYPE",
    "MEDIA_URL_REFUSED",
    "NOT_ON_WHATSAPP",
    "NOT_POSSIBLE_VIA_CLOUD",
    "NOT_POSSIBLE_VIA_WEB",
    "REPLY_NOT_POSSIBLE",
    "REVOKE_NOT_POSSIBLE",
    "TEMPLATE_INVALID",
    "VIA_NOT_CONFIGURED",
    "VOICE_FORMAT",
}
WHATSAPPS_WORDS = "WhatsApp does not take this number"


@schemathesis.hook
def filter_failure(_context, failure, _case, response):
    """Keeps every failure but such refusals."""
    if not isinstance(failure, (RejectedPositiveData, ServerError)):
        return True
    body = response.json()
    # Schemathesis writes names of fields into a form that no form can have, such as control characters.
    kind = response.request.headers.get("Content-Type") or ""
    if body["code"] == "INVALID_JSON" and str(kind).startswith("multipart/form-data"):
        return False
    return not (body["code"] in UNFORESEEN or body["message"].startswith(WHATSAPPS_WORDS))


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """Adds the recipient to the simulated WhatsApp. Otherwise every message would be refused."""
    if case.operation.label != "POST /send" or not isinstance(case.body, dict):
        return
    for recipient in (case.body.get("number"), case.body.get("to")):
        if isinstance(recipient, float) and recipient.is_integer():
            recipient = int(recipient)
        user = re.sub(r"@c\.us *$", "", str(recipient))
        digits = re.sub(r"[^0-9]", "", user)
        if "@" not in user and 7 <= len(digits) <= 15:
            person = json.dumps({"number": digits}).encode()
            urllib.request.urlopen(f"{os.environ['SIMULATOR']}/control/person", data=person, timeout=10).close()


@schemathesis.deserializer("image/png")
def picture(_context, response):
    """A picture as text, one character for each byte. The document describes it as a string."""
    return response.content.decode("latin-1")
