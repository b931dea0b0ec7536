# The four things a contributor types; CI and pre-commit type the same.
.PHONY: check test bench docs

check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	uv run ruff format --check
	uv run ruff check
	uv run mypy

test:
	uv run pytest
	cargo test --workspace --locked

bench:
	uv run python experiments/speed/first_light.py

docs:
	uv run --group docs mkdocs build --strict
