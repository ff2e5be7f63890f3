"""The alerts on both sides of their thresholds, and a dashboard that Grafana can import and Prometheus can answer."""

import json
import re
import tempfile
import unittest
from pathlib import Path

import yaml
from common import DEPLOY, ROOT, promtool, run

ALERTS = DEPLOY / "prometheus/alerts.yaml"
DASHBOARD = json.loads((DEPLOY / "grafana/session-manager.json").read_text())
# What GET /metrics gives.
METRICS = {
    "session_manager_info": {"version"},
    "session_manager_state": {"state"},
    "session_manager_state_seconds": set(),
    "session_manager_uptime_seconds": set(),
    "process_start_time_seconds": set(),
    "process_resident_memory_bytes": set(),
    "process_cpu_seconds_total": set(),
    "session_manager_reconnections_total": {"reason"},
    "session_manager_browser_memory_bytes": set(),
    "session_manager_browser_processes": set(),
    "session_manager_profile_bytes": {"part"},
    "session_manager_heartbeat_seconds": set(),
    "session_manager_sends_total": {"outcome"},
    "session_manager_send_queue": set(),
    "session_manager_cloud_billed_total": {"category", "cliente_id"},
    "session_manager_cloud_token_accepted": set(),
    "session_manager_cloud_webhook_refused_total": set(),
    "session_manager_messages_total": {"direction"},
    "session_manager_delivery_backlog": {"target"},
    "session_manager_delivery_backlog_age_seconds": {"target"},
    "session_manager_delivery_attempts_total": {"target", "outcome"},
    "session_manager_delivery_timeouts_total": {"target"},
    "session_manager_dead_letters": {"target"},
    "session_manager_media_fetches_total": {"kind", "outcome"},
    "session_manager_media_files": set(),
    "session_manager_media_bytes": set(),
    "session_manager_media_quota_bytes": set(),
    "session_manager_limit": {"limit"},
    "session_manager_http_request_duration_seconds_bucket": {"route", "method", "status", "le"},
    "session_manager_http_request_duration_seconds_count": {"route", "method", "status"},
}
# Of Prometheus itself, and of the scrape.
GIVEN = {"up"}
GIVEN_LABELS = {"job", "instance"}


def named(expression):
    """The metrics an expression names, and those of their labels that it or its legend relies on."""
    metrics = re.findall(r"\b(?:session_manager|process)_\w+|\bup\b", expression)
    braces = ",".join(re.findall(r"\{([^}]*)\}", expression))
    labels = re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", braces)
    labels += [label.strip() for group in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression) for label in group.split(",") if label.strip()]
    return set(metrics), set(labels)


class Watching(unittest.TestCase):
    def check(self, where, expression, legend=""):
        metrics, labels = named(expression)
        labels |= set(re.findall(r"\{\{\s*(\w+)\s*\}\}", legend))
        self.assertTrue(metrics, where)
        self.assertLessEqual(metrics, set(METRICS) | GIVEN, where)
        known = GIVEN_LABELS.union(*(METRICS.get(metric, set()) for metric in metrics))
        self.assertLessEqual(labels, known, where)

    def test_the_alerts_are_correct_and_fire_at_their_thresholds(self):
        for command in (("check", "rules", ALERTS), ("test", "rules", ROOT / "tests/deploy/prometheus/alerts.test.yaml")):
            answer = run(promtool(), *command)
            self.assertEqual(answer.returncode, 0, answer.stdout)

    def test_every_alert_is_tried_and_says_what_to_do(self):
        [group] = yaml.safe_load(ALERTS.read_text())["groups"]
        tests = yaml.safe_load((ROOT / "tests/deploy/prometheus/alerts.test.yaml").read_text())["tests"]
        fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
        quiet = {case["alertname"] for test in tests for case in test["alert_rule_test"] if not case["exp_alerts"]}
        for rule in group["rules"]:
            self.check(rule["alert"], rule["expr"])
            self.assertIn(rule["alert"], fired & quiet)
            self.assertIn(rule["labels"]["severity"], {"critical", "warning"})
            self.assertTrue(rule["annotations"]["summary"] and rule["annotations"]["description"].endswith("."), rule["alert"])

    def test_the_scrape_configuration_is_correct(self):
        file = DEPLOY / "prometheus/prometheus.yaml"
        answer = run(promtool(), "check", "config", "--syntax-only", file)
        self.assertEqual(answer.returncode, 0, answer.stdout)
        [job] = yaml.safe_load(file.read_text())["scrape_configs"]
        self.assertIn(f'job="{job["job_name"]}"', ALERTS.read_text())

    def test_the_dashboard_can_be_imported(self):
        # An identity of its own for the import, and none of the database it was drawn in.
        self.assertNotIn("id", DASHBOARD)
        self.assertTrue(DASHBOARD["uid"] and DASHBOARD["title"])
        self.assertGreaterEqual(DASHBOARD["schemaVersion"], 36)
        panels = DASHBOARD["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
        used = set(re.findall(r"\$\{?(\w+)\}?", json.dumps(DASHBOARD)))
        self.assertEqual(used, variables)
        for panel in panels:
            if panel["type"] != "row":
                self.assertEqual(panel["datasource"]["uid"], "${datasource}", panel["title"])

    def test_no_panel_covers_another(self):
        taken = {}
        for panel in DASHBOARD["panels"]:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), taken, f"{panel['title']} covers {taken.get((x, y))}")
                    taken[x, y] = panel["title"]

    def test_every_question_of_the_dashboard_has_an_answer(self):
        targets = [(panel["title"], target) for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
        self.assertGreater(len(targets), 15)
        asked = set()
        rules = []
        for number, (title, target) in enumerate(targets):
            expression = target["expr"].replace("$instance", ".*")
            self.check(title, expression, target["legendFormat"])
            asked |= named(expression)[0]
            rules.append({"record": f"dashboard:{number}", "expr": expression})
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
            file.flush()
            answer = run(promtool(), "check", "rules", Path(file.name))
        self.assertEqual(answer.returncode, 0, answer.stdout)
        self.assertEqual(set(METRICS) - asked, set(), "metrics that nobody looks at")


if __name__ == "__main__":
    unittest.main()
