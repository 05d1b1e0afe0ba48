# Two commands do everything: `make demo` and `make test`. Both make the environment first if it is missing or old.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Two more than there are cores: some tests wait for real daemons.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 2)')

.PHONY: demo test prove prove-mail prove-browser mutants audit hashes lint types quick bench catalogues pictures clean

demo: $(STAMP)
	$(BIN)/zoomsync demo

test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

# Kills, freezes and stops the real program again and again, takes its database and its clock away, and has it live
# through a day of twenty events: docs/reliability.md. How much of each: PROVE_PEOPLE, PROVE_KILLS, PROVE_LIVES,
# PROVE_SYNC_KILLS, PROVE_SWEEP_STEP, PROVE_TOGETHER, PROVE_LOCKS, PROVE_SOAK_SPEED, PROVE_SEEDS (1,2,3,4,5).
# libfaketime is a tool of these runs alone.
prove: $(STAMP)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --constraint constraints.txt libfaketime
	$(BIN)/pytest tests/test_fuzz.py -n 2 --timeout 900 --hypothesis-profile=many
	$(BIN)/pytest tests/prove -n 2 --timeout 900

# The same through Debian's Postfix and Dovecot, judged by SpamAssassin; as root, and skipped where they are not installed:
# apt-get install postfix dovecot-imapd dovecot-lmtpd spamassassin
prove-mail: $(STAMP)
	$(BIN)/pytest tests/prove_mail -rs

# Every page and every mail in Chromium, on a telephone and on a desk, by day and in the dark; skipped where there is no
# chromium. Playwright and axe are tools of these runs alone.
prove-browser: $(STAMP)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt playwright axe-playwright-python
	$(BIN)/pytest tests/prove_browser -rs -s --timeout 900

# Changes the decisions in small ways, one by one, and says which changes no test of theirs noticed: docs/reliability.md.
# Of some modules only: make mutants OF='zoomsync.domain.reconcile*'
mutants: $(STAMP)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt mutmut
	$(BIN)/mutmut run $(OF)
	$(BIN)/mutmut results

# Known weaknesses of what is pinned, from the public lists: wants a way to them.
audit: $(STAMP)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt pip-audit
	$(BIN)/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip

# What the image installs, file by file, after a change of constraints.txt: wants a way to the public index.
LOCKING := --quiet --universal --python-version 3.11.0 --constraint constraints.txt --generate-hashes --no-header \
	--no-annotate
hashes: $(STAMP)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(BIN)/uv pip compile pyproject.toml $(LOCKING) --output-file constraints-image.txt
	echo hatchling | $(BIN)/uv pip compile - $(LOCKING) --output-file constraints-build.txt

lint: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports && $(BIN)/mypy

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "zoomsync needs Python 3.11 or newer; say which: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

# Each prints its ratios to floors measured in the same run, with their targets: docs/performance.md.
BENCHMARKS := sync side_by_side planning delivery reports startup limits

bench: $(STAMP)
	for one in $(BENCHMARKS); do $(BIN)/python -m tests.benchmarks.$$one || exit 1; done

# The organiser's screens in other languages: collects what the code says; what is new waits in the .po files for words.
catalogues: $(STAMP)
	$(BIN)/python -m tests.catalogues

# The demo drawn for the documents, from a demo that is played now.
pictures: $(STAMP)
	$(BIN)/python -m tests.pictures

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
