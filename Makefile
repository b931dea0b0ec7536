# What a contributor types; CI and pre-commit type the same. `check` needs `cargo install cargo-deny --locked` once.
.PHONY: check deny test bench peers docs fuzz sanitize aarch64 wheels

check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo deny --locked check bans licenses sources
	uv run --group dev ruff format --check
	uv run --group dev ruff check
	uv run --group dev codespell
	uv run --group dev mypy
	uv run pytest -q tests/architecture

# What `check` asks of the crates, and advisories from a database that is fetched from the network.
deny:
	cargo deny --locked check

# Without the tests that take seconds each, which `uv run pytest` and CI run too.
test:
	uv run pytest -m "not slow"
	cargo test --workspace --locked

# What a run spends its time on, beside the last baseline of this machine: `make bench save=1` saves one (before a change), `make
# bench` compares with it (after). Several baselines: `baseline=NAME` with both; one benchmark: `only=softmax`.
baseline ?= before
bench:
	cargo bench --locked -p syntonic-core --bench hot_paths -- $(if $(save),--save-baseline,--baseline-lenient) $(baseline) $(only)

# A whole run beside its peers, evosax and NumPy.
peers:
	uv run --group dev python experiments/speed/first_light.py

docs:
	uv run --group docs mkdocs build --strict

# The tests that try random texts and files, for hours instead of seconds; `make fuzz texts=50000 files=2000 calls=20000` for minutes.
texts ?= 200000000
files ?= 300000
calls ?= 10000000
seed ?= $(shell date +%s)
fuzz:
	@echo "seed=$(seed)"
	PROPTEST_CASES=$(texts) cargo test --locked -p syntonic-classic --test fuzz_text
	SYNTONIC_FUZZ_SEED=$(seed) SYNTONIC_FUZZ_PATIENCE=10 SYNTONIC_FUZZ=$(files) SYNTONIC_FUZZ_CALLS=$(calls) \
		uv run pytest tests/tracking/test_checkpoint_fuzz.py tests/fuzz

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

# Wheels in target/wheels for Linux on x86-64 and aarch64, Python 3.11 and newer, glibc 2.17 and newer: zig, which uv fetches, is the
# linker of both. Needs rustup, for the other target. The wheel of this machine is then tried in a fresh environment.
wheels: zig = uvx --from 'maturin[zig]>=1.9,<2' maturin build --release --locked --zig --compatibility manylinux2014
wheels:
	rm -rf target/wheels
	rustup target add x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu
	$(zig) --target x86_64-unknown-linux-gnu --out target/wheels
	$(zig) --target aarch64-unknown-linux-gnu --out target/wheels
	SYNTONIC_WHEEL=$$(ls target/wheels/*_$$(uname -m).whl) uv run --group dev pytest -q tests/packaging
