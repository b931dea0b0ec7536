# What a contributor types; CI and pre-commit type the same.
.PHONY: check deny test bench docs fuzz sanitize aarch64

check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	uv run ruff format --check
	uv run ruff check
	uv run codespell
	uv run mypy
	uv run pytest -q tests/architecture

# Advisories too; needs cargo-deny (`cargo install cargo-deny`) and a network. `make check` does the rest without either.
deny:
	cargo deny check

test:
	uv run pytest
	cargo test --workspace --locked

bench:
	uv run python experiments/speed/first_light.py

docs:
	uv run --group docs mkdocs build --strict

# The tests that try random texts and files, for hours instead of seconds; `make fuzz texts=50000 files=2000` for minutes.
texts ?= 200000000
files ?= 300000
fuzz:
	PROPTEST_CASES=$(texts) cargo test --locked -p syntonic-core --test fuzz_text
	SYNTONIC_FUZZ=$(files) uv run pytest tests/tracking/test_checkpoint_fuzz.py

# Raw memory under valgrind, and under qemu-user processors without vector instructions or with AVX2 at most.
sanitize:
	uv run pytest tests/tensor/test_glue_memory.py
	cargo test --locked -p syntonic-core --test members

# The Rust tests on an emulated aarch64, and the bits of a generation beside those of this processor. Needs the target
# aarch64-unknown-linux-gnu of rustup, gcc-aarch64-linux-gnu and qemu-user.
aarch64: export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER = aarch64-linux-gnu-gcc
aarch64: export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER = qemu-aarch64 -L /usr/aarch64-linux-gnu
aarch64: digest = cargo test --locked -q -p syntonic-core --test members $(1) -- say_digest --exact --nocapture | grep '^digest'
aarch64:
	cargo test --locked -p syntonic-core --lib --tests --target aarch64-unknown-linux-gnu
	there=$$($(call digest,--target aarch64-unknown-linux-gnu)) && here=$$($(call digest)) && echo "$$there, here $$here" && test "$$there" = "$$here"
