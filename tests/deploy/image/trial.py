"""Runs the built image as an engine would: crun, an ordinary user, no capabilities, a read-only root, our seccomp
profile; links the simulator's phone, and looks at what is left when the browser and the service end."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import dockerfile
from oci import DEADLINE_S, Container, bundle, until
from service import PORT, SETTINGS, SIMULATOR_ARGUMENTS, SIMULATOR_PORT, TOKEN, ask, devices, link, state

ROOT = Path(__file__).resolve().parents[3]


def bundled(image, folder, arguments, environment):
    """An image as deploy/compose.yaml has it run."""
    user, group = map(int, image.settings["USER"].split(":"))

    def changes(config):
        config["process"] |= {
            "user": {"uid": user, "gid": group},
            "args": dockerfile.exec_form(image.settings["ENTRYPOINT"]) + arguments,
            "env": [f"{name}={value}" for name, value in (image.environment | environment).items()],
            "cwd": image.workdir,
            "capabilities": {},
            "noNewPrivileges": True,
        }
        config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] != "/sys/fs/cgroup"]
        config["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "noexec"]})
        for volume in dockerfile.exec_form(image.settings.get("VOLUME", "[]")):
            place = folder / "volumes" / Path(volume).name
            place.mkdir(parents=True, exist_ok=True)
            subprocess.run(["find", place, "-mindepth", "1", "-delete"], check=True)
            # An engine makes a new volume like the folder it covers.
            covered = image.inside(volume).stat()
            os.chown(place, covered.st_uid, covered.st_gid)
            config["mounts"].append({"destination": volume, "type": "bind", "source": str(place), "options": ["bind", "rw"]})
        profile = json.loads((ROOT / "deploy/seccomp/chromium.json").read_text())
        config["linux"]["seccomp"] = without_comments(profile)
        config["linux"]["namespaces"] = [one for one in config["linux"]["namespaces"] if one["type"] != "cgroup"]

    return bundle(folder, image.root, changes)


def without_comments(value):
    if isinstance(value, dict):
        return {name: without_comments(one) for name, one in value.items() if name != "comment"}
    return [without_comments(one) for one in value] if isinstance(value, list) else value


def is_sandboxed(running):
    """Chromium's renderers are in a user namespace of their own and under filters of their own."""
    processes, first = running.processes(), running.first()
    assert not any("--no-sandbox" in words for words in processes.values())
    renderers = [pid for pid, words in processes.items() if any("--type=renderer" in word for word in words)]
    for pid in renderers:
        assert os.readlink(f"/proc/{pid}/ns/user") != os.readlink(f"/proc/{first}/ns/user"), "no user namespace"
        assert filters(pid) > filters(first), "no filter of Chromium's own"
    return renderers


def memory(running):
    """What all its processes occupy, shared pages counted once, and the service alone: in MB."""
    occupied = {}
    for pid in running.processes():
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        occupied[pid] = int(re.search(r"^Pss:\s*(\d+)", rollup, re.M)[1]) // 1024
    service = sum(size for pid, size in occupied.items() if Path(f"/proc/{pid}/exe").readlink().name == "session-manager")
    return sum(occupied.values()), service


def filters(pid):
    return int(re.search(r"Seccomp_filters:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def trial(service, simulator):
    folder = service.root.parent / "trial"
    print("==> Without a token the image refuses to start", flush=True)
    with Container(bundled(service, folder / "refused", [], {}), "trial-refused") as refused:
        assert refused.process.wait(DEADLINE_S) == 78 and "API_TOKEN" in refused.log(), refused.log()
    print("==> With one, against the simulator", flush=True)
    page = bundled(simulator, folder / "simulator", SIMULATOR_ARGUMENTS, {})
    whole = bundled(service, folder / "service", [], SETTINGS)
    healthcheck = dockerfile.exec_form(service.settings["HEALTHCHECK"])
    with Container(page, "trial-simulator"):
        until("the simulator listens", lambda: "error" not in ask(SIMULATOR_PORT, "/control/state"))
        for how in ("linked", "back without a code"):
            with Container(whole, "trial-service") as running:
                until("healthy", lambda: running.run(*healthcheck)[0] == 0)
                if how == "linked":
                    link()
                until(f"READY: {how}", state("READY"))
                until("Chromium in its sandbox", lambda: is_sandboxed(running))
                print("    memory: {} MB, the service alone {} MB".format(*memory(running)), flush=True)
                ask(PORT, "/disconnect", {})
                until("no zombie and no browser: two processes", lambda: len(running.processes()) == 2)
                ask(PORT, "/connect", {})
                until("READY again", state("READY"))
                os.kill(running.first(), signal.SIGTERM)
                assert running.process.wait(DEADLINE_S) == 0, running.log()
                assert TOKEN not in running.log()
        assert devices() == 1
    print("==> All is as it should be", flush=True)
