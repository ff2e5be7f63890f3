"""The service and the simulator's phone, over HTTP."""

import json
import urllib.error
import urllib.request

from oci import until

PORT, SIMULATOR_PORT = 13001, 13002
TOKEN = "a-token-for-this-trial-only"
SETTINGS = {"PORT": str(PORT), "API_TOKEN": TOKEN, "WHATSAPP_WEB_URL": f"http://127.0.0.1:{SIMULATOR_PORT}/"}
SIMULATOR_ARGUMENTS = ["--port", str(SIMULATOR_PORT), "--time-scale", "0.1"]


def ask(port, path, body=None):
    headers = {"authorization": f"Bearer {TOKEN}"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers, data=data)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ConnectionError) as error:
        return {"error": str(error)}


def state(wanted):
    return lambda: ask(PORT, "/status").get("status") == wanted


def link():
    until("a code", state("QR_REQUIRED"))
    until("scanned", lambda: "device" in ask(SIMULATOR_PORT, "/control/scan", {}))


def devices():
    """How many times a phone was linked."""
    return len(ask(SIMULATOR_PORT, "/control/record")["links"])
