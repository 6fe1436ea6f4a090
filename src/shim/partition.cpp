/// SQL entry points of partition maintenance.

#include <fmt/format.h>

#include "core/base/options.hpp"
#include "core/base/quote.hpp"
#include "core/partition/names.hpp"
#include "server/bridge/bridge.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/transaction.hpp"
#include "server/bridge/worker.hpp"
#include "server/partition/enable.hpp"
#include "server/partition/status.hpp"
#include "server/partition/zone.hpp"

namespace {

using deal::partition::Action;
using deal::partition::ActionKind;
using deal::partition::Position;
using deal::server::PlannedSet;
using deal::server::StoredSet;

constexpr int kMostBounds = 10'000;
/// How long DETACH ... CONCURRENTLY waits for transactions that may still use the partition, which blocks
/// nobody. After that it stays "detach pending", and the next maintenance finishes it.
constexpr const char* kDetachPatience = "30s";

deal::server::EnableRequest enable_request(const pg::Arguments& args) {
  deal::server::EnableRequest request;
  request.relation = args.oid(0);
  request.key_column = pg::name_of(args.datum(1));
  request.step = args.text(2);
  request.premake = args.int4(3);
  request.retention = args.optional_text(4);
  request.retire = args.text(5);
  request.zone = args.text(6);
  request.horizon = args.optional_text(7);
  request.use_default = args.boolean(8);
  request.options = args.json_or_empty(9);
  return request;
}

/// The sets to look at: the one named, or all that the calling role may act for.
std::vector<StoredSet> requested_sets(const pg::Arguments& args) {
  if (!args.is_null(0)) {
    StoredSet stored = deal::server::read_set(args.oid(0));
    deal::server::require_rights(stored);
    return {std::move(stored)};
  }
  std::vector<StoredSet> sets;
  for (auto& stored : deal::server::read_sets()) {
    if (stored.set.enabled && deal::server::refusal(stored).empty()) sets.push_back(std::move(stored));
  }
  return sets;
}

struct Effect {
  const char* lock;
  const char* blocks;
};

Effect effect_of(const PlannedSet& planned, const Action& action) {
  bool const has_default = !planned.table.partitions.empty() && planned.table.partitions.back().is_default;
  if (action.kind == ActionKind::create)
    return {"SHARE UPDATE EXCLUSIVE", has_default
                                          ? "reads and writes of the default partition, while it is searched"
                                          : "nobody; writes of referenced tables for milliseconds"};
  if (action.kind == ActionKind::finalize || planned.stored.set.detach_concurrently)
    return {"SHARE UPDATE EXCLUSIVE", "nobody"};
  return {"ACCESS EXCLUSIVE", "reads and writes for milliseconds"};
}

void add_action(pg::RowSet& rows, const PlannedSet& planned, const Action& action) {
  auto const& set = planned.stored.set;
  Effect const effect = effect_of(planned, action);
  rows.add({pg::value(deal::quote_qualified(set.schema, set.table)), pg::value(name_of(action.kind)),
            pg::value(deal::quote_qualified(action.schema, action.partition)),
            pg::value(deal::partition::boundary_text(set.grid, action.lower)),
            pg::value(deal::partition::boundary_text(set.grid, action.upper)),
            pg::value(deal::server::statement_texts(planned, action)), pg::value(effect.lock),
            pg::value(effect.blocks)});
}

void add_analyze(pg::RowSet& rows, const PlannedSet& planned) {
  std::string const parent = deal::quote_qualified(planned.stored.set.schema, planned.stored.set.table);
  rows.add({pg::value(parent), pg::value("analyze"), pg::Value{}, pg::Value{}, pg::Value{},
            pg::value(std::vector<std::string>{"analyze " + parent}), pg::value("SHARE UPDATE EXCLUSIVE"),
            pg::value("nobody")});
}

std::string forget(const std::string& schema, const std::string& table) {
  std::string const name = deal::quote_qualified(schema, table);
  if (!deal::server::forget_set(schema, table))
    throw deal::Error("42704", "table " + name + " is no partition set")
        .hint("select parent, state from deal_advisor.partition_status();");
  return "no longer maintained: " + name;
}

/// A time as the result of a partition_bounds row.
pg::Value time_value(Position position) {
  return pg::timestamp_value(position);
}

/// A timestamptz in text form as a value of that type; NULL stays NULL.
pg::Value time_of_text(const std::optional<std::string>& text) {
  if (!text) return {};
  pg::Spi spi;
  constexpr int64_t kEpochToServer = 946'684'800'000'000;
  return pg::timestamp_value(
      spi.query("select (extract(epoch from $1::timestamptz) * 1000000)::bigint", {*text}).int8(0, 0) -
      kEpochToServer);
}

}  // namespace

DEAL_FUNCTION(deal_advisor_partition_enable) {
  return pg::text_datum(deal::server::enable_set(enable_request(args)));
}

DEAL_FUNCTION(deal_advisor_partition_disable) {
  auto const stored = deal::server::read_set(args.oid(0));
  return pg::text_datum(forget(stored.set.schema, stored.set.table));
}

DEAL_FUNCTION(deal_advisor_partition_forget) {
  return pg::text_datum(forget(pg::name_of(args.datum(0)), pg::name_of(args.datum(1))));
}

DEAL_FUNCTION(deal_advisor_partition_plan) {
  pg::RowSet rows(args);
  deal::Options("partition_plan", args.json_or_empty(1)).finish();
  for (auto const& stored : requested_sets(args)) {
    PlannedSet const planned = deal::server::plan_set(stored);
    for (auto const& action : planned.actions)
      add_action(rows, planned, action);
    if (planned.analyze) add_analyze(rows, planned);
  }
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_partition_ensure) {
  pg::RowSet rows(args);
  auto const stored = deal::server::read_set(args.oid(0));
  deal::server::require_rights(stored);
  std::optional<Position> until;
  if (!args.is_null(1)) until = deal::server::parse_position(stored.set.grid, args.text(1));
  for (auto const& name : deal::server::ensure_planned(deal::server::plan_set(stored, until)))
    rows.add({pg::value(name)});
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_partition_maintain) {
  pg::require_own_transactions(args);
  std::optional<deal::ObjectId> relation;
  if (!args.is_null(0)) relation = args.oid(0);
  deal::server::maintain(relation, [&](const StoredSet& stored, const std::vector<std::string>& statements) {
    bool const unlimited = pg::setting("lock_timeout") == "0";
    pg::run_in_worker_as(args, stored.owner, statements, unlimited ? kDetachPatience : "");
  });
  return Datum{0};
}

DEAL_FUNCTION(deal_advisor_partition_status) {
  pg::RowSet rows(args);
  for (auto const& status : deal::server::set_status()) {
    std::optional<std::string> detail;
    if (!status.detail.empty()) detail = status.detail;
    rows.add({pg::value(status.parent), pg::value(status.state), pg::value(detail),
              pg::value(int32_t{status.partitions}), pg::value(status.oldest), pg::value(status.ready_until),
              pg::value(status.runway_days), pg::value(status.default_rows), pg::value(status.key),
              pg::value(status.step), pg::value(status.zone), pg::value(status.retention),
              time_of_text(status.last_ok), pg::value(status.last_error), time_of_text(status.next_try)});
  }
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_partition_bounds) {
  pg::RowSet rows(args);
  deal::partition::Grid grid;
  grid.step = deal::partition::parse_step(grid.kind, args.text(0));
  grid.zone = deal::server::server_zone(args.text(3));
  grid.anchor = deal::partition::default_anchor(grid.kind, grid.step);
  Position const since = args.int8(1);
  Position const until = args.int8(2);
  if (since == deal::partition::kMinimum || until == deal::partition::kMaximum)
    throw deal::Error("22023", "times must be finite");
  std::string const table = args.text(4);
  int count = 0;
  for (Position lower = deal::partition::boundary_at(grid, since); lower < until;) {
    if (++count > kMostBounds)
      throw deal::Error("54000", fmt::format("more than {} partitions", kMostBounds))
          .hint("Ask for a shorter time or take a longer step.");
    Position const upper = deal::partition::boundary_after(grid, lower);
    rows.add({time_value(lower), time_value(upper),
              pg::value(deal::partition::partition_name(table, grid, lower))});
    lower = upper;
  }
  return rows.result();
}
