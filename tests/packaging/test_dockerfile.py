"""What the Dockerfile names is what the wheels, the package and its pages are; no engine is needed to see that."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

import syntonic

ROOT = Path(syntonic.__file__).parent.parent
if not (ROOT / "Dockerfile").exists():
    pytest.skip("a checkout has the Dockerfile, an installed package has not", allow_module_level=True)
LINES = re.findall(r"^([A-Z]+) (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
SAID = dict(LINES)
PROJECT = (ROOT / "pyproject.toml").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_its_python_is_one_that_the_package_supports():
    (image,) = re.findall(r"^python:3\.(\d+)-slim$", SAID["FROM"])
    (least,) = re.findall(r'^requires-python = ">=3\.(\d+)"$', PROJECT, re.MULTILINE)
    assert int(image) >= int(least)


def test_it_takes_the_wheels_from_where_make_puts_them_and_sees_nothing_else():
    pattern, place = SAID["COPY"].split()
    (folder,) = set(re.findall(r"--out (\S+)", MAKEFILE))
    assert pattern == f"{folder}/*.whl"
    assert place in SAID["RUN"]
    assert (ROOT / ".dockerignore").read_text().split() == ["*", f"!{pattern}"]


def test_it_installs_the_wheel_of_its_processor_with_the_pages_of_the_dashboard():
    (chosen, extra) = re.findall(r'"\$\(ls /wheels/(.+)\)\[(\w+)\]"', SAID["RUN"])[0]
    targets = sorted(set(re.findall(r"--target (\w+)-unknown-linux-gnu", MAKEFILE)))
    assert targets == ["aarch64", "x86_64"]
    wheels = [f"syntonic-0.1.0-cp311-abi3-manylinux2014_{cpu}.manylinux_2_17_{cpu}.whl" for cpu in targets]
    for wheel, cpu in zip(wheels, targets, strict=True):
        fits = chosen.replace("$(uname -m)", cpu)
        assert [name for name in wheels if fnmatch(name, fits)] == [wheel]
    assert re.search(rf"^{extra} = ", PROJECT, re.MULTILINE)


def test_what_it_starts_is_the_command_of_the_package():
    (command,) = json.loads(SAID["ENTRYPOINT"])
    assert f'{command} = "syntonic.runners.cli:main"' in PROJECT
