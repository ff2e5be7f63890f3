"""The instructions of a Dockerfile and the files of its context, as far as ours uses them; anything else is an error."""

import fnmatch
import json
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

CONFIGURATION = {"ENV", "WORKDIR", "USER", "EXPOSE", "VOLUME", "STOPSIGNAL", "ENTRYPOINT", "HEALTHCHECK"}


@dataclass
class Stage:
    name: str
    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)


def stages(text):
    """In order, each with its instructions as (word, rest)."""
    found = []
    for word, rest in instructions(text):
        if word == "FROM":
            base, _, name = rest.split()
            found.append(Stage(name, base))
        elif word in CONFIGURATION | {"RUN", "COPY"}:
            found[-1].steps.append((word, rest))
        else:
            raise ValueError(f"unknown instruction: {word} {rest}")
    return found


def instructions(text):
    whole = ""
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        whole += line.removesuffix("\\")
        if not line.endswith("\\"):
            word, rest = whole.split(None, 1)
            yield word, rest.strip()
            whole = ""


def assignments(rest):
    """NAME=value ... of an ENV."""
    return dict(word.split("=", 1) for word in shlex.split(rest))


def exec_form(rest):
    """The list of an ENTRYPOINT, VOLUME or HEALTHCHECK."""
    return json.loads(rest[rest.index("[") :])


def copied(rest):
    """Of a COPY: (options, sources, destination)."""
    words = rest.split()
    options = dict(word[2:].split("=", 1) for word in words if word.startswith("--"))
    paths = [word for word in words if not word.startswith("--")]
    return options, paths[:-1], paths[-1]


def context(root):
    """The files that .dockerignore leaves, of those under version control: the last rule that fits decides."""
    rules = [line.strip() for line in (root / ".dockerignore").read_text().splitlines()]
    rules = [rule for rule in rules if rule and not rule.startswith("#")]
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True, text=True).stdout
    return [path for path in map(Path, filter(None, listed.split("\0"))) if not ignored(path, rules)]


def ignored(path, rules):
    result = False
    for rule in rules:
        pattern = rule.removeprefix("!").rstrip("/")
        ancestors = [path, *path.parents][:-1]
        if any(fnmatch.fnmatchcase(str(one), pattern) for one in ancestors):
            result = not rule.startswith("!")
    return result
