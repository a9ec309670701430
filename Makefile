# clusterctl: several workers on one systemd socket, rolled without losing a request.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)

.PHONY: build test demo bench lint golden fuzz clean help

build: ## build bin/clusterctl and bin/clusterctl-generator
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/clusterctl ./cmd/clusterctl-generator

test: ## run all tests, on a real systemd in three versions (root; installs what it needs)
	@tests/setup all test
	$(GO) vet ./...
	@test -z "$$(gofmt -l .)" || { echo "gofmt is wanted for:"; gofmt -l .; exit 1; }
	$(GO) test -race -timeout 20m ./...
	$(GO) test ./units/rollout -worlds 100000

demo: ## roll four workers under load in a private systemd and show the result (root)
	@tests/setup demo demo
	@$(GO) run ./tests/demo

bench: ## measure rollouts beside a loop of systemctl restart (root)
	@tests/setup all bench
	$(GO) run ./tests/bench

lint: ## golangci-lint with .golangci.yml
	golangci-lint run

golden: ## write the golden files of the generated units anew
	$(GO) test ./generator/... -update

fuzz: ## fuzz the parsers, 30 s each
	$(GO) test ./generator/spec -run '^$$' -fuzz '^FuzzParse$$' -fuzztime 30s
	$(GO) test ./generator -run '^$$' -fuzz FuzzGenerate -fuzztime 30s
	$(GO) test ./units/release -run '^$$' -fuzz FuzzUnpack -fuzztime 30s
	$(GO) test ./units/bus -run '^$$' -fuzz FuzzUnitOfPath -fuzztime 30s
	$(GO) test ./cmd/internal/journal -run '^$$' -fuzz FuzzDecode -fuzztime 30s
	$(GO) test ./cmd/internal/events -run '^$$' -fuzz FuzzReader -fuzztime 30s

clean: ## remove what build made
	rm -rf bin

help: ## print this
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'
