# Every target first sees to what it needs and does nothing twice, so each works as the first
# command after a clone. `make help` lists them.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := build
PREFIX ?= /usr/local

.PHONY: help setup build demo demo-kafka test bench fmt tidy docs install

help: ## This list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## */\t/' | expand -t 12

setup: ## Install all that any target needs (Debian 12; as root or with sudo)
	@scripts/setup all

build: ## Leave the program at build/ouzel
	@scripts/setup build
	@scripts/build release ouzel

demo: ## Score real and simulated sensors live (30 seconds where there is no terminal)
	@scripts/setup build demo
	@scripts/build release ouzel
	@scripts/demo/run

demo-kafka: ## The same on a real Kafka, two engines of which one is killed (30 seconds)
	@scripts/setup build kafka
	@scripts/build release ouzel
	@scripts/demo/kafka

test: ## All tests; the last line counts passed, failed, skipped
	@scripts/setup build test models kafka
	@scripts/build release all
	@scripts/build debug all_tests ouzel
	@scripts/test $(TESTS)

bench: ## Measure the engine on this machine; fills the README's figures
	@scripts/setup build
	@scripts/build release ouzel
	@scripts/bench

fmt: ## Format the C++ sources
	@scripts/setup fmt
	@scripts/fmt

tidy: ## House rules and layers; with CLANG=1 also clang-tidy (slow)
	@scripts/setup build tidy
	@scripts/tidy
	@scripts/layers
	@if [ -n "$(CLANG)" ]; then scripts/setup clang test && scripts/clang-tidy; fi

docs: ## Write docs/reference from the program itself and check the links of all pages
	@scripts/setup build
	@scripts/build release ouzel
	@scripts/docs --write

install: ## Install the program under PREFIX (default /usr/local)
	@scripts/setup build
	@scripts/build release ouzel
	@cmake --install build --prefix "$(PREFIX)"
