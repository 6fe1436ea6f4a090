# Targets of our own; none shares a name with a PGXS target. They must work before any package is there (no pg_config),
# so what needs the server is done by a make or script started after ci/packages.
.PHONY: help packages demo test test-all bench dist dist-test

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' ci/targets.mk | expand -t 20
	@printf '  make [install]\tbuild (and install) with PGXS; PG_CONFIG=... picks the server\n' | expand -t 20
	@printf '  make installcheck\tregression tests against your own running server\n' | expand -t 20
	@printf '  make print-VAR\tthe value of a make variable\n' | expand -t 20

packages: ## install the Debian packages that building and testing need (root or sudo)
	@ci/packages

demo: ## build, then show the advisor on a private server; KEEP=1 leaves it up
	@ci/packages build
	@bash -c '. ci/lib.sh && short_make all'
	@demo/run

test: ## build and run what a contributor runs, in at most 10 minutes
	@ci/packages
	@ci/test

test-all: ## everything CI runs: also format, tidy, sanitizers, the archive, PostgreSQL 17 and 18, the demo
	@ci/packages --dev
	@ci/test --all

bench: ## every benchmark at full length
	@ci/packages --dev
	@QUICK= STAGE_MINUTES=240 ci/test bench

DIST = deal_advisor-$(EXTVERSION)
dist: ## release archives of HEAD in build/
	@mkdir -p build
	@sed 's/__VERSION__/$(EXTVERSION)/' META.json > build/META.json
	@for format in zip tar.gz; do \
	  git archive --prefix=$(DIST)/ --add-file=build/META.json -o build/$(DIST).$$format HEAD -- . ':!META.json' || exit 1; \
	done
	@ls build/$(DIST).*

dist-test: ## build and load the extension from the release archive
	@ci/packages build
	@ci/test dist

print-%:
	@:$(info $($*))
