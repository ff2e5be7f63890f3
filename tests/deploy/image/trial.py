"""Runs the built image as an engine would: crun, an ordinary user, no capabilities, a read-only root, our seccomp
profile; links the simulator's phone, and looks at what is left when the browser and the service end."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import dockerfile

ROOT = Path(__file__).resolve().parents[3]
PORT, SIMULATOR_PORT = 13001, 13002
TOKEN = "a-token-for-this-trial-only"
DEADLINE_S = 60
VOLUMES_OWNER = 10001


def bundle(image, folder, arguments, environment):
    """The OCI bundle of an image, as an engine with the flags of deploy/compose.yaml would write it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").unlink(missing_ok=True)
    subprocess.run(["crun", "spec"], cwd=folder, check=True)
    config = json.loads((folder / "config.json").read_text())
    user, group = map(int, image.settings["USER"].split(":"))
    config["root"] = {"path": str(image.root), "readonly": True}
    config["process"] |= {
        "terminal": False,
        "user": {"uid": user, "gid": group},
        "args": dockerfile.exec_form(image.settings["ENTRYPOINT"]) + arguments,
        "env": [f"{name}={value}" for name, value in (image.environment | environment).items()],
        "cwd": image.workdir,
        "capabilities": {},
        "noNewPrivileges": True,
    }
    config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] != "/sys/fs/cgroup"]
    config["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "noexec"]})
    for volume in dockerfile.exec_form(image.settings["VOLUME"]) if "VOLUME" in image.settings else []:
        place = folder / "volumes" / Path(volume).name
        place.mkdir(parents=True, exist_ok=True)
        os.chown(place, VOLUMES_OWNER, VOLUMES_OWNER)
        config["mounts"].append({"destination": volume, "type": "bind", "source": str(place), "options": ["bind", "rw"]})
    # The network of this machine, so that both see each other's loopback.
    namespaces = config["linux"]["namespaces"]
    config["linux"]["namespaces"] = [one for one in namespaces if one["type"] not in ("network", "cgroup")]
    config["linux"]["seccomp"] = without_comments(json.loads((ROOT / "deploy/seccomp/chromium.json").read_text()))
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def without_comments(value):
    if isinstance(value, dict):
        return {name: without_comments(one) for name, one in value.items() if name != "comment"}
    return [without_comments(one) for one in value] if isinstance(value, list) else value


def crun(*arguments):
    # Its control groups are looked at and not used.
    alone = "umount -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec crun --cgroup-manager=disabled \"$@\""
    return ["unshare", "--mount", "/bin/sh", "-c", alone, "crun", *arguments]


@contextmanager
def running(folder, name):
    process = subprocess.Popen(crun("run", "--bundle", str(folder), name), stdout=(folder / "log").open("w"), stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        subprocess.run(crun("delete", "--force", name), check=False, capture_output=True)
        process.wait()


def ask(port, path, body=None):
    headers = {"authorization": f"Bearer {TOKEN}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers, data=None if body is None else json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ConnectionError) as error:
        return {"error": str(error)}


def until(what, probe):
    deadline = time.monotonic() + DEADLINE_S
    while not (found := probe()):
        assert time.monotonic() < deadline, f"waited for {what} in vain"
        time.sleep(0.05)
    print(f"    {what}", flush=True)
    return found


def state(wanted):
    return lambda: ask(PORT, "/status").get("status") == wanted


def processes(first):
    """All below process 1 of a container: pid → (parent, state, arguments)."""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{entry}/ns/pid") == os.readlink(f"/proc/{first}/ns/pid"):
                fields = Path(f"/proc/{entry}/stat").read_text().rsplit(") ", 1)[1].split()
                found[int(entry)] = (int(fields[1]), fields[0], Path(f"/proc/{entry}/cmdline").read_text().split("\0"))
        except OSError:
            continue
    return found


def sandboxed(first):
    """Chromium's renderers are in a user namespace and under a filter of their own."""
    renderers = [pid for pid, (_, _, words) in processes(first).items() if "--type=renderer" in words]
    assert renderers, "no renderer runs"
    for pid in renderers:
        status = Path(f"/proc/{pid}/status").read_text()
        assert os.readlink(f"/proc/{pid}/ns/user") != os.readlink(f"/proc/{first}/ns/user"), "no user namespace"
        assert int(re.search(r"Seccomp_filters:\s*(\d+)", status)[1]) > 1, "no filter of Chromium's own"
    assert not any("--no-sandbox" in words for _, _, words in processes(first).values())


def trial(service, simulator):
    print("==> Without a token the image refuses to start", flush=True)
    folder = service.root.parent / "trial"
    refused = bundle(service, folder / "refused", [], {"PORT": str(PORT)})
    with running(refused, "trial-refused") as process:
        assert process.wait(DEADLINE_S) == 78 and "API_TOKEN" in (refused / "log").read_text()
    print("==> With one, against the simulator", flush=True)
    settings = {"PORT": str(PORT), "API_TOKEN": TOKEN, "WHATSAPP_WEB_URL": f"http://127.0.0.1:{SIMULATOR_PORT}/"}
    page = bundle(simulator, folder / "simulator", ["--port", str(SIMULATOR_PORT), "--time-scale", "0.1"], {})
    whole = bundle(service, folder / "service", [], settings)
    for name in ("tokens", "data"):
        subprocess.run(["find", whole / "volumes" / name, "-mindepth", "1", "-delete"], check=True)
    healthy = crun("exec", "trial-service", *dockerfile.exec_form(service.settings["HEALTHCHECK"]))
    with running(page, "trial-simulator"):
        until("the simulator listens", lambda: "error" not in ask(SIMULATOR_PORT, "/control/state"))
        for round_ in ("linked", "back without a code"):
            with running(whole, "trial-service") as process:
                until("healthy", lambda: subprocess.run(healthy, check=False, capture_output=True).returncode == 0)
                first = json.loads(subprocess.run(crun("state", "trial-service"), check=True, capture_output=True).stdout)["pid"]
                if round_ == "linked":
                    until("a code", state("QR_REQUIRED"))
                    until("scanned", lambda: "device" in ask(SIMULATOR_PORT, "/control/scan", {}))
                until(f"READY: {round_}", state("READY"))
                sandboxed(first)
                ask(PORT, "/disconnect", {})
                until("no zombie, no browser: two processes", lambda: len(processes(first)) == 2)
                ask(PORT, "/connect", {})
                until("READY again", state("READY"))
                os.kill(first, signal.SIGTERM)
                assert process.wait(10) == 0, "it did not stop in order"
    wrong = subprocess.run([service.root / "usr/local/bin/healthcheck"], env={"PORT": str(PORT)}, check=False, capture_output=True)
    assert wrong.returncode != 0, "what is gone is not healthy"
    print("==> All is as it should be", flush=True)
