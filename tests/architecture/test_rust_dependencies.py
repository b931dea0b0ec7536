"""The crates that the Rust code depends on keep deny.toml: licences, one version of each, no foreign source."""

import json
import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest

import syntonic

ROOT = Path(syntonic.__file__).parent.parent
RULES = tomllib.loads((ROOT / "deny.toml").read_text())
ALLOWED = set(RULES["licenses"]["allow"])


def fits(expression: str, allowed: set[str]) -> bool:
    """Whether an SPDX expression can be satisfied by licences that are allowed."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def either() -> bool:
        value = both()
        while tokens[:1] == ["OR"]:
            tokens.pop(0)
            value = both() or value
        return value

    def both() -> bool:
        value = one()
        while tokens[:1] == ["AND"]:
            tokens.pop(0)
            value = one() and value
        return value

    def one() -> bool:
        name = tokens.pop(0)
        if name == "(":
            value = either()
            assert tokens.pop(0) == ")", expression
            return value
        if tokens[:1] == ["WITH"]:
            name = " ".join([name, *tokens[:2]])
            del tokens[:2]
        return name in allowed

    value = either()
    assert not tokens, expression
    return value


@pytest.fixture(scope="module")
def packages():
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--all-features"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["packages"]


@pytest.mark.parametrize(
    ("expression", "right"),
    [
        ("MIT", True),
        ("GPL-3.0", False),
        ("MIT/GPL-3.0", True),
        ("GPL-3.0 OR MIT AND ISC", True),
        ("(GPL-3.0 OR MIT) AND GPL-2.0", False),
        ("(GPL-3.0 OR MIT) AND ISC", True),
        ("Apache-2.0 WITH LLVM-exception", False),
    ],
)
def test_an_expression_is_read_as_spdx_says(expression, right):
    assert fits(expression, {"MIT", "ISC", "Apache-2.0"}) is right


def test_every_licence_is_allowed(packages):
    refused = {p["name"]: p["license"] for p in packages if not fits(p["license"] or "none", ALLOWED)}
    assert refused == {}


def test_no_licence_is_allowed_for_nobody(packages):
    needed = {name for name in ALLOWED if not all(fits(p["license"] or "none", ALLOWED - {name}) for p in packages)}
    assert needed == ALLOWED


def test_every_crate_comes_from_the_public_index_or_from_here(packages):
    foreign = {
        p["name"]: p["source"] for p in packages if not (p["source"] or "crates.io-index").endswith("crates.io-index")
    }
    assert foreign == {}


def test_a_crate_has_one_version(packages):
    versions = Counter(p["name"] for p in packages)
    assert [name for name, count in versions.items() if count > 1] == []
