# Two targets are enough for most: make run, make test.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
export CGO_ENABLED = 0

# What make label adds to, and who labels what: make label CODER=b QUERY=lang:ru
LABELS ?= labels.jsonl

.PHONY: run build test check bench demo label clean

# run builds Chorus and runs its main job with the embedded defaults:
# it collects into ./data and serves http://127.0.0.1:8080.
run: build
	./bin/chorus run

# build makes the one static binary.
build: go-installed
	$(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/chorus ./cmd/chorus

# test passes every test. Cases that need real data from beside the project
# are skipped, and say so, where there is none.
test: go-installed
	$(GO) vet ./...
	$(GO) test -timeout 20m ./...

# check is what must be green before a commit: test, formatting, tidy modules.
check: test
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "not formatted"; exit 1; }
	$(GO) mod tidy -diff
	$(GO) build -o /dev/null ./cmd/chorus

# bench prints the project's own figures on this machine.
bench: build
	$(GO) test -run '^$$' -bench . -benchtime 1x ./...
	./bin/chorus bench

# demo collects a small web on loopback (the recorded one beside the project,
# else a synthetic one) and leaves the pages on http://127.0.0.1:8080.
demo: build
	$(GO) run ./internal/demo -chorus ./bin/chorus

# label serves a page on http://127.0.0.1:8090/label where passages of what was
# collected are labelled by hand, for chorus eval and chorus train.
label: build
	./bin/chorus label --out '$(LABELS)' $(if $(CODER),--coder '$(CODER)') $(if $(QUERY),'$(QUERY)')

# go-installed installs Go from Debian's packages if there is none at all.
.PHONY: go-installed
go-installed:
	@command -v $(GO) >/dev/null || { echo "installing Go"; apt-get update -q && apt-get install -y -q golang-go; }

clean:
	rm -rf bin data demo-data
