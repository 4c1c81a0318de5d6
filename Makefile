.PHONY: help run dist image up cluster test check bench fuzz reference routing-check

VERSION = $(shell git describe --tags --always --dirty 2>/dev/null)
TAG ?= latest
FUZZTIME ?= 60s
RABBITMQ ?= /usr/lib/rabbitmq/bin/rabbitmq-server

# Docker's own compose, or the older program, which cannot wait until all is up.
COMPOSE = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
WAIT = $(if $(findstring docker compose,$(COMPOSE)),--wait)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

run: ## serve on 127.0.0.1:8080, data in ./jetcmq-data
	go run ./cmd/jetcmq

dist: ## static Linux binaries in ./dist, and what else the images hold
	rm -rf dist && mkdir -p dist/bin dist/examples dist/data
	CGO_ENABLED=0 GOOS=linux go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o dist/bin/ ./cmd/jetcmq
	CGO_ENABLED=0 GOOS=linux go build -trimpath -ldflags '-s -w' -o dist/examples/ ./functions/examples/log
	ln -s jetcmq dist/bin/nats-server

image: dist ## the images jetcmq and jetcmq-subscriber, by this machine's Go; pulls nothing
	docker build --target host-jetcmq -t jetcmq:$(TAG) --label org.opencontainers.image.version=$(VERSION) .
	docker build --target host-subscriber -t jetcmq-subscriber:$(TAG) .

up: image ## compose: one adapter on 127.0.0.1:8080
	$(COMPOSE) up -d $(WAIT)

cluster: image ## compose: three NATS nodes, two adapters behind 127.0.0.1:8080
	$(COMPOSE) --profile cluster up -d $(WAIT)

test: ## all tests
	go test ./...

check: ## what CI does: format, vet, staticcheck, tests with the race detector
	.ci/run

bench: ## all benchmarks
	go test -run '^$$' -bench . -benchmem ./...

fuzz: ## every fuzz target for FUZZTIME each
	@grep -rho --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . >/dev/null || { echo "no fuzz targets"; exit 1; }
	@set -e; grep -rl --include='*_test.go' '^func Fuzz' . | while read -r file; do \
		sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$file | while read -r target; do \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$(dirname $$file) </dev/null; \
		done; \
	done

reference: ## rewrite REFERENCE.md and README.md's table of settings
	go test ./adapter/action -run Reference -update
	go test ./cmd/process -run README -update

routing-check: ## compare routing with a real RabbitMQ, which the test starts and stops
	go test ./mapping/routing -count=1 -v -run RabbitMQ -args -rabbitmq=$(RABBITMQ)
