"""Where things are, and how the tools are run."""

import os
import subprocess
import sys
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
