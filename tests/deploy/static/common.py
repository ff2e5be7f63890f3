"""Where things are, and how the tools are run."""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
BINARY = Path(os.environ.get("SESSION_MANAGER_BIN", ROOT / "target/debug/session-manager"))
SIMULATOR = Path(os.environ.get("SIMULATOR_BIN", ROOT / "target/debug/whatsapp-simulator"))
# Longest wait for a tool: a loaded machine needs seconds where this one needs tenths.
DEADLINE_S = 60


def run(*command, **options):
    """What a tool answers, its two outputs in one."""
    defaults = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "timeout": DEADLINE_S}
    return subprocess.run([str(word) for word in command], check=False, **(defaults | options))


def promtool():
    """Installed, or taken out of Debian's package by .ci/install: that package would also start a server."""
    taken = ROOT / "target/tools/promtool"
    return taken if taken.exists() else "promtool"


def of_venv(name):
    """A program that came with the requirements."""
    return Path(sys.executable).parent / name


def settings():
    """The names of the settings that the program knows."""
    table = run(BINARY, "config", env={}).stdout
    return {line.split()[0] for line in table.splitlines() if line}


def until(what, probe):
    deadline = time.monotonic() + DEADLINE_S
    while not (found := probe()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited for {what} in vain")
        time.sleep(0.05)
    return found


class Running:
    """A program with its output in a file."""

    def __init__(self, test, command, environment):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        places = {"TOKENS_DIR": f"{self.folder}/tokens", "DATA_DIR": f"{self.folder}/data", "HOME": str(self.folder), "PORT": "0"}
        with (self.folder / "log").open("w") as log:
            environment = {"HOST": "127.0.0.1", "NODE_ENV": "production", **places, **environment}
            self.process = subprocess.Popen(list(map(str, command)), env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        test.addCleanup(self.end)

    def log(self):
        return (self.folder / "log").read_text()

    def says(self, pattern):
        return until(pattern, lambda: re.search(pattern, self.log()))

    def end(self):
        self.process.terminate()
        try:
            return self.process.wait(DEADLINE_S)
        finally:
            self.process.kill()
