# What people type. The work is in scripts/, which needs nothing but a POSIX shell, Go and what scripts/setup.sh installs.

PCAP     ?= testdata/pcaps/real/modbus.pcap
ARGS     ?=
FUZZTIME ?= 5m
BENCH    ?= .
COUNT    ?= 1

# The stages of a packet's way, in order.
STAGES = ./internal/capture/... ./internal/decode/... ./reassembly/... ./internal/timeline/... ./internal/durations/... ./analyzer/...

.DEFAULT_GOAL := help
.PHONY: help run build build-static test fuzz bench profile bench-peers bench-live soak lint lab lab-long lab-record clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build and analyse a bundled capture; PCAP=file for another, ARGS='--json' for flags
	@bin/finscope $(ARGS) "$(PCAP)"

build: ## build bin/finscope, installing what is missing (without libpcap: no -f, no live capture)
	@scripts/build.sh bin/finscope

build-static: ## build bin/finscope without C: runs anywhere, reads files only
	@CGO_ENABLED=0 scripts/build.sh bin/finscope

test: ## everything CI does: format, vet, staticcheck, both builds, tests with the race detector, short fuzzing
	@scripts/test.sh

fuzz: ## run every fuzz target for FUZZTIME (5m)
	@scripts/fuzz.sh $(FUZZTIME)

bench: ## time and allocations by stage; BENCH=regexp COUNT=n
	@go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) $(STAGES)

profile: ## record anew what the compiler optimises the program for (cmd/finscope/default.pgo)
	@go test -run '^$$' -bench FindingsOnly -benchtime 5x -cpuprofile cmd/finscope/default.pgo -o /dev/null ./analyzer

bench-peers: build ## compare with the capture tools installed here, on generated captures of up to 1.1 GB
	@scripts/bench-peers.sh

bench-live: build ## compare live capture with tcpdump's over a veth pair; root, tcpreplay, tcpdump
	@scripts/bench-live.sh

soak: ## 30 minutes of live traffic with a million connections (root)
	@go test ./cmd/finscope -run TestSoak -soak 30m -timeout 40m -v

lint: ## gofmt, go vet and staticcheck
	@scripts/lint.sh

# The kernel is asked in network namespaces, which takes root.
ROOT = if [ "$$(id -u)" != 0 ]; then echo "make $@: SKIPPED: it needs root, for network namespaces and packet sockets" >&2; exit 0; fi

lab: ## hold finscope against this kernel in network namespaces (root): scenarios, random connections, fixtures
	@$(ROOT); go test -count 1 -timeout 10m ./internal/lab -random 200

lab-long: ## the same with the scenarios that wait for the kernel's timers; up to 17 minutes
	@$(ROOT); go test -count 1 -timeout 30m -parallel 16 -run TestScenarios ./internal/lab -long

lab-record: ## record the scenarios anew as fixtures under testdata/pcaps/lab
	@$(ROOT); go test -count 1 -timeout 10m -parallel 2 -run TestScenarios ./internal/lab -record "$(CURDIR)/testdata/pcaps/lab"

clean: ## remove what was built and generated
	rm -rf bin out
