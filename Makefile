# Every target is what a person would type; CI runs `make test`.

GO      ?= go
TAGS    := urfave_cli_no_template# keeps text/template out of the program: 2 MB
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BUILD   := $(GO) build -trimpath -tags '$(TAGS)' -ldflags '-s -w -X main.version=$(VERSION)'
TOOL    := $(GO) tool -modfile=.ci/tools/go.mod
AGENT   ?= claude
FUZZTIME ?= 60s

.DEFAULT_GOAL := help
.PHONY: help build python test race fuzz lint generate check bench demo agents record cross

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/sandbox-agent
	$(BUILD) -o bin/sandbox-agent ./cmd/sandbox-agent

cross: ## build for every supported system
	@for target in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64; do \
		echo "build $$target"; \
		GOOS=$${target%/*} GOARCH=$${target#*/} CGO_ENABLED=0 $(GO) build -tags '$(TAGS)' -o /dev/null ./cmd/sandbox-agent || exit 1; \
	done

agents: ## install the pinned agents and ripgrep for tests into the user's cache
	$(GO) run ./fixtures/agents/cmd

python: # the tests of the Python package need an interpreter, and nothing else
	@command -v python3 >/dev/null || { apt-get update && apt-get install -y --no-install-recommends python3; }

test: agents python ## run all tests, those with real agents included
	$(GO) test -tags '$(TAGS)' -timeout 20m ./...

race: agents python ## run all tests under the race detector
	$(GO) test -race -timeout 40m ./...

fuzz: ## fuzz every parser for FUZZTIME each
	@for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "fuzz $$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

lint: ## vet and staticcheck, for every system
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt'ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	$(TOOL) staticcheck ./...

generate: ## write again what is made from the code: schema, README's tables, goldens
	$(GO) generate ./schema
	python3 schema/sdk/python/scripts/generate.py
	$(GO) test ./schema/sdk -run TestTypeScriptGenerated -update
	$(GO) test ./rpc -run TestREADME -update
	$(GO) test ./fixtures/capabilities -run TestREADME -update
	$(GO) test ./cmd/sandbox-agent -run TestArrows -update-arrows

check: lint cross ## lint, cross-build, a tidy go.mod, and a schema that breaks no client
	$(GO) mod tidy -diff
	$(GO) run ./schema/compat/cmd

record: agents ## make the recordings of AGENT again with the real program
	$(GO) run ./fixtures/record $(AGENT)

bench: build ## measure the bridge against its limits
	$(GO) run ./fixtures/bench -bridge bin/sandbox-agent

demo: build ## a real session with AGENT, without a key
	$(GO) run ./fixtures/demo -bridge bin/sandbox-agent -agent $(AGENT)
