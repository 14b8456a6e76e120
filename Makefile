# Everything a person does with the project. `make run` needs Linux, Rust 1.95 and a C compiler, looks for them first, and makes the
# rest; `make test` needs Node, too.

APP ?= guest/apps/students
CARGO ?= cargo

# One place for everything built, whatever the environment says, so that commands below find it.
export CARGO_TARGET_DIR := $(CURDIR)/target
# jemalloc cannot be built below a path with a space in it: there `target` is a link to a directory elsewhere.
ifneq ($(words $(CURDIR)),1)
export CARGO_TARGET_DIR := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mayfly/target-$(firstword $(shell pwd | cksum))
LINKED := $(shell mkdir -p "$(CARGO_TARGET_DIR)" && { [ ! -e target ] || [ -L target ]; } && ln -sfn "$(CARGO_TARGET_DIR)" target && echo yes)
$(if $(LINKED),,$(error the path of this directory has a space in it, so `target` has to be a link to $(CARGO_TARGET_DIR): remove the directory `target`, or move the sources))
endif
GUESTS := cd guest && CARGO_TARGET_DIR="$(CURDIR)/target/guests-native" $(CARGO)
ENGINE := cd guest/sdk/js/engine && CARGO_TARGET_DIR="$(CURDIR)/target/engine-native" $(CARGO)

# `make run RELEASE=1` builds what is shipped: faster to run, slower to compile.
BUILT := target/$(if $(RELEASE),release,debug)

SEED ?= $(shell date +%s)
REQUESTS ?= 100000

.PHONY: run needs build guests toolchain toolchain-cpp toolchain-legacy dist test chaos bench fuzz soak fmt clean help

help: ## List these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: needs toolchain ## Build everything and serve the sample app on http://127.0.0.1:8080 (RELEASE=1: as it is shipped)
	@echo "1 of 3   building the server: the first time 15 minutes on two cores$(if $(RELEASE), and more for a release,), later seconds"
	@$(CARGO) build $(if $(RELEASE),--release --package mayfly --package mayfly-embedded,--workspace) --bins
	@echo "2 of 3   building the modules of $(APP): the first time a minute"
	@[ ! -f "$(APP)/build.sh" ] || sh "$(APP)/build.sh"
	@$(BUILT)/mayfly build "$(APP)"
	@echo "3 of 3   serving $(APP) until Ctrl-C"
	@$(BUILT)/mayfly serve "$(APP)"

needs: ## Check for what building needs, before anything is compiled
	@sh host/needs.sh

build: ## Build the host and the embedded backends
	$(CARGO) build --workspace --bins

toolchain: ## Make the guest toolchain available (a wasm target of rustup, or Debian's packages)
	@sh guest/toolchain.sh

toolchain-cpp: ## Make the toolchain for C++ guests available (Debian's clang, wasi-libc and libc++)
	@sh guest/toolchain.sh cpp

toolchain-legacy: ## Make what legacy workers are built with available (Debian's Mono and a C++ compiler)
	@sh guest/toolchain.sh legacy

guests: build toolchain ## Build the components of the sample app
	@[ ! -f "$(APP)/build.sh" ] || sh "$(APP)/build.sh"
	target/debug/mayfly build "$(APP)"

test: toolchain toolchain-cpp toolchain-legacy ## Format, lints, documentation, all tests
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps
	$(GUESTS) fmt --all --check
	$(GUESTS) clippy --workspace --all-targets -- -D warnings
	$(GUESTS) test --workspace
	$(ENGINE) fmt --check
	$(ENGINE) clippy --locked --all-targets -- -D warnings
	$(CARGO) build --workspace --bins
	$(CARGO) test --workspace --no-fail-fast

chaos: toolchain toolchain-legacy ## 100,000 requests while everything fails: SEED=1 REQUESTS=1000 for others
	$(CARGO) build --workspace --bins
	MAYFLY_TEST_SEED=$(SEED) MAYFLY_CHAOS_REQUESTS=$(REQUESTS) $(CARGO) test --workspace --test main -- --nocapture chaos::

dist: toolchain toolchain-cpp ## The archive that users install, in target/archive: PROFILE=dev packs the debug build
	$(CARGO) run --quiet --package mayfly-dist -- --profile $(or $(PROFILE),dist)

bench: build toolchain toolchain-cpp ## Measure beside peers, bare drivers and itself while swapping: tables, and target/bench/*.{json,svg,png}
	$(CARGO) build --release -p mayfly -p mayfly-embedded -p mayfly-bench
	$(CARGO) build --release -p mayfly-bench-peers
	target/release/mayfly build guest/bench
	target/release/mayfly build guest/bench/javascript
	target/release/mayfly build guest/apps/students
	target/release/bench a $(BENCH)
	target/release/bench b $(BENCH)
	target/release/bench pools $(BENCH)
	target/release/bench swaps $(BENCH)
	target/release/bench-mayfly guest/bench --invocations 10000
	target/release/bench-mayfly guest/bench/javascript --invocations 10000
	c++ -std=c++17 -O2 host/workers/cpp/echo.cpp -o target/release/echo-worker
	target/release/bench-mayfly guest/bench --worker target/release/echo-worker
	target/release/bench swaps --busy $(BENCH)

fuzz: build toolchain ## Random guests, components and answers, MINUTES long (10 when left out); failures say how to repeat them
	target/debug/fuzz --minutes $(or $(MINUTES),10) $(FUZZ)

soak: build toolchain toolchain-cpp ## Leaks, crashes and honest answers, MINUTES long or INVOCATIONS leaks: target/soak/soak.{txt,json,svg,png}; EVENTS for a handler
	$(CARGO) build --release -p mayfly -p mayfly-embedded -p mayfly-bench
	target/release/mayfly build guest/soak
	target/release/mayfly build guest/apps/assessments-appsync
	target/release/soak $(if $(INVOCATIONS),--invocations $(INVOCATIONS),--minutes $(or $(MINUTES),10)) $(SOAK)
	target/release/soak handler --events $(or $(EVENTS),1000000)

fmt: ## Format
	$(CARGO) fmt --all

clean: ## Remove everything that was built
	$(CARGO) clean
