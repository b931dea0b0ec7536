"""A strategy in Python is two files, those of docs/adding-things.md."""

import yaml
from repository_copy import Copy, shown


def test_a_strategy_in_python_is_two_files(copy: Copy) -> None:
    code, words = shown("A strategy")
    copy.write("syntonic/nn/training/strategies/random_search.py", code)
    copy.write("syntonic/conf/trainer/random_search.yaml", words)
    assert len(copy.touched()) == 2
    assert "FINISHED" in copy.command("trainer=random_search", "trainer.max_generations=5", "tracking=none")
    copy.tests("tests/conf/test_options.py", "random_search")


def test_the_config_of_the_page_is_an_overlay() -> None:
    stated = yaml.safe_load(shown("A strategy")[1])
    assert stated["defaults"] == ["retrocausal", "_self_"]
