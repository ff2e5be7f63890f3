"""The unit, the user and the files, as systemd's own tools read them."""

import json
import os
import re
import tempfile
import unittest
from pathlib import Path

from common import BINARY, DEPLOY, run

UNIT = (DEPLOY / "systemd/session-manager.service").read_text()
# systemd's scale is 0 (safe) to 10; with the network and Chromium's sandbox there is little below this. One decimal of
# room for the differences between its versions.
EXPOSURE_MAX = 2.0


class Systemd(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.unit = self.folder / "session-manager.service"
        # The program has to be where the unit says; on this machine it need not be installed.
        self.unit.write_text(UNIT.replace("ExecStart=session-manager", f"ExecStart={BINARY}"))

    def test_the_unit_is_correct(self):
        answer = run("systemd-analyze", "verify", self.unit)
        self.assertEqual((answer.returncode, answer.stdout), (0, ""))

    def test_the_unit_is_hardened(self):
        if int(re.search(r"systemd (\d+)", run("systemd-analyze", "--version").stdout)[1]) < 250:
            self.skipTest("this systemd cannot look at a unit that is not installed")
        threshold = f"--threshold={round(EXPOSURE_MAX * 10)}"
        answer = run("systemd-analyze", "security", "--offline=true", "--no-pager", threshold, self.unit)
        score = re.search(r"Overall exposure level for \S+: ([\d.]+)", answer.stdout)
        open_ = "\n".join(line for line in answer.stdout.splitlines() if not line.startswith("✓"))
        self.assertIsNotNone(score, open_)
        print(f"systemd-analyze security: {score[1]}")
        self.assertEqual(answer.returncode, 0, open_)
        self.assertNotIn("Unknown", answer.stdout)

    def test_the_user_and_the_settings_file_are_made(self):
        if os.geteuid() != 0:
            self.skipTest("only root gives files to another user")
        (self.folder / "etc").mkdir()
        for tool, file in (("systemd-sysusers", "sysusers"), ("systemd-tmpfiles", "tmpfiles")):
            create = ["--create"] if file == "tmpfiles" else []
            made = run(tool, f"--root={self.folder}", *create, DEPLOY / f"systemd/session-manager.{file}")
            self.assertEqual((made.returncode, "rror" in made.stdout), (0, False), made.stdout)
        users = [line.split(":") for line in (self.folder / "etc/passwd").read_text().splitlines()]
        [(_, _, _, group, _, home, shell)] = [user for user in users if user[0] == "session-manager"]
        self.assertEqual((home, shell), ("/var/lib/session-manager", "/usr/sbin/nologin"))
        settings = self.folder / "etc/session-manager/environment"
        for path, mode in ((settings, 0o640), (settings.parent, 0o750)):
            found = path.stat()
            self.assertEqual((found.st_mode & 0o777, found.st_uid, found.st_gid), (mode, 0, int(group)), path)

    def test_the_journal_is_told_how_serious_a_line_is(self):
        environment = {"PORT": "1", "HOST": "192.0.2.1", "API_TOKEN": "0123456789abcdef", "NODE_ENV": "production"}
        environment |= {"TOKENS_DIR": f"{self.folder}/tokens", "DATA_DIR": f"{self.folder}/data"}
        with (self.folder / "journal").open("w+") as journal:
            place = os.fstat(journal.fileno())
            environment["JOURNAL_STREAM"] = f"{place.st_dev}:{place.st_ino}"
            self.assertEqual(run(BINARY, env=environment, stdout=journal).returncode, 69)
            journal.seek(0)
            lines = journal.read().splitlines()
        self.assertEqual({line[:3] for line in lines}, {"<3>", "<6>"})
        self.assertEqual([json.loads(line[3:])["level"] for line in lines if line[:3] == "<3>"], ["ERROR"])
        # What merely inherits the variable writes elsewhere.
        self.assertEqual(run(BINARY, env=environment).stdout[:1], "{")


if __name__ == "__main__":
    unittest.main()
