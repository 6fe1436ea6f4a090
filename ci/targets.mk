# Targets of our own; none shares a name with a PGXS target.
.PHONY: help packages demo test test-all bench
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' ci/targets.mk | expand -t 20
	@printf '  make [install]\tbuild (and install) with PGXS; PG_CONFIG=... picks the server\n' | expand -t 20
	@printf '  make installcheck\tregression tests against your own running server\n' | expand -t 20
