"""Schemathesis reads the OpenAPI document and calls the service: with requests that the document allows, and with requests that
it does not allow. The service must accept the first, refuse the second, and answer as the document says."""

import json
import os
import re
import unittest
import urllib.request

from common import BINARY, DEADLINE_S, SIMULATOR, Running, of_venv, run, until

FRIEND = "5491122334455"
# The longest run takes some minutes, and a loaded machine needs longer.
RUN_S = 900
CODES = ["/qr", "/qr.png", "/qr.svg", "/qr.txt", "/qr-code"]
# These routes end the session, so they are called last.
ENDS = ["/disconnect", "/logout"]
# The first route answers with ids, and the second route is called with them.
LEADS_TO = [("/send", "/messages/{id}"), ("/deliveries/dead", "/deliveries/dead/{id}/replay")]
# Besides the examples and the limits of each field, so many random requests an operation: there are some 60 operations.
BY_THEMSELVES = ["--phases=examples,coverage,fuzzing", "--max-examples=30"]
# A message that is deleted at WhatsApp stays in the log, with the time of its deletion.
ONE_AFTER_THE_OTHER = ["--phases=stateful", "--max-examples=10", "--exclude-checks=use_after_free"]
# Outside READY fewer requests are enough, because requests are read by the same code in every state.
IN_PASSING = ["--phases=examples,coverage,fuzzing", "--max-examples=20"]


def ask(url, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=DEADLINE_S) as answer:
        return json.load(answer)


def included(paths):
    return [f"--include-path={path}" for path in paths]


class Schemathesis(unittest.TestCase):
    def setUp(self):
        here = {"PATH": os.environ["PATH"]}
        simulator = Running(self, [SIMULATOR, "--time-scale", "0.05", "--code-scale", "1"], here)
        self.simulator = simulator.says(r"(http://\S+[^/\s])")[1]
        # To this call of the simulator an event has the wrong fields. It answers 400, and the event becomes a dead letter.
        settings = {"WHATSAPP_WEB_URL": self.simulator, "WEBHOOK_URLS": f"{self.simulator}/control/edit"}
        pacing = {"SEND_RATE_PER_MINUTE": "0", "SEND_PAUSE_MS": "0"}
        service = Running(self, [BINARY], here | settings | pacing)
        self.service = service.says(r'"address":"(http://127\.0\.0\.1:\d+)"')[1]
        self.folder = service.folder

    def until_state(self, state):
        until(state, lambda: ask(f"{self.service}/status")["state"] == state)

    def phone(self, operation, **fields):
        return ask(f"{self.simulator}/control/{operation}", fields)

    def link(self):
        ask(f"{self.service}/qr?wait=30")
        self.phone("scan")
        self.until_state("READY")

    def talk(self):
        """Fills the log: messages of several kinds, an edit, a reaction, an acknowledgement."""
        self.phone("burst", n=3, message={"from": FRIEND, "body": "hola"})
        self.phone("incoming", **{"from": FRIEND, "body": "hola", "group": "120363000000000001@g.us"})
        self.phone("edit", message="last", body="hola a todos")
        self.phone("reaction", message="last", **{"from": FRIEND}, emoji="👍")
        self.phone("from-phone", to=FRIEND, body="ya voy")
        self.phone("ack", message="last", ack=3)
        until("dead letters", lambda: ask(f"{self.service}/deliveries/dead")["items"])

    def agree(self, *arguments):
        """Checks that Schemathesis finds nothing, and returns the number of requests that it sent."""
        environment = os.environ | {"SIMULATOR": self.simulator, "HYPOTHESIS_STORAGE_DIRECTORY": f"{self.folder}/hypothesis"}
        # The body of /send has one content of several, which Schemathesis finds slowly.
        patience = "--suppress-health-check=too_slow"
        answer = run(of_venv("st"), "run", f"{self.service}/openapi.json", patience, *arguments, env=environment, timeout=RUN_S)
        self.assertEqual(answer.returncode, 0, answer.stdout)
        tried = re.search(r"(\d+) generated, \1 passed", answer.stdout)
        self.assertIsNotNone(tried, answer.stdout)
        return int(tried[1])

    def test_it_does_what_its_document_says(self):
        self.until_state("QR_REQUIRED")
        ask(f"{self.service}/qr?wait=30")
        # While there is a code to type, there is none to scan, and `wait` would wait for one. So these are two runs.
        waiting = [self.agree(*IN_PASSING, *included(paths)) for paths in (CODES, ["/pairing-code"])]
        ask(f"{self.service}/pairing-code", method="DELETE")
        self.link()
        self.talk()
        ready = self.agree(*BY_THEMSELVES, *[f"--exclude-path={path}" for path in ENDS])
        chains = [self.agree(*ONE_AFTER_THE_OTHER, *included(pair)) for pair in LEADS_TO]
        self.until_state("READY")
        ending = self.agree(*IN_PASSING, *included(ENDS))
        print(f"schemathesis: {sum(waiting)} requests for a code, {ready} in READY, {sum(chains)} in chains, {ending} at the end")
        self.assertGreater(ready, 1000)


if __name__ == "__main__":
    unittest.main()
