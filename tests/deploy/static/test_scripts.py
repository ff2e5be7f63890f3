"""The shell scripts: read by shellcheck, and run."""

import os
import signal
import subprocess
import unittest
import urllib.request
from pathlib import Path

from common import BINARY, DEADLINE_S, DEPLOY, ROOT, SIMULATOR, Running, run, until

XVFB = DEPLOY / "start-with-xvfb.sh"
HEALTHCHECK = DEPLOY / "healthcheck.sh"
SCRIPTS = [XVFB, HEALTHCHECK, ROOT / ".ci/install", ROOT / ".ci/run", ROOT / "tests/simulator/sandbox"]
SCRIPTS += [ROOT / "tests/simulator/conversation"]
SCRIPTS += [DEPLOY / "deb" / name for name in ("build", "postinst", "prerm", "postrm")]
NOWHERE = {"PATH": os.environ["PATH"], "SESSION_MANAGER": str(BINARY)}


class Scripts(unittest.TestCase):
    def test_shellcheck_finds_nothing(self):
        answer = run("shellcheck", *SCRIPTS)
        self.assertEqual((answer.returncode, answer.stdout), (0, ""))

    def test_all_can_be_run(self):
        for script in SCRIPTS:
            self.assertTrue(os.access(script, os.X_OK), script)

    def test_the_healthcheck_tells_alive_from_gone(self):
        service = Running(self, [BINARY], {"PATH": os.environ["PATH"], "AUTO_CONNECT": "false"})
        port = service.says(r'"address":"http://127\.0\.0\.1:(\d+)"')[1]
        self.assertEqual(run(HEALTHCHECK, env={"PORT": port}).returncode, 0)
        self.assertEqual(service.end(), 0)
        self.assertNotEqual(run(HEALTHCHECK, env={"PORT": port}).returncode, 0)


class Xvfb(unittest.TestCase):
    def refused(self, code, words, arguments=(), **environment):
        answer = run(XVFB, *arguments, env=NOWHERE | environment, stdin=subprocess.DEVNULL)
        self.assertEqual(answer.returncode, code, answer.stdout)
        self.assertIn(words, answer.stdout)

    def test_refuses_to_run_under_a_supervisor(self):
        self.refused(64, "not under PM2", pm_id="0")
        self.refused(64, "not under systemd", INVOCATION_ID="0123")
        self.refused(64, "not under systemd", NOTIFY_SOCKET="/run/systemd/notify")

    def test_refuses_what_is_meant_for_node(self):
        for argument in ("--max-old-space-size=4096", "--inspect", "server.js", "-r", "node"):
            self.refused(64, f"{argument} is meant for Node", [argument])
        self.refused(64, "NODE_OPTIONS", NODE_OPTIONS="--inspect")

    def test_refuses_where_it_is_of_no_use(self):
        self.refused(64, "there is a screen here already", DISPLAY=":0")
        self.refused(69, "build it", SESSION_MANAGER="/nowhere/session-manager")

    def test_passes_the_commands_code_on(self):
        self.refused(64, "unrecognized subcommand 'fly'", ["fly"])

    def test_opens_a_window_and_closes_it_in_order(self):
        simulator = Running(self, [SIMULATOR, "--time-scale", "0.1"], {"PATH": os.environ["PATH"]})
        page = simulator.says(r"(http://\S+)")[1]
        started = Running(self, [XVFB], NOWHERE | {"WHATSAPP_WEB_URL": page})
        address = started.says(r'"address":"(http://127\.0\.0\.1:\d+)"')[1]
        started.says("LOGIN_MODE=local")
        started.says('"to":"QR_REQUIRED"')
        with urllib.request.urlopen(f"{address}/status", timeout=DEADLINE_S) as answer:
            self.assertEqual(answer.status, 200)
        flags = until("Chromium", lambda: browser_of(started.folder))
        self.assertFalse([flag for flag in flags if flag.startswith("--headless")])
        self.assertEqual(started.end(), 0)
        self.assertIn('"message":"closed Chrome","cleanly":true', started.log())
        # The simulator ends by Ctrl-C only.
        simulator.process.send_signal(signal.SIGINT)
        self.assertEqual(simulator.process.wait(DEADLINE_S), 0)


def browser_of(folder):
    """The flags of the browser on a login's folder."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{entry}/cmdline").read_text().split("\0")
        except OSError:
            continue
        if f"--user-data-dir={folder}/tokens/admin" in words and not any(word.startswith("--type=") for word in words):
            return words
    return None


if __name__ == "__main__":
    unittest.main()
