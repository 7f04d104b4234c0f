# gorocket. `make run` and `make test` need nothing but Go; the Java tests also need a JDK and Maven.
GO       ?= go
FUZZTIME ?= 60s
BENCHTIME ?= 1s
ifeq ($(SCENARIO),replication)
CRASH_ROUNDS ?= 2000
CRASH_KILLS ?= 200
endif
ifeq ($(SCENARIO),pop)
CRASH_KILLS ?= 50
endif
CRASH_ROUNDS ?= 1000
CRASH_TIME ?= 10m
CRASH_KILLS ?= 100
SOAK_TIME ?= 10m
SEEDS ?= 1000
FIRST ?= 1
MUTANTS ?= 150
MUTANT_SEED ?= 1
GROUPS ?= smoke send consume filter broadcast order query offset admin statictopic transaction delay recall rpc
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X main.version=$(VERSION)
PKGS     := ./...
# These have plain twins of what only Linux has, for laptops with macOS. The tag makes Linux use them, for their tests.
PORTABLE := ./store/vfs ./store/ha ./remoting/transport ./cmd/gorocket/bench

# part runs one part of a crash run and notes how it ended; those behind it run all the same.
part = @echo "== $(1)"; if ( $(2) ); then r=passed; else r=FAILED; fi; echo "$$r: $(1)" >> bin/crash.log
REPLICATION = cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./replication -kills $(CRASH_KILLS)

# GROUPS is also a variable of the shell; make takes ours.
.PHONY: promtool sim tally mutants attack security crash ha java-store java-filter java-auth bench-store bench-java bench-timers bench-pops apache-it bench-latency soak compare dist dist-again image pgo all build run test unit race integration lint fmt fuzz bench support record clean admin-diff console-test

all: build

## build: bin/gorocket, bin/mqnamesrv, bin/mqbroker, bin/mqcontroller and bin/mqadmin, static
build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/gorocket ./cmd/gorocket
	ln -sf gorocket bin/mqnamesrv
	ln -sf gorocket bin/mqbroker
	ln -sf gorocket bin/mqcontroller
	ln -sf gorocket bin/mqadmin

## run: NameServer and broker in one process, with a default store
run: build
	./bin/gorocket standalone

## test: lint, unit tests, race detector, integration with the real Go and Java clients; ends with a count of what ran and what did not
test:
	@rm -f bin/tests.log
	@$(MAKE) --no-print-directory lint unit race integration
	@echo "== what ran"; cat bin/tests.log

lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not formatted:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet $(PKGS)
	$(GO) vet -tags java,scale ./store ./broker/filter
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 $(GO) vet $(PKGS)
	cd integration && $(GO) build ./... && $(GO) vet ./...
	cd integration/sim && $(GO) vet -tags sim ./...
	cd integration/dist && $(GO) vet ./...
	cd integration/otlp && $(GO) vet ./...

unit: tally
	$(GO) test -json $(PKGS) | bin/tally -name unit -log bin/tests.log
	$(GO) test -json -tags portable $(PORTABLE) | bin/tally -name portable -log bin/tests.log

# The race detector is C code: without a compiler its run is skipped, which is counted and said, and fails if CI is set.
race: tally
	@if [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v "$$($(GO) env CC | cut -d' ' -f1)" >/dev/null; then \
	  echo "$(GO) test -race -short $(PKGS)"; $(GO) test -json -race -short $(PKGS) | bin/tally -name race -log bin/tests.log; \
	else \
	  mkdir -p bin; echo "race: 0 passed, 0 failed, $$($(GO) list $(PKGS) | wc -l) packages skipped (the race detector needs a C compiler and CGO_ENABLED=1: apt-get install gcc libc6-dev)" | tee -a bin/tests.log; \
	  test -z "$$CI"; \
	fi

## integration: real clients against our processes; where JDK or Maven is missing it says which tests did not run, and fails if CI is set
integration: build tally
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) test -json -count=1 -timeout 14m ./... | $(CURDIR)/bin/tally -name integration -log $(CURDIR)/bin/tests.log
	cd integration/sim && $(GO) test -json -count=1 -timeout 30m ./... | $(CURDIR)/bin/tally -name simulation -log $(CURDIR)/bin/tests.log
	cd integration/dist && GOROCKET_BIN=$(CURDIR)/bin $(GO) test -json -count=1 -timeout 14m ./... | $(CURDIR)/bin/tally -name packages -log $(CURDIR)/bin/tests.log
	cd integration/otlp && GOROCKET_BIN=$(CURDIR)/bin $(GO) test -json -count=1 ./... | $(CURDIR)/bin/tally -name collector -log $(CURDIR)/bin/tests.log

# counts the tests of a run, see integration/tally
tally:
	@cd integration && $(GO) build -o $(CURDIR)/bin/tally ./tally

## crash: power cuts in memory, then kill -9 of the real process under load; CRASH_ROUNDS clones a mode, CRASH_TIME of kills. A failure prints its seed.
## SCENARIO=replication: the same for a pair under SYNC_MASTER, CRASH_KILLS kills of master or slave, and again with the network between them cut,
## delayed, throttled: by the kernel, in network namespaces, where this user may make them; how each part ended stands at the end
## SCENARIO=timers: CRASH_KILLS kills under timer messages, delay levels and transactions, with a ledger
## SCENARIO=pop: CRASH_KILLS kills of a broker and 20 of a master with a slave, under consumers that pop, with a ledger
crash: build
ifeq ($(SCENARIO),pop)
	$(GO) test -count=1 -timeout 10m -run 'ManyPopAndKills|Journal' -v ./broker/pop
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./pops -kills $(CRASH_KILLS) -pair 20
else ifeq ($(SCENARIO),timers)
	TIMER_CRASH_ROUNDS=$(CRASH_ROUNDS) $(GO) test -count=1 -timeout 30m -run CrashClones -v ./store/timer
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./timers -kills $(CRASH_KILLS)
else ifeq ($(SCENARIO),replication)
	@rm -f bin/crash.log
	$(call part,power cuts and kills of master and slave in memory: $(CRASH_ROUNDS) pairs,STORE_CRASH_ROUNDS=$(CRASH_ROUNDS) $(GO) test -count=1 -timeout 120m -run ReplicationCrashClones -v ./store/ha)
	$(call part,$(CRASH_KILLS) kills of two stores in processes,HA_KILLS=$(CRASH_KILLS) $(GO) test -count=1 -timeout 60m -run Kill9 -v ./store/ha)
	$(call part,$(CRASH_KILLS) kills of two brokers,$(REPLICATION) -clear)
	$(call part,$(CRASH_KILLS) kills of two brokers in network namespaces while the network is cut or delayed or throttled,$(REPLICATION))
	@echo "== what ran"; cat bin/crash.log; ! grep -q ^FAILED bin/crash.log
else
	STORE_CRASH_ROUNDS=$(CRASH_ROUNDS) $(GO) test -count=1 -timeout 60m -run CrashClones -v ./store
	STORE_RANDOM_RECORDS=100000 $(GO) test -count=1 -run RecoveredAsLive -v ./store
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./crash -time $(CRASH_TIME)
endif

## sim: controllers, brokers and clients in one process, in fake time, on disks and a network in memory that break as SEEDS seeds from FIRST on say;
## a seed that fails is replayed and shrunk. SIM="-power=false" cuts it where nothing can be lost only; SIM="-replay 3" says how exact a replay is
sim:
	cd integration/sim && $(GO) run ./run -seeds $(SEEDS) -first $(FIRST) $(SIM)

## attack: sends what has broken a broker before, at full strength, beside a victim; ATTACKS="paths holds" picks some
attack: build
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./attack -only "$(ATTACKS)"

## mutants: changes the code of store, broker, remoting in MUTANTS small places by MUTANT_SEED, and looks whether unit tests notice; 90 % have to
mutants:
	cd integration && $(GO) run ./mutants -n $(MUTANTS) -seed $(MUTANT_SEED)

## java-store: one store directory handed back and forth between real Java brokers (5.5.0, 4.9) and ours, after clean stops and kills;
## SCENARIO=timers: while timer messages and half messages wait; SCENARIO=pop: while popped messages are out
java-store: build
	cd integration && JAVASTORE=1 GOROCKET_BIN=$(CURDIR)/bin $(GO) test -count=1 -timeout 30m -run '$(if $(filter timers,$(SCENARIO)),Timers|Transactions,$(if $(filter pop,$(SCENARIO)),Popped))' -v ./javastore

## ha: master and slave, ours and Java's 5.5.0 in each mix, slaves killed under load; a store that goes from Java's broker to ours and back;
## HA_MESSAGES=60000 HA_KILLS=10 HA_ACTING_KILLS=50 for more. SCENARIO=controller: our controllers and brokers of Java that are killed
ha: build
	cd integration && HA=1 GOROCKET_BIN=$(CURDIR)/bin $(GO) test -count=1 -timeout 60m -v $(if $(filter controller,$(SCENARIO)),./controller,./ha)

## java-filter: SQL92 filters compared with Java's own on random expressions
java-filter:
	cd integration && JAVAFILTER=1 $(GO) test -count=1 -timeout 30m -v ./javafilter

## admin-diff: each command of mqadmin, Java's tool and ours, on a Java cluster and on ours
admin-diff: build
	cd integration && ADMINDIFF=1 GOROCKET_BIN=$(CURDIR)/bin $(GO) test -count=1 -timeout 30m -v ./admindiff

## console-test: the console in headless Chromium: each page, each action with its effect at the broker, axe-core. apt-get install chromium, and npm.
## CONSOLE_PICTURES=docs CONSOLE_PLOTS=75 takes the pictures of docs/console.md anew
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
console-test: build
	@if [ -n "$(CHROMIUM)" ] && command -v node >/dev/null && command -v npm >/dev/null; then \
	  cd integration/console && npm ci --silent --no-audit --no-fund && \
	  GOROCKET_BIN=$(CURDIR)/bin CHROMIUM=$(CHROMIUM) $(if $(CONSOLE_PICTURES),CONSOLE_PICTURES=$(abspath $(CONSOLE_PICTURES))) node test.mjs; \
	else \
	  echo "console: 0 passed, 0 failed, 1 run skipped (it needs Chromium, node and npm: apt-get install chromium nodejs npm)"; test -z "$$CI"; \
	fi

## java-auth: signatures, permissions and what each request needs compared with Java's own on random ones
java-auth:
	cd integration && JAVAAUTH=1 $(GO) test -count=1 -timeout 30m -v ./javaauth

## security: known attacks, every request code without credentials, clients and servers of Java with users, permissions and TLS, the commands of
## docs/security.md, 100,000 random decisions against Java's own, each decoder that a stranger reaches for FUZZTIME, and what TLS costs (TLSLOAD="-idle 0")
SECURITY_FUZZ = ./remoting/auth:FuzzSignature ./remoting/auth:FuzzNeeds ./remoting/auth:FuzzPolicyJSON ./remoting/transport:FuzzHandshake ./remoting/wire:FuzzDecode
security: build tally java-auth
	$(GO) test -count=1 -run 'CVE|Closed|Secure|EveryCode|OpenedAgain|Encrypted|Peer|Sign|Guard|TLS|Local' ./broker ./namesrv/... ./cmd/gorocket/... ./compat/config ./remoting/... ./store/ha
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) test -json -count=1 -timeout 30m -run 'Auth|TLS|Closed|TenCommands|Users|Accounts' . | $(CURDIR)/bin/tally -name security -log $(CURDIR)/bin/tests.log
	@set -e; for f in $(SECURITY_FUZZ); do \
	  echo "== $$f $(FUZZTIME)"; $(GO) test -run '^$$' -fuzz "^$${f#*:}\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $${f%:*}; \
	done
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./tlsload $(TLSLOAD)

## promtool: Prometheus's own tool checks the alert rules of docs/monitoring and runs their unit tests; promtool has to be on the PATH
promtool:
	cd integration && PROMTOOL=1 $(GO) test -count=1 -v ./promtool

## bench-timers: timer messages: rate, memory of a million that wait, restart with them, how late they come
bench-timers: build
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./timers

## bench-pops: 10,000 pops that wait, 10,000,000 popped messages that nobody acknowledges: memory, whom a message wakes, a start with them
bench-pops: build
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./pops -held 10000
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./pops -inflight 10000000

## bench-store: store figures beside Java's: many queues, group commit, restart, recovery; BENCH_STORE=-quick for small sizes
bench-store: build
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./benchstore $(BENCH_STORE)

## bench-java: `gorocket bench` against Java and ours in turns, each on a core of its own; writes docs/performance.md and the READMEs' tables, in over an hour.
## BENCH_JAVA="-parts send -rounds 1" for less; BENCH_JAVA="-parts send -out ../docs" measures one part again for the report; BENCH_JAVA="-render -out ../docs" only writes it
bench-java: build
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./benchjava $(if $(BENCH_JAVA),$(BENCH_JAVA),-out $(CURDIR)/docs)

## dist: what operators install, in dist/: tarballs, .deb, .rpm, the folder of the image, the Helm chart, SBOMs, checksums; same commit, same bytes
dist:
	cd integration/dist && $(GO) run . -root $(CURDIR) -out $(CURDIR)/dist

## dist-again: the same, and once more from a clone elsewhere: the bytes are compared
dist-again:
	cd integration/dist && $(GO) run . -root $(CURDIR) -out $(CURDIR)/dist -again

## image: the container image of dist/, where a container engine runs
image: dist
	@if docker info >/dev/null 2>&1; then docker build -f docs/packages/image/Dockerfile --build-arg TARGETARCH=$$($(GO) env GOARCH) -t gorocket:$(VERSION) dist/image; \
	elif command -v buildah >/dev/null; then buildah bud -f docs/packages/image/Dockerfile --build-arg TARGETARCH=$$($(GO) env GOARCH) -t gorocket:$(VERSION) dist/image; \
	else echo "image: 0 built, 1 skipped (no container engine runs here: docker or buildah)"; test -z "$$CI"; fi

## pgo: profiles the broker under load; what is built from then on is optimized for what it saw (go help build, -pgo)
pgo: build
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./pgo

## apache-it: Apache's own integration tests against our processes; GROUPS="smoke send" picks groups
apache-it: build
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./apache -groups "$(GROUPS)"

## bench-latency: end-to-end latency beside Java's, held pulls, notice of rebalances
bench-latency: build
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./latency

## soak: a million messages, consumers that come and go, nothing lost; SOAK_TIME. SCENARIO=pop: consumers that pop
soak: build
ifeq ($(SCENARIO),pop)
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./pops -soak $(SOAK_TIME)
else
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./soak -time $(SOAK_TIME)
endif

## fuzz: every fuzz target for FUZZTIME, one after the other
fuzz:
	@set -e; for pkg in $$($(GO) list $(PKGS)); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$f $(FUZZTIME)"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$pkg; \
	  done; done

## bench: Go benchmarks of the hot paths, with allocations
bench:
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./remoting/... ./store ./broker ./namesrv ./cmd/gorocket/bench ./compat/...

## support: writes docs/support.md from the dispatch tables
support:
	$(GO) run ./cmd/support > docs/support.md.new && mv docs/support.md.new docs/support.md

fmt:
	gofmt -w $$(git ls-files '*.go')

clean:
	rm -rf bin integration/.work

## compare: Java 5.5.0 and ours in turns: start, memory, CPU per message; prints a small table
compare: build
	cd integration && GOROCKET_BIN=$(CURDIR)/bin $(GO) run ./compare
