"""What engines and orchestrators are given, read by their own schemas, and by what the service asks of its surroundings."""

import json
import re
import subprocess
import unittest
from pathlib import Path

import yaml
from common import BINARY, DEPLOY, ROOT, of_venv, run, settings

K8S = DEPLOY / "k8s"
RESOURCES = sorted(path for path in K8S.rglob("*.yaml") if path.name != "kustomization.yaml")
COMPOSE = DEPLOY / "compose.yaml"
# Of the delivery to others, which the program reads where it is built with it.
DELIVERY = {"WEBHOOK_URLS", "WEBHOOK_SECRET", "CENTRAL_HUB_BASE_URL", "CENTRAL_HUB_USER", "CENTRAL_HUB_PASS"} | {
    "CENTRAL_HUB_CLIENTE_ID",
    "INTERNAL_LISTENER_TOKEN",
}


def image_environment():
    """The ENV of the last stage of the Dockerfile."""
    last = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2].replace("\\\n", " ")
    return dict(pair.split("=", 1) for line in re.findall(r"^ENV (.*)$", last, re.M) for pair in line.split())


def refusal(environment):
    """What the program has against an environment; nothing if it would start."""
    answer = run(BINARY, "config", env={"PATH": "/usr/bin"} | environment)
    return "" if answer.returncode == 0 else answer.stdout


class Containers(unittest.TestCase):
    def test_the_dockerfile_has_no_fault(self):
        answer = run(of_venv("hadolint"), "--no-color", ROOT / "Dockerfile")
        self.assertEqual((answer.returncode, answer.stdout), (0, ""))

    def test_the_image_does_not_start_open_to_everybody(self):
        image = image_environment()
        self.assertIn("API_TOKEN", refusal(image))
        self.assertEqual(refusal(image | {"API_TOKEN": "0123456789abcdef"}), "")
        self.assertEqual(refusal(image | {"TRUSTED_PEERS": "10.0.0.0/8"}), "")

    def test_nothing_secret_gets_into_an_image(self):
        rules = (ROOT / ".dockerignore").read_text().splitlines()
        self.assertEqual([rule for rule in rules if rule and not rule.startswith("#")][0], "*")
        let_through = {rule[1:] for rule in rules if rule.startswith("!")}
        wanted = {source for line in re.findall(r"^COPY (?!--from)(.*)$", (ROOT / "Dockerfile").read_text(), re.M) for source in line.split()[:-1]}
        wanted = {source for source in wanted if not source.startswith("--")}
        missing = [source for source in wanted if not any(source == one or source.startswith(one + "/") for one in let_through)]
        self.assertEqual(missing, [])
        self.assertFalse(let_through & {"tokens", "data", "target", ".git"})

    def test_compose_is_correct(self):
        answer = run(of_venv("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", COMPOSE)
        self.assertEqual(answer.returncode, 0, answer.stdout)

    def test_compose_starts_what_the_service_accepts(self):
        services = yaml.safe_load(COMPOSE.read_text())["services"]
        image = image_environment()
        for name, token in (("session-manager", "0123456789abcdef"), ("sandbox", "")):
            given = {one: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for one, value in services[name]["environment"].items()}
            self.assertEqual(refusal(image | given | {"API_TOKEN": token}), "", name)
            self.assertEqual(set(given) - settings() - DELIVERY, set(), name)
        self.assertIn("API_TOKEN", refusal(image | {"API_TOKEN": ""}))
        self.assertNotIn("profiles", services["session-manager"])
        self.assertEqual({name for name, one in services.items() if one.get("profiles") == ["sandbox"]}, {"sandbox", "simulator"})
        # The real login is never shown the simulator.
        self.assertFalse(volumes(services["session-manager"]) & volumes(services["sandbox"]))
        paths = {volume.split(":")[1] for volume in services["session-manager"]["volumes"]}
        self.assertEqual(paths, {image["TOKENS_DIR"], image["DATA_DIR"]})

    def test_the_seccomp_profile_keeps_what_chromium_needs(self):
        profile = json.loads((DEPLOY / "seccomp/chromium.json").read_text())
        refused = [name for rule in profile["syscalls"] for name in rule["names"]]
        self.assertEqual(len(refused), len(set(refused)))
        self.assertFalse({"clone", "clone3", "unshare", "chroot", "seccomp", "prctl"} & set(refused))
        self.assertLessEqual({"mount", "ptrace", "bpf", "init_module", "kexec_load", "setns"}, set(refused))
        for option in yaml.safe_load(COMPOSE.read_text())["services"]["session-manager"]["security_opt"]:
            kind, _, file = option.partition("=")
            if kind == "seccomp":
                self.assertTrue((DEPLOY / file).is_file(), file)


def volumes(service):
    return {volume.split(":")[0] for volume in service["volumes"]}


class Kubernetes(unittest.TestCase):
    def test_every_resource_is_correct(self):
        self.assertGreaterEqual(len(RESOURCES), 4)
        answer = run(of_venv("kubernetes-validate"), "--strict", *RESOURCES)
        self.assertEqual(answer.returncode, 0, answer.stdout)

    def test_every_file_is_part_of_something(self):
        listed = set()
        for file in K8S.rglob("kustomization.yaml"):
            for resource in yaml.safe_load(file.read_text())["resources"]:
                path = (file.parent / resource).resolve()
                self.assertTrue(path.exists(), f"{file}: {resource}")
                listed.add(path)
        self.assertEqual([path for path in RESOURCES if path not in listed], [])

    def test_an_account_is_one_pod_that_the_others_find(self):
        stateful, service = (yaml.safe_load((K8S / "account" / name).read_text()) for name in ("statefulset.yaml", "service.yaml"))
        pod = stateful["spec"]["template"]
        labels = pod["metadata"]["labels"]
        self.assertEqual(stateful["spec"]["replicas"], 1)
        self.assertEqual(stateful["spec"]["serviceName"], service["metadata"]["name"])
        for selector in (stateful["spec"]["selector"]["matchLabels"], service["spec"]["selector"]):
            self.assertEqual(selector, labels)
        for file in ("networkpolicy.yaml", "poddisruptionbudget.yaml"):
            spec = yaml.safe_load((K8S / "fleet" / file).read_text())["spec"]
            self.assertEqual(spec.get("podSelector", spec.get("selector"))["matchLabels"], labels, file)

    def test_a_pod_has_what_the_image_and_the_service_want(self):
        pod = yaml.safe_load((K8S / "account/statefulset.yaml").read_text())["spec"]
        claims = {claim["metadata"]["name"] for claim in pod["volumeClaimTemplates"]}
        spec = pod["template"]["spec"]
        [container] = spec["containers"]
        image = image_environment()
        mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        self.assertLessEqual({mounts[image["TOKENS_DIR"]], mounts[image["DATA_DIR"]]}, claims)
        # The root is read-only, and that is all Chromium writes to beside its profile.
        self.assertLessEqual({"/tmp", "/dev/shm"}, set(mounts))
        self.assertEqual(set(mounts.values()), claims | {volume["name"] for volume in spec["volumes"]})
        [port] = container["ports"]
        self.assertEqual(port["containerPort"], int(image["PORT"]))
        probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("liveness", "readiness")]
        self.assertEqual([(probe["path"], probe["port"]) for probe in probes], [("/health/live", port["name"]), ("/health/ready", port["name"])])
        given = {one["name"]: one["value"] for one in container["env"]}
        self.assertLessEqual(set(given), settings())
        self.assertEqual(refusal(image | given | {"API_TOKEN": "0123456789abcdef"}), "")
        self.assertIn("API_TOKEN", refusal(image | given))
        self.assertEqual(spec["securityContext"]["runAsUser"], int(re.search(r"^USER (\d+):\d+$", (ROOT / "Dockerfile").read_text(), re.M)[1]))

    def test_an_accounts_token_and_settings_come_from_its_own_folder(self):
        overlay = yaml.safe_load((K8S / "accounts/example/kustomization.yaml").read_text())
        stateful = yaml.safe_load((K8S / "account/statefulset.yaml").read_text())
        [container] = stateful["spec"]["template"]["spec"]["containers"]
        wanted = {kind: one["name"] for source in container["envFrom"] for kind, one in source.items()}
        made = {"secretRef": overlay["secretGenerator"][0]["name"], "configMapRef": overlay["configMapGenerator"][0]["name"]}
        self.assertEqual(wanted, made)
        self.assertEqual([image["name"] for image in overlay["images"]], [container["image"].split(":")[0]])

    def test_no_secret_is_in_the_repository(self):
        answer = subprocess.run(["git", "check-ignore", "--quiet", "deploy/k8s/accounts/acme/secret.env"], cwd=ROOT, check=False)
        self.assertEqual(answer.returncode, 0)
        self.assertFalse([path for path in RESOURCES if "kind: Secret" in Path(path).read_text()])


if __name__ == "__main__":
    unittest.main()
