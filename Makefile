# Everything is set up by the targets themselves: `make run` and `make test` work on a fresh machine.
SHELL := /bin/sh
PY := .venv/bin/python
KAFKA_PORT ?= 19092
KAFKA := 127.0.0.1:$(KAFKA_PORT)
CLUSTER_KAFKA_PORT ?= 19292
POSTGRES_PORT ?= 19432
POSTGRES := postgresql://postgres@127.0.0.1:$(POSTGRES_PORT)/postgres
HUNTS := --hunt examples/museum.toml --hunt examples/city.toml --hunt examples/race.toml

# Tests and campaigns start hundreds of processes: without compiled files each would compile the whole code anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check fmt kafka kafka-stop postgres postgres-stop clean bench load seeds kills chaos chaos-cluster chaos-stderr chaos-disks chaos-clocks fuzz lock packages ablations docs growth pictures pages frames cluster

help:  ## print this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.venv/.ready: requirements/test.txt pyproject.toml tools/python.sh
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! tools/python.sh >/dev/null 2>&1; then \
		apt-get update -qq && apt-get install -y -qq python3 python3-venv; fi
	@test -x $(PY) || "$$(tools/python.sh)" -m venv .venv
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements/test.txt
	@$(PY) -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/.bench: .venv/.ready requirements/bench.txt
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

.venv/.fuzz: .venv/.ready requirements/fuzz.txt
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@touch $@

tests/pages/node_modules/.ready: tests/pages/package-lock.json | packages
	@cd tests/pages && npm ci --silent
	@touch $@

packages:
	@missing=""; for p in java:default-jre-headless mvn:maven kcat:kcat promtool:prometheus nginx:nginx-light chromium:chromium node:nodejs npm:npm; do \
		command -v $${p%%:*} >/dev/null || missing="$$missing $${p##*:}"; done; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	if [ -n "$$missing" ]; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing; \
		else echo "missing:$$missing; install them and try again" >&2; exit 1; fi; fi

run: .venv/.ready  ## set up everything and start a playable server with three hunts
	@.venv/bin/huntserver serve --config config.toml $(HUNTS) $(ARGS)

test: .venv/.ready packages tests/pages/node_modules/.ready  ## set up everything, start Kafka and PostgreSQL, run every test
	@$(PY) -m ruff format --check -q . && $(PY) -m ruff check -q . && $(PY) -m mypy
	@python3 tools/kafka/broker.py start --port $(KAFKA_PORT)
	@python3 tools/postgres/server.py start --port $(POSTGRES_PORT)
	@HUNTSERVER_TEST_KAFKA=$(KAFKA) HUNTSERVER_TEST_POSTGRES=$(POSTGRES) tools/tests.sh $(PY); result=$$?; \
		python3 tools/kafka/broker.py stop --port $(KAFKA_PORT); \
		python3 tools/postgres/server.py stop --port $(POSTGRES_PORT); exit $$result

check: .venv/.ready  ## format, lint, types, fast tests, a few hundred seeds (no Kafka)
	@$(PY) -m ruff format --check -q . && $(PY) -m ruff check -q . && $(PY) -m mypy
	@HUNTSERVER_SEEDS=200 $(PY) -m pytest -q -n 2 -m "not kafka and not postgres" --ignore tests/integration --ignore tests/pages

fmt: .venv/.ready  ## format and mend what can be mended
	@$(PY) -m ruff format -q . && $(PY) -m ruff check --fix -q .

kafka: packages  ## start a Kafka broker for development and print its address
	@python3 tools/kafka/broker.py start --port $(KAFKA_PORT)

kafka-stop:  ## stop it
	@python3 tools/kafka/broker.py stop --port $(KAFKA_PORT)

cluster: .venv/.ready packages  ## three nodes on one machine over a broker of their own (BROKERS=3: three), addresses printed, until Ctrl-C
	@python3 tools/kafka/broker.py start --brokers $(or $(BROKERS),1) --port $(CLUSTER_KAFKA_PORT) --data .kafka/cluster$(BROKERS)
	@trap '' INT TERM; $(PY) -m lab.cluster --brokers $$(python3 tools/kafka/broker.py status --brokers $(or $(BROKERS),1) --data .kafka/cluster$(BROKERS) | tail -1) $(ARGS); result=$$?; \
		python3 tools/kafka/broker.py stop --brokers $(or $(BROKERS),1) --data .kafka/cluster$(BROKERS); exit $$result

postgres: packages  ## start a PostgreSQL server for development and print its URL
	@python3 tools/postgres/server.py start --port $(POSTGRES_PORT)

postgres-stop:  ## stop it
	@python3 tools/postgres/server.py stop --port $(POSTGRES_PORT)

bench: .venv/.bench packages  ## measure against the ceiling of this machine; writes lab/bench/latest.json, docs/proof/benchmark.md and the README's figures
	@$(PY) -m lab.bench $(ARGS)

growth: .venv/.ready  ## what a command costs while clues, teams, guesses and the log grow; writes docs/proof/growth.md
	@$(PY) -m lab.bench.growth $(ARGS)

load: .venv/.ready  ## play on a server of its own with many players, measure, judge: LOG=kafka:HOST:PORT ARGS="--scenario hot-hunt"
	@$(PY) -m $(if $(LEDGER),lab.load,huntserver load) $(if $(LOG),--log $(LOG)) $(ARGS)

pictures: .venv/.ready packages tests/pages/node_modules/.ready  ## take the pictures of the docs anew, by the tests that make what they show
	@mkdir -p docs/pictures && HUNTSERVER_PICTURES="$(CURDIR)/docs/pictures" $(PY) -m pytest -q -n 0 tests/pages/test_journey.py tests/pages/test_console_journey.py tests/pages/test_states.py tests/pages/test_team.py tests/pages/test_play.py tests/pages/test_network.py tests/pages/test_devices.py tests/pages/test_budget.py tests/pages/test_access.py tests/pages/test_shell.py -k "not docs"

pages: .venv/.ready packages tests/pages/node_modules/.ready  ## every example hunt to its end through the pages, the net cut and the server killed in between
	@$(PY) -m pytest -q -n 0 tests/pages/played_examples.py $(ARGS)

frames: .venv/.ready packages tests/pages/node_modules/.ready  ## how smoothly the pages draw, how soon a first visit can be used; writes docs/proof/frames.md
	@HUNTSERVER_WRITE=1 $(PY) -m pytest -q -s -n 0 tests/pages/measured_frames.py $(ARGS)

docs: .venv/.ready  ## build the documentation as a site, to be opened as a file: dead links and anchors fail
	@$(PY) -m mkdocs build -q && echo lab/out/site/index.html

lock: .venv/.ready  ## resolve the dependencies anew
	@$(PY) -m pip install -q uv
	@for g in run test bench fuzz; do \
		case $$g in run) groups="";; test) groups="--group test";; *) groups="--group test --group $$g";; esac; \
		$(PY) -m uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-header $$groups \
			pyproject.toml -o requirements/$$g.txt; done

clean:  ## remove what the targets made (not the data of `make run`)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info .kafka .fuzz lab/out

sim: .venv/.ready  ## replay one seed of the simulation: make sim SEED=n [TIMELINE=1] [WORKLOAD=toy|game|session|large|rules|desk|rings|cluster|mesh|fleet] [ABLATE=name]
ifdef ABLATE
	@$(PY) -m lab.ablations --show "$(ABLATE)" --first $(or $(SEED),1)
else
	@$(PY) -m lab.sim --seed $(or $(SEED),1) $(if $(WORKLOAD),--workload $(WORKLOAD)) $(if $(TIMELINE),--timeline) $(ARGS)
endif

ablations: .venv/.ready  ## switch each safeguard off in turn; fails if one is not missed within 1,000 seeds from each of ten bases
	@$(PY) -m lab.ablations --seeds $(or $(SEEDS),1000) $(ARGS)

soak: .venv/.ready  ## run many seeds until one breaks a promise: make soak SEEDS=n [FIRST=m] [JOBS=j] [LEDGER=1] [WORKLOAD=toy|game|session|large|rules|desk|rings|cluster|mesh|fleet]
	@$(PY) -m lab.sim --seeds $(or $(SEEDS),1000) --first $(or $(FIRST),1) --jobs $(or $(JOBS),1) \
		$(if $(WORKLOAD),--workload $(WORKLOAD)) $(if $(LEDGER),--ledger) $(ARGS)

seeds: .venv/.ready  ## SEEDS fresh seeds of every workload, from the commit's base
	@first=$$($(PY) -c "from lab.sim.seeds import base; print(base())"); for w in toy game session large rules cluster mesh; do \
		$(PY) -m lab.sim --seeds $(or $(SEEDS),1000) --first $$first --jobs $(or $(JOBS),2) --workload $$w || exit 1; done

kills: .venv/.ready  ## kill -9 a real server at random moments under load, and judge it by its log
	@$(PY) -m lab.chaos --kinds kill --log $(or $(LOG),sqlite) --faults $(or $(KILLS),100) --seconds 300 $(ARGS)

chaos: .venv/.ready packages  ## faults of every kind while players play, then the verdict: FAULTS=n LOG=kafka|sqlite KINDS=a,b SEED=n
	@$(PY) -m lab.chaos --log $(or $(LOG),kafka) --faults $(or $(FAULTS),30) --seed $(or $(SEED),1) \
		$(if $(KINDS),--kinds $(KINDS)) $(ARGS)

chaos-cluster: .venv/.ready packages  ## nodes of a cluster are killed, stopped, moved, cut off while players play, then the verdict: FAULTS=n SECONDS=n KINDS=a,b SEED=n
	@$(PY) -m lab.chaos.cluster --faults $(or $(FAULTS),30) --seed $(or $(SEED),1) --seconds $(or $(SECONDS),150) \
		$(if $(KINDS),--kinds $(KINDS)) $(if $(LOG),--log $(LOG)) $(ARGS)

chaos-stderr: .venv/.ready  ## the log shipper dies, stops reading, its disk is full: LOG=sqlite|kafka FAULTS=n
	@$(PY) -m lab.chaos --log $(or $(LOG),sqlite) --faults $(or $(FAULTS),1000) --seed $(or $(SEED),1) --seconds $(or $(SECONDS),120) \
		--kinds stderr-closed,stderr-blocked,stderr-full $(ARGS)

chaos-disks: .venv/.ready  ## the disk of the SQLite log is full, fails, loses power (root)
	@$(PY) -m lab.chaos --log sqlite --faults $(or $(FAULTS),1000) --seed $(or $(SEED),1) --seconds $(or $(SECONDS),120) \
		--kinds full,power,disk-fails $(ARGS)

chaos-clocks: .venv/.ready  ## wall clocks that jump, or are wrong at the start, by seconds to a day: LOG=sqlite|kafka
	@$(PY) -m lab.chaos --log $(or $(LOG),sqlite) --faults $(or $(FAULTS),1000) --seed $(or $(SEED),1) --seconds $(or $(SECONDS),120) \
		--kinds clock-jumps,clock-wrong-at-start $(ARGS)

fuzz: .venv/.fuzz  ## fuzz what reads bytes from outside: make fuzz [TARGET=lane] [SECONDS=60]
	@$(PY) -m lab.fuzz --seconds $(or $(SECONDS),60) $(if $(TARGET),--target $(TARGET)) $(ARGS)
