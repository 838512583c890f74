# The two commands: `make call` and `make test`. Both set up what is missing first, and are quick
# when nothing is.

OFFHOOK = target/release/offhook
PREFIX = /usr/local
# For other machines, in every part: the compiler's flags, and ggml's own (its build reads GGML_*).
PORTABLE = CARGO_TARGET_DIR=target/package RUSTFLAGS="-C target-cpu=x86-64-v3" \
	GGML_NATIVE=OFF GGML_AVX=ON GGML_AVX2=ON GGML_FMA=ON GGML_F16C=ON GGML_BMI2=ON

.PHONY: help call talk check test test-real serve build setup setup-checks real-models fmt clippy doc deny tidy memcheck package install models clean

help:
	@echo "make call     build offhook and play a whole conversation with it"
	@echo "make talk     talk to the agent in a browser, at http://127.0.0.1:8080/"
	@echo "make check    format, lints, and the tests of the core: after every change"
	@echo "make test     everything CI checks"
	@echo "make test-real  calls and words wrong with published weights, which it fetches"
	@echo "make serve    answer calls on 127.0.0.1:8080 (see config.toml)"
	@echo "make memcheck the kernels' tests under valgrind"
	@echo "make install  offhook, its models and documents in $(PREFIX) (PREFIX=…, DESTDIR=…)"
	@echo "make package  the same for other machines, in dist/"
	@echo "make models   train the models again (hours)"

call: build
	$(OFFHOOK) call

talk serve: build
	$(OFFHOOK) serve

build: setup
	cargo build --release --locked

setup:
	@scripts/setup.sh

setup-checks:
	@scripts/setup.sh --checks

# One profile and one set of features for everything, so that the dependencies are built once: calls in tests run
# as fast as real ones. The language model's tests run a second time without kernels of our own.
test: setup-checks fmt clippy doc deny real-models
	cargo test --release --locked --workspace
	scripts/test_candle.sh
	@all=1; for file in tiny.en.bin joe.onnx smollm2.gguf; do test -e target/real-models/$$file || all=0; done; \
		test $$all = 1 && echo "all checks passed" || \
		echo "all checks passed; tests on published weights SKIPPED: no package index gave them"

# What takes larger published weights (1.5 GB), and more time: the language models beside llama.cpp's figures, calls,
# and what windows cost in words. The waterfalls of a call on Qwen2.5 are printed.
test-real: build
	scripts/real_models.sh tiny.en base joe smollm2 gemma3 qwen2
	cargo test --release --locked -p offhook-llm -- --include-ignored --nocapture published
	cargo test --release --locked --test main -- --include-ignored real_weights
	cargo test --release --locked --test main -- --ignored people
	$(OFFHOOK) call --config tests/data/qwen2.toml
	for model in models/whisper/whisper-tiny.en-tuned.bin target/real-models/tiny.en.bin target/real-models/base.bin; do \
	  $(OFFHOOK) bench stt --model $$model --references tests/data/people --margin 640,1280 || exit 1; done

# Published weights and a voice, for five tests. Where no package index answers (75), they are skipped; anything else is an error.
real-models:
	@scripts/real_models.sh tiny.en joe smollm2 || [ $$? -eq 75 ]

# What is worth running after every change: under a minute once the dependencies are built.
check: fmt
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo test --locked -p offhook-core

fmt:
	cargo fmt --all --check

clippy:
	cargo clippy --release --locked --workspace --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --no-deps

# The advisory database is fetched from the network, so it is no part of the checks here: CI on an
# open machine can run `cargo deny check advisories` as well. cargo-deny looks at the crates for all
# systems; a build fetches only those for this one.
deny:
	cargo fetch --quiet --locked
	cargo deny --offline check --hide-inclusion-graph bans licenses sources

# The kernels' tests under valgrind, which knows AVX2 and no AVX-512: built once more, with portable flags.
memcheck:
	@command -v valgrind >/dev/null || { echo "valgrind is missing: sudo apt-get install valgrind"; exit 1; }
	$(PORTABLE) CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="valgrind --quiet --error-exitcode=1" \
	cargo test --release --locked -p offhook-llm --lib kernels -- --test-threads 1

package: setup
	$(PORTABLE) cargo build --release --locked
	rm -rf dist
	scripts/install.sh target/package/release/offhook dist dist dist

# To PREFIX, /usr/local by default; DESTDIR goes before it, for those who make packages. What was built is installed:
# `make build` first, as another user than root.
install:
	@test -x $(OFFHOOK) || { echo "there is no $(OFFHOOK): run \`make build\` first"; exit 1; }
	scripts/install.sh $(OFFHOOK) $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/offhook $(DESTDIR)$(PREFIX)/share/doc/offhook

models:
	$(MAKE) -C models/whisper
	$(MAKE) -C models/demo/train/llm

clean:
	cargo clean
