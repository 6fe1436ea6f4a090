#include "server/catalog/partition_sets.hpp"

#include <algorithm>

#include "core/base/quote.hpp"
#include "core/partition/enable_call.hpp"
#include "core/partition/plan.hpp"
#include "server/bridge/data_table.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/partition/sets.hpp"

namespace deal::server {

namespace {

constexpr pg::DataTable kRun{"partition_run", ""};

constexpr const char* kRuns = R"sql(
select schema_name, table_name, (extract(epoch from last_run) * 1000000)::bigint,
  (extract(epoch from last_ok) * 1000000)::bigint, (extract(epoch from next_try) * 1000000)::bigint, failures,
  last_error
from deal_advisor_data.partition_run)sql";

std::int64_t length_of(const partition::Step& step) {
  return (step.months * std::int64_t{30} + step.days) * partition::kDay + step.units;
}

/// Where the set should stand now. Of integers only its rows would say.
void add_targets(PartitionSet& set, const partition::Set& stored, std::int64_t now) {
  set.time = partition::is_time(stored.grid.kind);
  set.step = partition::to_string(stored.grid.kind, stored.grid.step);
  set.step_length = length_of(stored.grid.step);
  if (stored.retention) {
    set.retention = partition::to_string(stored.grid.kind, *stored.retention);
    set.retention_length = length_of(*stored.retention);
  }
  if (!set.time) return;
  partition::Situation situation;
  situation.now = now;
  set.wanted_until = partition::premade_until(stored, situation);
  set.keep_from = partition::retained_from(stored, situation);
}

PartitionSet set_of(const StoredSet& stored, std::int64_t now) {
  PartitionSet set;
  set.schema = stored.set.schema;
  set.name = stored.set.table;
  set.identity = quote_qualified(set.schema, set.name);
  set.exists = stored.relation != 0;
  set.owner = stored.set.owner;
  set.owner_now = pg::role_name(stored.owner);
  set.column = stored.set.column;
  if (!stored.problem.empty()) {
    set.run_known = true;
    set.failures = 1;
    set.last_error = stored.problem;
    return set;
  }
  set.premake = stored.set.premake;
  set.retire = partition::name_of(stored.set.retire);
  set.archive_schema = stored.set.archive_schema;
  set.enable_call = partition::enable_call(stored.set);
  set.enabled = stored.set.enabled;
  add_targets(set, stored.set, now);
  return set;
}

/// Of a literal such as '0190c2f0-...' what stands in the quotes.
std::int64_t position_in(partition::KeyKind kind, const std::string& literal, std::int64_t otherwise) {
  if (literal.size() < 2 || literal.front() != '\'') return otherwise;
  return partition::position_of(kind, std::string_view(literal).substr(1, literal.size() - 2))
      .value_or(otherwise);
}

/// Puts the bounds where the set's kind of key has them.
void place(PartitionBound& bound, partition::KeyKind kind) {
  using partition::KeyKind;
  auto const from_number = [&](std::int64_t number) {
    return number == kAxisBegin || number == kAxisEnd ? number : partition::position_of(kind, number);
  };
  switch (kind) {
    case KeyKind::epoch_s:
    case KeyKind::epoch_ms:
    case KeyKind::epoch_us:
      bound.from = from_number(bound.from);
      bound.to = from_number(bound.to);
      break;
    case KeyKind::uuidv7:
    case KeyKind::ulid:
      bound.from = position_in(kind, bound.lower, kAxisBegin);
      bound.to = position_in(kind, bound.upper, kAxisEnd);
      break;
    default:
      break;
  }
}

void place_bounds(Catalog& catalog, int table, partition::KeyKind kind) {
  auto const key = std::find_if(catalog.partition_keys.begin(), catalog.partition_keys.end(),
                                [&](const PartitionKey& one) { return one.table == table; });
  if (key == catalog.partition_keys.end() || key->strategy != PartitionStrategy::range ||
      key->columns.size() != 1 || !partition::is_time(kind))
    return;
  if (key->axis == PartitionAxis::time) return;
  key->axis = PartitionAxis::time;
  for (auto& bound : catalog.partition_bounds)
    if (bound.parent == table && !bound.is_default) place(bound, kind);
}

bool schema_exists(pg::Spi& spi, const std::string& name) {
  return name.empty() ||
         !spi.query("select 1 from pg_catalog.pg_namespace where nspname = $1", {name}).empty();
}

void add_runs(Catalog& catalog) {
  if (!pg::data_table_exists(kRun)) return;
  pg::SqlResult const rows = pg::read_data(kRuns, {});
  for (size_t row = 0; row < rows.size(); ++row)
    for (auto& set : catalog.partition_sets) {
      if (set.schema != rows.text(row, 0) || set.name != rows.text(row, 1)) continue;
      set.run_known = true;
      set.last_run = rows.int8(row, 2);
      set.last_ok = rows.int8(row, 3);
      set.next_try = rows.int8(row, 4);
      set.failures = static_cast<int>(rows.int8(row, 5));
      set.last_error = rows.text(row, 6);
    }
}

}  // namespace

void read_partition_sets(pg::Spi& spi, const Schemas& schemas, Catalog& catalog) {
  std::int64_t const now = catalog.server.now + partition::kUnixEpoch;
  for (auto const& stored : read_sets()) {
    bool const named = std::any_of(schemas.names.begin(), schemas.names.end(),
                                   [&](auto const& one) { return one.second == stored.set.schema; });
    // Of a schema that is gone only those who see all of them hear.
    if (!named && !(schemas.all && stored.relation == 0)) continue;
    PartitionSet set = set_of(stored, now);
    set.archive_schema_exists = schema_exists(spi, set.archive_schema);
    const Table* const table = stored.relation != 0 ? catalog.table(stored.relation) : nullptr;
    if (table != nullptr) {
      set.table = static_cast<int>(table - catalog.tables.data());
      place_bounds(catalog, set.table, stored.set.grid.kind);
    }
    catalog.partition_sets.push_back(std::move(set));
  }
  add_runs(catalog);
}

}  // namespace deal::server
