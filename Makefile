# deal_advisor: build with PGXS. `make help` lists every target.
# The product is src/; src/schema is the extension's SQL; sql/ and expected/ are its regression tests.
PG_CONFIG ?= pg_config
CXX ?= g++

EXTENSION = deal_advisor
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" deal_advisor.control)
BUILD_ID := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo archive)

MODULE_big = deal_advisor
SOURCES := $(sort $(wildcard src/core/*/*.cpp src/server/*/*.cpp src/shim/*.cpp))
OBJS = $(SOURCES:.cpp=.o)

SCHEMA_PARTS := $(sort $(wildcard src/schema/[0-9]*.sql))
DATA_built = $(EXTENSION)--$(EXTVERSION).sql
DATA = $(wildcard src/schema/updates/*.sql)

REGRESS = $(sort $(basename $(notdir $(wildcard sql/*.sql))))
REGRESS_OPTS = --dbname=deal_advisor_regress --load-extension=deal_advisor
EXTRA_CLEAN = src/*/*/*.d src/*/*.d build

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifneq ($(wildcard $(PGXS)),)

SERVER_INCLUDE := $(shell $(PG_CONFIG) --includedir-server)
# Server headers are -isystem: our warnings are errors, theirs are not ours to mend.
PG_CXXFLAGS = -std=c++20 -Wall -Wextra -Werror -fvisibility=hidden -fvisibility-inlines-hidden \
	-DFMT_HEADER_ONLY -DDEAL_ADVISOR_VERSION='"$(EXTVERSION)"' -DDEAL_ADVISOR_BUILD_ID='"$(BUILD_ID)"' \
	-isystem $(SERVER_INCLUDE) -I$(CURDIR)/src -MMD -MP $(EXTRA_CXXFLAGS)
SHLIB_LINK = -lstdc++ -Wl,--version-script=$(CURDIR)/src/shim/exports.map -Wl,--exclude-libs,ALL $(EXTRA_LDFLAGS)

# Debian's server compiles a second time to bitcode for the JIT and ignores PG_CXXFLAGS there; none of our
# functions is worth inlining into a query, so no bitcode is built (same as --without-llvm).
override with_llvm = no

include $(PGXS)

$(DATA_built): $(SCHEMA_PARTS) deal_advisor.control
	@{ printf '%s\n' '\echo Use "CREATE EXTENSION deal_advisor" to load this file. \quit'; cat $(SCHEMA_PARTS); } > $@

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
