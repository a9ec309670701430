# clusterctl: several workers on one systemd socket, rolled without losing a request.

GO      ?= go
FUZZTIME ?= 30s
VERSION ?= $(word 1,$(shell cmd/dist/version))
LDFLAGS  = -s -w -X main.version=$(VERSION) -X github.com/clusterctl/clusterctl/generator.Binary=$(BINDIR)/clusterctl

include cmd/dist/install.mk cmd/dist/package.mk

.DEFAULT_GOAL := build
.PHONY: build test demo screenshots bench soak lint vuln licences golden fuzz clean help

# Built by "go run" from the module proxy, so that everybody has the same.
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK   := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# Without the state of git in it, so that the same source gives the same bytes
# wherever it lies.
build: ## build the programs into bin
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/ $(sort $(dir $(wildcard ./cmd/clusterctl*/main.go)))
	env -u GOOS -u GOARCH $(GO) run ./cmd/dist/licenses >bin/THIRD-PARTY

test: ## run all tests, on a real systemd in three versions (root; installs what it needs)
	@tests/setup all test
	$(GO) vet ./...
	@test -z "$$(gofmt -l .)" || { echo "gofmt is wanted for:"; gofmt -l .; exit 1; }
	@# -count=1: what a test builds and starts is not seen by go's cache of results.
	$(GO) test -race -count=1 -timeout 20m ./...
	$(GO) test ./units/rollout -worlds 100000

demo: ## roll four workers under load in a private systemd and show the result (root)
	@tests/setup demo demo
	@$(GO) run ./tests/demo

screenshots: ## take the pictures of the documentation from a real run (root)
	@tests/setup screenshots screenshots
	$(GO) run ./tests/screenshots

bench: ## measure rollouts beside a loop of systemctl restart (root)
	@tests/setup all bench
	$(GO) run ./tests/bench
	$(GO) test ./activation -run '^$$' -bench Overhead -benchtime 5000x

soak: ## a million requests over a hundred drains of workers, under the race detector
	$(GO) test -race ./activation -run TestProof -count=1 -v -timeout 2h -activation.requests=1000000 -activation.drains=100

lint: ## run golangci-lint with .golangci.yml
	GOFLAGS= $(GO) run $(GOLANGCI_LINT) run

vuln: ## look for known holes in what is linked in (asks https://vuln.go.dev)
	GOFLAGS= $(GO) run $(GOVULNCHECK) ./...

licences: ## list the licence of every module that is linked in; an unknown one is an error
	@$(GO) run ./cmd/dist/licenses -list

golden: ## write the golden files of the units and the metrics, and debian/copyright, anew
	$(GO) test ./generator/... ./cmd/internal/metrics -update
	$(GO) run ./cmd/dist/licenses -copyright >debian/copyright.new && mv debian/copyright.new debian/copyright

fuzz: ## fuzz every parser and writer, FUZZTIME each (30s)
	@set -e; grep -ro --include='*_test.go' '^func Fuzz[A-Za-z]*' . | sort | while IFS=: read -r file target; do \
		$(GO) test "./$$(dirname "$$file")" -run '^$$' -fuzz "^$${target#func }$$" -fuzztime $(FUZZTIME); done

clean: ## remove what build made
	rm -rf bin dist

help: ## print this
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'
