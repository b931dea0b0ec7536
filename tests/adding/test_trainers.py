"""Settings, figures and strategies are added as docs/adding-things.md says, and the files touched are counted."""

import filecmp
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from repository_copy import ROOT, Copy, shown

RUST = ("rust_core", "Cargo.toml", "Cargo.lock", "rustfmt.toml")


def with_rust(copy: Copy) -> Copy:
    for top in RUST:
        source, target = ROOT / top, copy.root / top
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return copy


def touched(copy: Copy) -> list[str]:
    rust = [path.relative_to(ROOT) for path in (ROOT / "rust_core").rglob("*.rs")]
    return copy.touched() + [p.as_posix() for p in rust if not filecmp.cmp(ROOT / p, copy.root / p, shallow=False)]


def add_setting(copy: Copy) -> None:
    copy.apply("A setting of the trainer")
    copy.write("tests/nn/training/test_shrinkage.py", shown("A setting of the trainer")[0])


def add_figure(copy: Copy) -> None:
    copy.apply("A figure of a generation")
    copy.write("tests/nn/training/test_fitness_lead.py", shown("A figure of a generation")[0])


def test_a_setting_touches_four_files_and_a_figure_two(copy: Copy) -> None:
    with_rust(copy)
    add_setting(copy)
    assert len(touched(copy)) == 4
    add_figure(copy)
    assert len(touched(copy)) == 6


def test_a_strategy_in_python_is_two_files(copy: Copy) -> None:
    code, words = shown("A strategy")
    copy.write("syntonic/nn/training/strategies/random_search.py", code)
    copy.write("syntonic/conf/trainer/random_search.yaml", words)
    assert len(copy.touched()) == 2
    assert "FINISHED" in copy.command("trainer=random_search", "trainer.max_generations=5", "tracking=none")
    copy.tests("tests/conf/test_options.py", "random_search")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cargo") is None, reason="compiles Rust")
def test_what_was_added_in_rust_works(copy: Copy) -> None:
    with_rust(copy)
    add_setting(copy)
    add_figure(copy)
    snes = (copy.root / "rust_core/src/evolve/strategies/snes.rs").read_text()
    copy.write("rust_core/src/evolve/strategies/twin.rs", snes.replace('"snes"', '"twin"'))
    copy.edit("rust_core/src/evolve/strategies/mod.rs", "mod snes;", "mod snes;\nmod twin;")
    copy.edit("rust_core/src/evolve/strategies/mod.rs", "entry!(snes),", "entry!(snes),\n    entry!(twin),")
    config = (copy.root / "syntonic/conf/trainer/snes.yaml").read_text()
    copy.write("syntonic/conf/trainer/twin.yaml", config.replace("name: snes", "name: twin"))
    assert len(touched(copy)) == 6 + 3 - 1  # the new file of Rust is not among the repository's
    core = _compiled(copy.root)
    link = next((copy.root / "syntonic").glob("_core*.so"))
    link.unlink()
    shutil.copy(core, link)
    copy.tests("tests/nn/training/test_shrinkage.py", "shrink")
    copy.tests("tests/nn/training/test_fitness_lead.py", "lead")
    copy.tests("tests/nn/training/test_settings.py", "described or made_of")
    assert "shrinkage" in copy.command("--cfg", "trainer.shrinkage=0.1")
    assert "FINISHED" in copy.command("trainer=twin", "trainer.max_generations=5", "tracking=none")


def _compiled(root: Path) -> Path:
    # Without optimization of its own, which nothing here needs.
    environment = {**os.environ, "CARGO_TARGET_DIR": str(root / "target"), "CARGO_PROFILE_DEV_DEBUG": "0"}
    words = ["cargo", "build", "-q", "-p", "syntonic-py", "--locked", "--offline"]
    subprocess.run(words, cwd=root, env=environment, check=True, timeout=1800)
    return next((root / "target/debug").glob("lib*core*.so"))


def test_the_config_of_the_page_is_an_overlay() -> None:
    stated = yaml.safe_load(shown("A strategy")[1])
    assert stated["defaults"] == ["retrocausal", "_self_"]
