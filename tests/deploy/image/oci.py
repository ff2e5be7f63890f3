"""crun, the smallest of the engines' runtimes, without an engine."""

import json
import os
import subprocess
import time
from pathlib import Path

DEADLINE_S = 60


def crun(*arguments):
    """The command that runs it; its control groups are looked at and not used."""
    alone = 'umount -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec crun --cgroup-manager=disabled "$@"'
    return ["unshare", "--mount", "/bin/sh", "-c", alone, "crun", *map(str, arguments)]


class Container:
    """Runs a bundle from here to the end of a `with`."""

    def __init__(self, folder, name):
        self.folder = folder
        self.name = name

    def __enter__(self):
        log = (self.folder / "log").open("w")
        self.process = subprocess.Popen(crun("run", "--bundle", self.folder, self.name), stdout=log, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_):
        subprocess.run(crun("delete", "--force", self.name), check=False, capture_output=True)
        self.process.wait()

    def run(self, *command):
        """A command inside: its exit code and what it said."""
        answer = subprocess.run(crun("exec", self.name, *command), check=False, capture_output=True, text=True, timeout=DEADLINE_S)
        return answer.returncode, answer.stdout.strip()

    def first(self):
        """Its process 1, by its number here."""
        return json.loads(subprocess.run(crun("state", self.name), check=True, capture_output=True).stdout)["pid"]

    def processes(self):
        """All in it, by their numbers here: pid → arguments. By descent, for Chromium makes process namespaces too."""
        parents, found = {}, {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                parents[int(pid)] = int(Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[1])
                found[int(pid)] = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            except OSError:
                continue
        inside, size = {self.first()}, 0
        while size < len(inside):
            size = len(inside)
            inside |= {pid for pid, parent in parents.items() if parent in inside}
        return {pid: found[pid] for pid in inside if pid in found}

    def log(self):
        return (self.folder / "log").read_text()


def bundle(folder, root, changes):
    """Writes a bundle: crun's own example, on the network of this machine, with `changes(config)` made to it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").unlink(missing_ok=True)
    subprocess.run(["crun", "spec"], cwd=folder, check=True)
    config = json.loads((folder / "config.json").read_text())
    config["root"] = {"path": str(root), "readonly": True}
    config["process"]["terminal"] = False
    config["linux"]["namespaces"] = [one for one in config["linux"]["namespaces"] if one["type"] != "network"]
    changes(config)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def until(what, probe):
    """Waits for something; there is no event for it."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := probe()):
        assert time.monotonic() < deadline, f"waited for {what} in vain"
        time.sleep(0.05)
    print(f"    {what}", flush=True)
    return found
