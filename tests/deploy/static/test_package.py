"""The package for Debian and Ubuntu: made, installed over a copy of this machine's files, run, and removed."""

import json
import os
import re
import signal
import subprocess
import tempfile
import tomllib
import unittest
import urllib.request

from common import DEPLOY, ROOT, run
from test_scripts import until

UNIT = "session-manager.service"
SETTINGS = "/etc/session-manager/environment"
STATE = "/var/lib/session-manager"
# Where the package lies on the copy of this machine.
PACKAGE = "/tmp/package-under-test.deb"
HELD = {
    "usr/bin/session-manager": "-rwxr-xr-x",
    f"usr/lib/systemd/system/{UNIT}": "-rw-r--r--",
    "usr/lib/sysusers.d/session-manager.conf": "-rw-r--r--",
    "usr/lib/tmpfiles.d/session-manager.conf": "-rw-r--r--",
    "usr/share/bash-completion/completions/session-manager": "-rw-r--r--",
    "usr/share/zsh/vendor-completions/_session-manager": "-rw-r--r--",
    "usr/share/fish/vendor_completions.d/session-manager.fish": "-rw-r--r--",
    "usr/share/man/man1/session-manager.1.gz": "-rw-r--r--",
    "usr/share/man/man1/session-manager-doctor.1.gz": "-rw-r--r--",
    "usr/share/doc/session-manager/copyright": "-rw-r--r--",
}

# The files of this machine lie below, and whatever is written goes to memory. Nothing of /run is seen in it: no systemd
# is told of a service that is installed only here.
ROOT_SCRIPT = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for folder in proc dev; do mount --rbind "/$folder" "$1/root/$folder"; done
for folder in run tmp; do mount -t tmpfs tmpfs "$1/root/$folder"; done
cp "$2" "$1/root$3"
exec chroot "$1/root" sh -c 'echo ready && exec cat'
"""


class Machine:
    """Commands run on a copy of this machine, which is gone afterwards."""

    def __init__(self, test, package):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        command = ["unshare", "--mount", "--propagation=private", "sh", "-c", ROOT_SCRIPT, "sh", folder.name, str(package), PACKAGE]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.process = subprocess.Popen(command, **pipes)
        test.addCleanup(self.close)
        said = self.process.stdout.readline()
        if said != "ready\n":
            test.skipTest(f"no copy of this machine can be made here: {said.strip()}")
        # Nothing is to be installed on the machine itself.
        test.assertEqual(self.run("stat", "--file-system", "--format=%T", "/").stdout, "overlayfs\n")
        test.assertEqual(self.run("test", "-e", PACKAGE).returncode, 0)

    def inside(self, *command):
        return ["nsenter", f"--target={self.process.pid}", "--mount", "--root", "--wd=/", *command]

    def run(self, *command):
        return run(*self.inside(*command))

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # The program of the tests: it is quicker made, and packed quicker than well.
        made = run(DEPLOY / "deb/build", "dev", "--fast", "--quiet", timeout=300)
        assert made.returncode == 0, made.stdout
        [cls.package] = (ROOT / "target/dist/dev").glob("*.deb")

    def test_it_holds_what_belongs_into_it(self):
        lines = [line.split(maxsplit=5) for line in run("dpkg-deb", "--contents", self.package).stdout.splitlines()]
        held = {words[5].removeprefix("./"): words for words in lines}
        for path, mode in HELD.items():
            self.assertIn(path, held)
            self.assertEqual(held[path][:2], [mode, "0/0"], path)
        outside = [path for path in held if not path.startswith("usr/")]
        self.assertEqual(outside, [], "the settings are the administrator's, the state is the service's")

    def test_its_fields_are_the_crates(self):
        crate = tomllib.loads((ROOT / "Cargo.toml").read_text())
        field = lambda name: run("dpkg-deb", "--field", self.package, name).stdout.strip()
        self.assertEqual(field("Version").rsplit("-")[0], crate["workspace"]["package"]["version"])
        self.assertIn(crate["package"]["description"], field("Description"))
        self.assertRegex(field("Depends"), r"libc6 \(>= [\d.]+\)")
        self.assertIn("chromium", field("Recommends"))

    def test_it_is_installed_run_upgraded_and_removed(self):
        if os.geteuid() != 0:
            self.skipTest("only root installs a package")
        machine = Machine(self, self.package)

        def succeeds(*command):
            answer = machine.run(*command)
            self.assertEqual(answer.returncode, 0, f"{command}: {answer.stdout}")
            return answer.stdout

        def is_there(path):
            return machine.run("test", "-e", path).returncode == 0

        install = ("dpkg", "--force-unsafe-io", "--install", PACKAGE)
        succeeds(*install)
        self.assertEqual(succeeds("stat", "--format=%a %U %G", SETTINGS), "640 root session-manager\n")
        self.assertEqual(machine.run("systemctl", "is-enabled", UNIT).stdout, "enabled\n")
        self.assertEqual(succeeds("systemd-analyze", "verify", f"/usr/lib/systemd/system/{UNIT}"), "")
        completes = "source /usr/share/bash-completion/completions/session-manager && complete -p session-manager"
        self.assertIn("session-manager", succeeds("bash", "-c", completes))
        self.assertIn(".TH session-manager 1", succeeds("gzip", "-dc", "/usr/share/man/man1/session-manager.1.gz"))

        self.runs(machine, succeeds)

        succeeds("sh", "-c", f"echo LOG_LEVEL=debug >{SETTINGS}")
        # Who disabled it wants it so after an upgrade too.
        succeeds("systemctl", "disable", UNIT)
        succeeds(*install)
        self.assertEqual(succeeds("cat", SETTINGS), "LOG_LEVEL=debug\n")
        self.assertEqual(machine.run("systemctl", "is-enabled", UNIT).stdout, "disabled\n")

        succeeds("dpkg", "--remove", "session-manager")
        self.assertFalse(is_there("/usr/bin/session-manager"))
        self.assertTrue(is_there(SETTINGS))
        said = succeeds("dpkg", "--purge", "session-manager")
        self.assertIn(STATE, said)
        self.assertFalse(is_there("/etc/session-manager"))
        self.assertTrue(is_there(f"{STATE}/data/store"), "nobody deletes a login by accident")
        self.assertEqual(succeeds("find", "/etc/systemd/system", "-name", f"*{UNIT}*"), "")

    def runs(self, machine, succeeds):
        """The installed program, as the unit would run it."""
        unit = succeeds("cat", f"/usr/lib/systemd/system/{UNIT}")
        environment = re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)
        words = [word for line in environment for word in line.split()]
        [command] = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
        succeeds("install", "-d", "-o", "session-manager", "-g", "session-manager", "-m", "700", STATE)
        as_user = ["setpriv", "--reuid=session-manager", "--regid=session-manager", "--clear-groups"]
        settings = [*words, "PORT=0", "HOST=127.0.0.1", "AUTO_CONNECT=false", "PATH=/usr/bin"]
        with tempfile.TemporaryFile("w+") as log:
            started = subprocess.Popen(machine.inside(*as_user, "env", "-i", *settings, command), stdout=log, stderr=log)

            def address():
                log.seek(0)
                lines = [json.loads(line) for line in log.read().splitlines() if line.startswith("{")]
                return next((line["address"] for line in lines if line["message"] == "listening"), None)

            try:
                with urllib.request.urlopen(f"{until('the address', address)}/health", timeout=10) as answer:
                    self.assertEqual(json.load(answer)["status"], "ok")
            finally:
                started.send_signal(signal.SIGTERM)
            self.assertEqual(started.wait(timeout=20), 0)


if __name__ == "__main__":
    unittest.main()
