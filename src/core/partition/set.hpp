#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/partition/grid.hpp"

namespace deal::partition {

/// What becomes of partitions that are older than the retention.
enum class Retire : std::uint8_t { drop, detach, archive, export_ };
std::string_view name_of(Retire retire);
std::optional<Retire> retire_of(std::string_view name);

/// How leaves are made, beyond what they take from the parent by LIKE and ATTACH.
struct LeafOptions {
  bool privileges = false;   ///< grant the parent's privileges on the leaf (default: its owner only)
  bool row_security = true;  ///< enable row level security where the parent has it (no policies: nobody but
                             ///< the owner reads past the parent)
  std::string tablespace;    ///< empty: the parent's
  std::string storage;       ///< reloptions as in WITH (...): "fillfactor=90, autovacuum_enabled=on"
  bool unlogged = false;
};

/// The configuration of one partitioned table: a row of deal_advisor.partition_set.
struct Set {
  std::string schema;
  std::string table;
  std::string owner;   ///< who enabled it; maintenance refuses when the table has another owner since
  std::string column;  ///< the key
  Grid grid;
  int premake = 4;                ///< partitions to have ready beyond the current one
  std::optional<Step> horizon;    ///< and at least this far into the future
  std::optional<Step> retention;  ///< how long rows are kept; none: for ever
  Retire retire = Retire::drop;
  std::string archive_schema;        ///< archive
  std::string export_path;           ///< export_: an absolute path of a directory on the server's host
  bool detach_concurrently = false;  ///< retire through DETACH ... CONCURRENTLY in a background worker
  bool use_default = false;
  bool enabled = true;  ///< false: maintenance leaves it alone
  LeafOptions leaf;
  int lock_timeout_ms = 50;
  int max_tries = 60;
  bool analyze = true;  ///< ANALYZE the parent when its rows have changed by a tenth: autovacuum never does
};

/// One partition as the catalog has it.
struct Partition {
  std::uint32_t oid = 0;
  std::string schema;
  std::string name;
  Position lower = kMinimum;
  Position upper = kMaximum;
  bool is_default = false;
  bool detaching = false;  ///< DETACH CONCURRENTLY was begun and not finished
  double rows = -1;        ///< pg_class.reltuples; -1: never counted
  bool foreign = false;    ///< a foreign table
  bool retiring = false;   ///< with `detaching`: by maintenance itself, so the rest of the retirement is due
                           ///< as well; a user's own detach is only finished
};

}  // namespace deal::partition
