/// How long an index takes to build.
#pragma once

#include "server/index/extent.hpp"

namespace deal::server {

/// Rows and pages of a table, its partitions included.
TableExtent whole_extent(Oid table);

/// Seconds that CREATE INDEX CONCURRENTLY would take for an index whose extent is known, roughly; as
/// index::build_seconds says.
double seconds_to_build(const Hypothetical& index);

}  // namespace deal::server
