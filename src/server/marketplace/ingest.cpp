#include "server/marketplace/ingest.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/cursor.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/number_array.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"
#include "server/marketplace/ingest_check.hpp"
#include "server/marketplace/ingest_listings.hpp"
#include "server/marketplace/ingest_products.hpp"
#include "server/marketplace/ingest_rows.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/array.h"
}

namespace deal::server {

namespace {

using namespace deal::marketplace;

constexpr int64_t kHighestPrice = 10'000'000'000'000;
/// So that no day's sum of one call can leave the range of bigint.
constexpr size_t kMostObservations = 900'000;

bool is_price(const std::optional<int64_t>& price) {
  return !price || (*price >= 1 && *price <= kHighestPrice);
}

/// An array of one dimension.
bool is_list(Datum array) {
  return pg::call([&] { return ARR_NDIM(DatumGetArrayTypeP(array)) == 1; });
}

std::vector<ListingGroup> groups_of(std::span<const Observation> seen) {
  std::vector<ListingGroup> groups;
  for (uint32_t i = 0; i < seen.size(); ++i) {
    if (groups.empty() || seen[groups.back().first].listing != seen[i].listing) groups.push_back({i, 0});
    ++groups.back().count;
  }
  return groups;
}

/// What an array of int8 is of: `no_price` among prices is null.
enum class Elements { numbers, times, prices };

/// A column of structs as an array for a statement.
template <class Item, class Number>
pg::Parameter array_of(const std::vector<Item>& items, Number&& number, Elements elements) {
  Oid const element = elements == Elements::times ? TIMESTAMPTZOID : INT8OID;
  Oid const array = elements == Elements::times ? TIMESTAMPTZARRAYOID : INT8ARRAYOID;
  Datum const datum = pg::call([&] {
    size_t const size = items.size() + 1;
    auto* const values = static_cast<Datum*>(palloc_extended(sizeof(Datum) * size, MCXT_ALLOC_HUGE));
    auto* const nulls = static_cast<bool*>(palloc_extended(size, MCXT_ALLOC_HUGE));
    for (size_t i = 0; i < items.size(); ++i) {
      int64_t const value = number(items[i]);
      values[i] = Int64GetDatum(value);
      nulls[i] = elements == Elements::prices && value == no_price;
    }
    int dimension = static_cast<int>(items.size());
    int lower = 1;
    return PointerGetDatum(construct_md_array(values, nulls, 1, &dimension, &lower, element, 8,
                                              FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
  });
  return {array, {datum, false}};
}

pg::Parameter number(int64_t value) {
  return {INT8OID, pg::value(value)};
}

/// What SQL does once prices are written: best prices of products, and the hook for alerts.
void tell(const IngestRequest& request, const IngestPass& pass, const std::vector<int64_t>& products) {
  std::string const schema = quote_identifier(request.schema);
  pg::Memory const memory("deal_advisor ingest arrays");
  pg::InContext const inside(memory.context());
  pg::Spi session;
  if (!products.empty()) {
    pg::Parameter const arguments[] = {number(request.tenant),
                                       array_of(
                                           products, [](int64_t p) { return p; }, Elements::numbers)};
    pg::execute_with(session, fmt::format("select {}.refresh_best_prices($1, $2)", schema), arguments);
  }
  if (!pass.changes.empty()) {
    pg::Parameter const arguments[] = {
        number(request.tenant),
        array_of(
            pass.changes, [](auto& c) { return c.listing; }, Elements::numbers),
        array_of(
            pass.changes, [](auto& c) { return c.at; }, Elements::times),
        array_of(
            pass.changes, [](auto& c) { return c.before; }, Elements::prices),
        array_of(
            pass.changes, [](auto& c) { return c.after; }, Elements::prices)};
    pg::execute_with(session, fmt::format("select {}.prices_changed($1, $2, $3, $4, $5)", schema), arguments);
  }
}

/// All passes and all writes; the tables are open. The products whose best price may be another one.
std::vector<int64_t> write(IngestTables& tables, int64_t tenant, Oid source, IngestPass& pass) {
  std::vector<ListingGroup> groups = groups_of(pass.seen);
  pass.points.reserve(pass.seen.size());
  pass.days.reserve(groups.size());
  while (!groups.empty()) {
    // What others have committed meanwhile is seen the next time, and stays: we hold the lock.
    pg::FreshSnapshot const now;
    pass.contended.clear();
    update_listings(tables, tenant, groups, pass);
    groups.swap(pass.contended);
  }
  pg::FreshSnapshot const now;
  write_points(tables, tenant, source, pass.points);
  write_days(tables, tenant, pass.days);
  return products_to_refresh(tables, tenant, pass.moved);
}

/// Opens the tables if there is no obstacle; else nothing is open.
IngestCheck open_checked(const std::string& schema, int64_t tenant, const std::string& source,
                         IngestTables& tables) {
  // Its errors, snapshots and read-only modes are the executor's business.
  bool const possible = pg::call([] {
    return !IsolationUsesXactSnapshot() && !XactReadOnly && !RecoveryInProgress() && !IsInParallelMode();
  });
  if (!possible) return {"a transaction that is read-only, or REPEATABLE READ and above", InvalidOid};
  if (ExecutorCheckPerms_hook != nullptr) return {"an extension that checks rights on its own", InvalidOid};
  if (!find_ingest_tables(schema, tables)) return {"there is no such marketplace", InvalidOid};
  if (!pg::call([&] { return open_ingest_tables(tables); }))
    return {"tables whose columns, keys or partitions are not as marketplace_install makes them", InvalidOid};
  // Locked now: what is true of them stays true. Unless they were exchanged just before.
  IngestTables again;
  bool const same = find_ingest_tables(schema, again) && again.listings_oid == tables.listings_oid &&
                    again.history_oid == tables.history_oid && again.daily_oid == tables.daily_oid &&
                    again.products_oid == tables.products_oid;
  IngestCheck check = check_ingest(schema, tenant, source);
  if (!same) check.obstacle = "tables that are being exchanged";
  if (check.obstacle) pg::call([&] { close_ingest_tables(tables); });
  return check;
}

}  // namespace

std::optional<std::vector<Observation>> observations_of(Datum listings, Datum times, Datum prices,
                                                        Datum list_prices) {
  if (!is_list(listings) || !is_list(times) || !is_list(prices) || !is_list(list_prices)) return std::nullopt;
  auto const listing = pg::number_array_of(listings);
  auto const at = pg::number_array_of(times);
  auto const price = pg::number_array_of(prices);
  auto const list_price = pg::number_array_of(list_prices);
  size_t const count = listing.size();
  if (at.size() != count || price.size() != count || list_price.size() != count || count > kMostObservations)
    return std::nullopt;
  TimestampTz const latest = pg::call([] { return GetCurrentTimestamp(); }) + INT64CONST(3600) * 1'000'000;
  std::vector<Observation> observations;
  observations.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (!listing[i] || !at[i] || TIMESTAMP_NOT_FINITE(*at[i]) || *at[i] > latest || !is_price(price[i]) ||
        !is_price(list_price[i]))
      return std::nullopt;
    observations.push_back({*listing[i], *at[i], price[i].value_or(no_price),
                            list_price[i].value_or(no_price), static_cast<int32_t>(i)});
  }
  auto const place = [](const Observation& o) { return std::pair(o.listing, o.at); };
  if (!std::ranges::is_sorted(observations, {}, place)) std::ranges::sort(observations, {}, place);
  bool const twice = std::ranges::adjacent_find(observations, {}, place) != observations.end();
  if (twice) return std::nullopt;
  return observations;
}

std::optional<std::string> ingest_obstacle(const std::string& schema, int64_t tenant) {
  pg::Memory const memory("deal_advisor ingest");
  IngestTables tables;
  tables.context = memory.context();
  IngestCheck const check = open_checked(schema, tenant, "", tables);
  if (!check.obstacle) pg::call([&] { close_ingest_tables(tables); });
  return check.obstacle;
}

std::optional<IngestResult> record_prices(IngestRequest& request) {
  IngestResult result;
  pg::Memory const memory("deal_advisor ingest");
  IngestTables tables;
  tables.context = memory.context();
  for (Observation const& seen : request.observations) {
    tables.first_at = std::min(tables.first_at, seen.at);
    tables.last_at = std::max(tables.last_at, seen.at);
  }
  IngestCheck const check = open_checked(request.schema, request.tenant, request.source, tables);
  if (check.obstacle) return std::nullopt;
  pg::call([&] { CheckCmdReplicaIdentity(tables.listings.relation, CMD_UPDATE); });
  pg::call([&] { CheckCmdReplicaIdentity(tables.daily.relation, CMD_UPDATE); });
  IngestPass pass;
  pass.seen = request.observations;
  std::vector<int64_t> const products = write(tables, request.tenant, check.source, pass);
  pg::call([&] { close_ingest_tables(tables); });
  tell(request, pass, products);
  result.stored = static_cast<int64_t>(pass.points.size());
  result.rest = std::move(pass.rest);
  return result;
}

}  // namespace deal::server
