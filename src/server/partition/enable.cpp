#include "server/partition/enable.hpp"

#include <fmt/format.h>

#include <regex>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/partition/names.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/partition/zone.hpp"

namespace deal::server {

namespace {

using partition::KeyKind;
using partition::Position;
using partition::Set;

constexpr int kMostPremade = 1000;

/// What the options say beside the set itself.
struct Extras {
  std::string kind;
  std::string anchor;
  std::string start;
};

Extras read_options(Set& set, const std::string& json) {
  Options options("partition_enable", json);
  Extras extras;
  extras.kind = options.text("kind", "");
  extras.anchor = options.text("anchor", "");
  extras.start = options.text("start", "");
  set.archive_schema = options.text("archive_schema", "");
  set.export_path = options.text("export_path", "");
  set.detach_concurrently = options.boolean("detach_concurrently", false);
  set.enabled = options.boolean("enabled", true);
  set.analyze = options.boolean("analyze", true);
  set.leaf = read_leaf_options(options);
  set.lock_timeout_ms = static_cast<int>(options.integer("lock_timeout_ms", set.lock_timeout_ms, 1, 60'000));
  set.max_tries = static_cast<int>(options.integer("max_tries", set.max_tries, 1, 100'000));
  options.finish();
  return extras;
}

/// Said before anything about types: the most likely slip.
void require_key(const EnableRequest& request) {
  PartitionKeyFacts const key = pg::rolled_back([&] { return read_partition_key(request.relation); });
  if (key.strategy == 0 || key.column.empty() || key.column == request.key_column) return;
  throw Error("22023", fmt::format("{} is partitioned by \"{}\", not by \"{}\"",
                                   quote_qualified(key.facts.schema, key.facts.table), key.column,
                                   request.key_column));
}

ObjectId key_type(const EnableRequest& request) {
  pg::Spi spi;
  pg::SqlResult const row = spi.query(
      "select atttypid from pg_catalog.pg_attribute where attrelid = $1::oid and attname = $2 and attnum > 0 "
      "and not "
      "attisdropped",
      {std::to_string(request.relation), request.key_column});
  if (row.empty()) throw Error("42703", "column \"" + request.key_column + "\" does not exist");
  return row.oid(0, 0);
}

KeyKind requested_kind(const EnableRequest& request, const std::string& name) {
  ObjectId const type = key_type(request);
  if (name.empty()) return kind_of_type(type);
  auto const kind = partition::key_kind(name);
  if (!kind)
    throw Error("22023", "unknown kind of key \"" + name + "\"")
        .hint(
            "Kinds are timestamptz, timestamp, date, integer, epoch_s, epoch_ms, epoch_us, uuidv7 and ulid.");
  return *kind;
}

void check_retirement(Set& set, const EnableRequest& request) {
  auto const retire = partition::retire_of(request.retire);
  if (!retire)
    throw Error("22023", "unknown way to retire partitions \"" + request.retire + "\"")
        .hint("Ways are drop, detach, archive and export.");
  set.retire = *retire;
  if (set.retire == partition::Retire::archive && set.archive_schema.empty())
    throw Error("22023", "retire archive needs the option archive_schema");
  if (!set.archive_schema.empty() &&
      pg::Spi()
          .query("select 1 from pg_catalog.pg_namespace where nspname = $1", {set.archive_schema})
          .empty())
    throw Error("3F000", "schema \"" + set.archive_schema + "\" does not exist");
  if (set.retire == partition::Retire::export_ && !set.export_path.starts_with('/'))
    throw Error("22023", "retire export needs the option export_path")
        .hint("An absolute path of a directory on the server's host, which the server may write.");
}

bool on_calendar(const Set& set) {
  return set.grid.step.months > 0 || set.grid.step.days > 0;
}

std::int64_t anchor_at(const Set& set, const std::string& given) {
  Position const position = parse_position(set.grid, given);
  return on_calendar(set) ? partition::to_local(set.grid.zone, position) : position;
}

/// Boundaries that are there decide where further ones lie.
std::int64_t anchor_of(const Set& set, const PartitionedTable& table, const std::string& given) {
  if (!given.empty()) return set.grid.anchor;
  for (auto leaf = table.partitions.rbegin(); leaf != table.partitions.rend(); ++leaf) {
    if (leaf->is_default || leaf->upper == partition::kMaximum) continue;
    if (partition::is_boundary(set.grid, leaf->upper)) break;
    return on_calendar(set) ? partition::to_local(set.grid.zone, leaf->upper) : leaf->upper;
  }
  return set.grid.anchor;
}

bool has_default(const PartitionedTable& table) {
  return !table.partitions.empty() && table.partitions.back().is_default;
}

void make_default(const PlannedSet& planned) {
  partition::Set const& set = planned.stored.set;
  std::vector<std::string> statements;
  for (auto& statement :
       partition::creation(set.leaf, planned.table.facts,
                           quote_qualified(set.schema, partition::default_name(set.table)), "default"))
    statements.push_back(std::move(statement.sql));
  run_as_owner(planned.stored, statements, pg::pause);
}

std::string summary(const PlannedSet& planned, size_t made) {
  Set const& set = planned.stored.set;
  Position const until = partition::premade_until(set, planned.situation);
  return fmt::format("{}: {} partitions made, ready until {}", quote_qualified(set.schema, set.table), made,
                     partition::boundary_text(set.grid, until));
}

}  // namespace

partition::LeafOptions read_leaf_options(Options& options) {
  partition::LeafOptions leaf;
  leaf.privileges = options.boolean("privileges", false);
  leaf.row_security = options.boolean("row_security", true);
  leaf.tablespace = options.text("tablespace", "");
  leaf.storage = options.text("storage", "");
  leaf.unlogged = options.boolean("unlogged", false);
  std::regex const parameters("[a-z_0-9.]+ *= *[a-z_0-9.]+( *, *[a-z_0-9.]+ *= *[a-z_0-9.]+)*");
  if (!leaf.storage.empty() && !std::regex_match(leaf.storage, parameters))
    throw Error("22023", "option storage \"" + leaf.storage + "\" is no list of storage parameters")
        .hint("Write it as in WITH (...): 'fillfactor=90, autovacuum_enabled=on'.");
  return leaf;
}

Position parse_position(const partition::Grid& grid, const std::string& text) {
  pg::Spi spi;
  if (!partition::is_time(grid.kind)) return spi.query("select $1::bigint", {text}).int8(0, 0);
  pg::LocalSettings const settings;
  settings.set("TimeZone", partition::has_zone(grid.kind) ? grid.zone.name : "UTC");
  pg::SqlResult const row = spi.query(
      "select pg_catalog.isfinite(t), case when pg_catalog.isfinite(t) then (extract(epoch from t) * "
      "1000000)::bigint end from (select $1::timestamptz as t) v",
      {text});
  if (!row.boolean(0, 0)) throw Error("22008", "\"" + text + "\" is not a finite time");
  constexpr Position kEpochToServer = 10'957 * partition::kDay;  // 1970-01-01 to 2000-01-01
  return row.int8(0, 1) - kEpochToServer;
}

RequestedSet requested_set(const EnableRequest& request) {
  RequestedSet requested;
  Set& set = requested.set;
  set.owner = pg::role_name(pg::relation_owner(request.relation));
  set.column = request.key_column;
  set.premake = request.premake;
  set.use_default = request.use_default;
  if (set.premake < 1 || set.premake > kMostPremade)
    throw Error("22023", fmt::format("premake must be between 1 and {}", kMostPremade));
  Extras const extras = read_options(set, request.options);
  requested.anchor = extras.anchor;
  requested.start = extras.start;
  require_key(request);
  set.grid.kind = requested_kind(request, extras.kind);
  set.grid.step = partition::parse_step(set.grid.kind, request.step);
  set.grid.zone = partition::has_zone(set.grid.kind) ? server_zone(request.zone) : partition::utc();
  set.grid.anchor = partition::default_anchor(set.grid.kind, set.grid.step);
  if (!extras.anchor.empty()) set.grid.anchor = anchor_at(set, extras.anchor);
  if (request.retention) set.retention = partition::parse_step(set.grid.kind, *request.retention);
  if (request.horizon) set.horizon = partition::parse_step(set.grid.kind, *request.horizon);
  check_retirement(set, request);
  return requested;
}

std::string enable_set(const EnableRequest& request) {
  RequestedSet const extras = requested_set(request);
  StoredSet stored;
  stored.set = extras.set;
  stored.relation = request.relation;
  stored.owner = pg::relation_owner(request.relation);
  Set& set = stored.set;
  PartitionedTable const table =
      pg::rolled_back([&] { return read_partitioned_table(request.relation, set.grid.kind); });
  set.schema = table.facts.schema;
  set.table = table.facts.table;
  if (set.detach_concurrently && (set.use_default || has_default(table)))
    throw Error("22023", "detach_concurrently does not go with a default partition")
        .detail("The server refuses DETACH CONCURRENTLY beside a default partition.")
        .hint("Drain and detach the default partition first, or leave the option out.");
  set.grid.anchor = anchor_of(set, table, extras.anchor);
  save_set(request.relation, set);
  std::optional<Position> start;
  if (!extras.start.empty()) start = parse_position(set.grid, extras.start);
  if (set.use_default && !has_default(table)) make_default(plan_set(stored, {}, start));
  PlannedSet const planned = plan_set(stored, {}, start);
  try {
    return summary(planned, ensure_planned(planned).size());
  } catch (const Error& error) {
    // The set stands all the same: draining it makes these partitions.
    if (error.sqlstate() != "23514" || !has_default(planned.table)) throw;
    return fmt::format(
        "{0}: the default partition holds rows of partitions that are due; call "
        "deal_advisor.partition_drain({1}) makes them",
        quote_qualified(set.schema, set.table), quote_literal(quote_qualified(set.schema, set.table)));
  }
}

}  // namespace deal::server
