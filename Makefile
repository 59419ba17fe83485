# Every target sets up what it needs first; see tools/setup.sh.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
CARGO ?= cargo
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: setup
setup: ## Install what building and testing need (Debian, as root); quick when nothing is missing
	@tools/setup.sh test

.PHONY: build
build: ## Build the agent and the lab, optimised
	@tools/setup.sh
	$(CARGO) build --release --locked -p router-agent -p isthmus-lab

.PHONY: demo
demo: build ## Show packets crossing a peering through the XDP router; no cluster needed
	@target/release/demo --router-agent target/release/router-agent

.PHONY: test
test: setup ## Run every test (as root: namespaces, BPF, a kind cluster)
	$(CARGO) test --workspace --locked
	@$(MAKE) --no-print-directory kind-test PROFILE=quick

.PHONY: lint
lint: ## Formatting, clippy with our denies, documentation
	@tools/setup.sh lint
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path ebpf/router/Cargo.toml --check
	$(CARGO) fmt --manifest-path ebpf/harness/fuzz/Cargo.toml --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy -p isthmus-kind-tests --test '*' --locked -- -D warnings
	$(CARGO) clippy --manifest-path ebpf/harness/fuzz/Cargo.toml --target-dir target/fuzz --locked -- -D warnings
	RUSTC_BOOTSTRAP=1 $(CARGO) clippy --manifest-path ebpf/router/Cargo.toml --release --target-dir target/router-lint --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --quiet

.PHONY: generate
generate: ## Write what is generated: the CRDs' YAML, the API reference, the table of rejections
	@tools/setup.sh
	$(CARGO) run --locked -p isthmus-crds --bin generate-crds
	$(CARGO) run --locked -p isthmus-crds --bin generate-crds -- charts/isthmus/files/crds
	$(CARGO) run --locked -p isthmus-rejections --bin generate-rejections

.PHONY: bench
bench: ## Measure packet path, filling of the tables and application of changes (as root); rows go to target/bench
	@tools/setup.sh bench
	$(CARGO) run --release --locked -p isthmus-harness --bin packet_bench
	$(CARGO) run --release --locked -p router-agent --example fill
	$(CARGO) build --release --locked -p router-agent
	$(CARGO) run --release --locked -p router-agent --example apply -- --router-agent target/release/router-agent

.PHONY: bench-control
bench-control: ## Measure operator and agents against a real API server (as root); MEMBERS=1000,10000,100000
	@tools/setup.sh test
	$(CARGO) build --release --locked -p isthmus-e2e -p isthmus-operator -p router-agent
	RUST_LOG=error target/release/bench_control --members $${MEMBERS:-1000,10000,100000}

.PHONY: bench-kind
bench-kind: kind-programs ## Measure the whole system on a kind cluster made for it; rows go to target/bench/kind.json
	@$(CARGO) run --quiet --locked -p isthmus-kind-tests --bin kind_cluster -- bench

.PHONY: images
images: ## Write OCI archives of operator and agent to target/images; needs no Docker
	@tools/setup.sh
	images/build.sh

.PHONY: kind-up
kind-up: kind-programs ## Make a cluster with kind, and leave it standing (as root where Docker does not run)
	@$(CARGO) run --quiet --locked -p isthmus-kind-tests --bin kind_cluster -- up

.PHONY: kind-ping
kind-ping: ## Have a member ping another on a kind cluster; FROM, TO=NAMESPACE/NAME, STREAM=SECONDS, VIA=NODE
	@$(CARGO) run --quiet --locked -p isthmus-kind-tests --bin kind_cluster -- ping $(FROM) $(TO) \
		$(if $(STREAM),--stream $(STREAM)) $(if $(VIA),--via $(VIA))

.PHONY: kind-test
kind-test: kind-programs ## Test the whole system on a cluster made for it; PROFILE=quick|full, ISTHMUS_CLUSTER=FILE
	@$(CARGO) run --quiet --locked -p isthmus-kind-tests --bin kind_cluster -- test --profile $${PROFILE:-quick}

.PHONY: kind-down
kind-down: ## Delete the clusters that kind-up and kind-test made, and all that they needed
	@$(CARGO) run --quiet --locked -p isthmus-kind-tests --bin kind_cluster -- down

.PHONY: kind-programs
kind-programs: images
	@tools/setup.sh kind
	images/build.sh lab-node
	@$(CARGO) build --quiet --locked -p isthmus-kind-tests -p kubectl-isthmus --bins

.PHONY: fuzz
fuzz: ## Fuzz router and brain against the reference model (as root); SECONDS_EACH=60
	@tools/setup.sh fuzz
	PATH="$${XDG_CACHE_HOME:-$$HOME/.cache}/isthmus/tools/bin:$$PATH" RUSTC_BOOTSTRAP=1 \
		$(CARGO) fuzz run --fuzz-dir ebpf/harness/fuzz agreement -- -max_total_time=$${SECONDS_EACH:-60}
