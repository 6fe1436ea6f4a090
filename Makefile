# deal_advisor: build with PGXS. `make help` lists every target.
# The product is src/; src/schema is the extension's SQL; sql/ and expected/ are its regression tests.
PG_CONFIG ?= pg_config
CXX ?= g++

EXTENSION = deal_advisor
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" deal_advisor.control)
BUILD_ID := $(or $(BUILD_ID),$(shell git rev-parse --short=12 HEAD 2>/dev/null || echo archive))

MODULE_big = deal_advisor
SOURCES := $(sort $(wildcard src/core/*/*.cpp src/server/*/*.cpp src/shim/*.cpp))
OBJS = $(SOURCES:.cpp=.o)

SCHEMA_PARTS := $(sort $(wildcard src/schema/[0-9]*.sql))
# What marketplace_install runs, as text that the extension carries.
MARKETPLACE_PARTS := $(sort $(wildcard src/schema/marketplace/[0-9]*.sql))
DATA_built = $(EXTENSION)--$(EXTVERSION).sql
DATA = $(wildcard src/schema/updates/*.sql) export/deal_advisor_export.sql

REGRESS = $(sort $(basename $(notdir $(wildcard sql/*.sql))))
REGRESS_OPTS = --load-extension=deal_advisor
EXTRA_CLEAN = src/*/*/*.d src/*/*.d build

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifneq ($(wildcard $(PGXS)),)

SERVER_INCLUDE := $(realpath $(shell $(PG_CONFIG) --includedir-server))
# Server headers are -isystem: our warnings are errors, theirs are not ours to mend. Of debug information line numbers do
# (EXTRA_CXXFLAGS=-g for all): the rest is two thirds of the module and a fifth of the build.
PG_CXXFLAGS = -std=c++20 -g1 -Wall -Wextra -Werror -fvisibility=hidden -fvisibility-inlines-hidden \
	-isystem $(SERVER_INCLUDE) -I$(CURDIR)/src -MMD -MP $(EXTRA_CXXFLAGS)
SHLIB_LINK = -lstdc++ -Wl,--version-script=$(CURDIR)/src/shim/exports.map -Wl,--exclude-libs,ALL $(EXTRA_LDFLAGS)

# Debian's server compiles a second time to bitcode for the JIT and ignores PG_CXXFLAGS there; none of our
# functions is worth inlining into a query, so no bitcode is built (same as --without-llvm).
override with_llvm = no

include $(PGXS)
CONTRIB_TESTDB = deal_advisor_regress

$(DATA_built): $(SCHEMA_PARTS) $(MARKETPLACE_PARTS) src/schema/marketplace/embed deal_advisor.control
	@{ printf '%s\n' '\echo Use "CREATE EXTENSION deal_advisor" to load this file. \quit' && \
	  src/schema/marketplace/embed $(MARKETPLACE_PARTS) && cat $(SCHEMA_PARTS); } > $@

# Objects made for another server are stale, and so is the module's identity after a commit: these two files
# change only when what they say does. (PGXS makes every file "secondary", so they can't just be missing.)
$(OBJS): build/made-for
src/shim/module.o: build/made-from
src/shim/module.o: override CXXFLAGS += -DDEAL_ADVISOR_VERSION='"$(EXTVERSION)"' -DDEAL_ADVISOR_BUILD_ID='"$(BUILD_ID)"'
build/made-for: MADE = $(shell $(PG_CONFIG) --version)
build/made-from: MADE = $(BUILD_ID)
build/made-for build/made-from: always
	@mkdir -p build && { echo '$(MADE)' | cmp -s - $@ || echo '$(MADE)' > $@; }
.PHONY: always
always:

-include $(wildcard src/*/*/*.d src/*/*.d)

else
all install installcheck:
	@echo "pg_config not found ($(PG_CONFIG)). Install the server's development package, e.g." >&2
	@echo "  apt-get install postgresql-server-dev-15    (or: make packages)" >&2
	@exit 1
clean:
	rm -rf build
.DEFAULT_GOAL := all
endif

include ci/targets.mk
