# Everything a person or CI does here. `make` alone lists it.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN     := bin/ussdgw
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
TOOL    := go tool -modfile=tools/go.mod
# How the binary is compiled. What else `check` runs compiles likewise: other flags would compile
# every dependency once more.
STATIC  := CGO_ENABLED=0 GOFLAGS="$(strip $(shell go env GOFLAGS) -trimpath)"
# SQLite is C that was turned into Go, entered under its own lock. Instrumented it takes most of the
# time of the tests that use it, so the race detector watches everything but it.
RACE    := -race -gcflags=modernc.org/sqlite/lib=-race=false
# Tests that take a part of their steps or none with the race detector, because they are five times as
# fast without it: the proof, with millions of steps, and the whole of the transcripts over SMPP.
PROOFS  := OfTheShippedMenus|NoMutantSurvives|HasNoSlack|OfAThousandStates|OverSMPP|LeaveNoTrace
FUZZFOR ?= 30s
HISTORIES ?= 1000000
ARGS    ?=

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/ussdgw, one static binary
	@mkdir -p bin
	$(STATIC) go build -ldflags "$(LDFLAGS)" -o $(BIN) ./cmd/ussdgw

.PHONY: run
run: build ## Run everything on this machine (options: make run ARGS='--data ./devdata')
	@exec ./$(BIN) dev $(ARGS)

.PHONY: dial
dial: build ## Dial *900# at what `make run` runs (options: make dial ARGS='--lang ru')
	@exec ./$(BIN) dial '*900#' $(ARGS)

.PHONY: test
test: servers ## Run all tests with the race detector, on private PostgreSQL and Redis servers
	TEST_SERVERS=required go test $(RACE) -timeout 20m ./...
	TEST_SERVERS=required $(STATIC) go test -run '$(PROOFS)' ./cmd/ussdgw ./ussd/menu
	TEST_SERVERS=required $(STATIC) go test -run '^TestHistories$$' \
		./wallet/ledger/litestore ./wallet/ledger/pgstore

.PHONY: servers
servers: ## Install what the tests start: PostgreSQL, Redis, tshark (as root), or say what is missing
	@.ci/servers

.PHONY: check
check: build ## Format, vet, staticcheck, modules, rules of imports and style, menus, configuration
	@unformatted="$$($(STATIC) $(TOOL) gofumpt -l .)"; if [ -n "$$unformatted" ]; then \
		echo "not formatted, run 'make format':"; echo "$$unformatted"; exit 1; fi
	$(STATIC) go vet ./...
	$(STATIC) $(TOOL) staticcheck ./...
	go mod tidy -diff
	$(STATIC) go test -count=1 -run 'Imports|NoClock|Style' ./cmd/ussdgw
	./$(BIN) menu check menus/
	./$(BIN) menu fmt --check menus/
	@said="$$(./$(BIN) config check --config deploy/config.example.yaml 2>&1)" || \
		{ echo "deploy/config.example.yaml:"; echo "$$said"; exit 1; }

.PHONY: format
format: ## Format all Go code
	$(TOOL) gofumpt -w .

.PHONY: transcripts
transcripts: build ## Run the transcripts in process
	./$(BIN) test testdata/transcripts

.PHONY: transcripts-smpp
transcripts-smpp: build servers ## Run the transcripts over SMPP with real Redis and PostgreSQL
	./$(BIN) test --smpp testdata/transcripts

.PHONY: tshark
tshark: servers ## Let tshark decode every PDU of a recorded run
	TEST_SERVERS=required \
		go test -count=1 -v -run '^TestTranscriptsOverSMPP$$' ./cmd/ussdgw

.PHONY: fuzz
fuzz: ## Fuzz every decoder for FUZZFOR (30s) each
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZFOR) $$package; \
		done; \
	done

.PHONY: figures
figures: servers ## Measure debits a second beside pgbench, and on SQLite
	TEST_SERVERS=required go test -tags figures -count=1 -timeout 30m -v -run '^TestFigures$$' \
		./wallet/ledger/pgstore ./wallet/ledger/litestore

.PHONY: histories
histories: servers ## Compare HISTORIES (1000000) random operations of each store with a book in memory
	TEST_SERVERS=required HISTORIES=$(HISTORIES) go test -count=1 -timeout 6h -v \
		-run '^TestHistories$$' ./wallet/ledger/litestore ./wallet/ledger/pgstore

.PHONY: guards
guards: servers ## Take each guard of money and secrets out of a copy and see its test fail
	TEST_SERVERS=required go test -tags guards -count=1 -timeout 60m -v \
		-run '^(TestGuards|TestBreakages)$$' ./cmd/ussdgw ./wallet/ledger/ledgertest/bookmodel

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin
