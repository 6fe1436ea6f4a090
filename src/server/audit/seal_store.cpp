#include "server/audit/seal_store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/audit/log_schema.hpp"
#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/audit/log_scan.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

struct Table {
  const char* name;
  const char* columns;
  const char* comment;
};

constexpr Table kTables[] = {
    {kSeals,
     "seal bigint primary key, system_id bigint not null, began timestamptz not null, from_xid xid8 not "
     "null, to_xid "
     "xid8 not null, after timestamptz not null, row_count bigint not null, content jsonb not null, "
     "sealed_at "
     "timestamptz not null, sealed_by text not null, previous text not null, digest text not null",
     "Seals of the log: what each covers and its digest, which stands for the whole log up to then. Written "
     "by "
     "deal_advisor.audit_seal, compared by audit_verify."},
    {kErasures,
     "number bigint primary key generated always as identity, relation text not null, at timestamptz not "
     "null, xid xid8 "
     "not null, seq integer not null, before bytea not null, after bytea not null, erased timestamptz not "
     "null, "
     "erased_by text not null, reason text",
     "Rows of the log that deal_advisor.audit_forget has emptied: their SHA-256 before and after, so that "
     "audit_verify "
     "still knows them."},
    {kPrunings,
     "number bigint primary key generated always as identity, relation text not null, from_time timestamptz "
     "not null, "
     "to_time timestamptz not null, row_count bigint not null, pruned timestamptz not null, pruned_by text "
     "not null, reason "
     "text",
     "Partitions of the log that deal_advisor.audit_prune has dropped."},
};

/// A timestamptz as microseconds since 2000, exactly.
std::string micros(const char* column) {
  return fmt::format(
      "(case when {0} = '-infinity' then '-9223372036854775808' else ((extract(epoch from {0}) * "
      "1000000)::bigint - "
      "946684800000000)::text end)",
      column);
}

std::string time_text(int64 at) {
  return pg::output_of(TimestampTzGetDatum(at), TIMESTAMPTZOID);
}

NumberedRows numbered(const pg::SqlResult& result, int columns) {
  NumberedRows found;
  std::string bytes;
  for (size_t row = 0; row < result.size(); ++row) {
    std::vector<std::string> texts;
    for (int column = 0; column < columns; ++column) {
      texts.push_back(result.text(row, column));
      audit::append_field(bytes, result.is_null(row, column) ? "" : "=" + texts.back());
    }
    found.digest.up_to = result.int8(row, 0);
    found.rows.push_back(std::move(texts));
  }
  if (!found.rows.empty()) found.digest.digest = sha256(bytes);
  return found;
}

Oid relation_in(const std::string& schema, const char* table) {
  return pg::call([&] {
    Oid const oid = get_namespace_oid(schema.c_str(), true);
    return oid == InvalidOid ? InvalidOid : get_relname_relid(table, oid);
  });
}

}  // namespace

std::string SealStore::table(const char* name) const {
  return quote_qualified(schema_, name);
}

bool SealStore::exists() const {
  for (Table const& table : kTables)
    if (relation_in(schema_, table.name) == InvalidOid) return false;
  return true;
}

void SealStore::ensure(Oid owner) const {
  pg::Spi spi;
  for (Table const& made : kTables) {
    Oid const present = relation_in(schema_, made.name);
    if (present == InvalidOid) {
      spi.execute(fmt::format("create table {} ({})", table(made.name), made.columns));
      spi.execute(fmt::format("comment on table {} is {}", table(made.name), quote_literal(made.comment)));
    } else if (pg::relation_owner(present) != owner) {
      throw Error("42501", table(made.name) + " belongs to role \"" +
                               pg::role_name(pg::relation_owner(present)) + "\"")
          .hint("Only tables of the log's owner are trusted; rename it or drop it.");
    }
  }
}

void SealStore::lock() const {
  pg::Spi spi;
  spi.execute("lock table " + table(kSeals) + " in share row exclusive mode");
}

std::vector<audit::Seal> SealStore::seals(bool only_last) const {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(fmt::format(
      "select seal, system_id, {}, from_xid, to_xid, {}, content, {}, sealed_by, previous, digest from {} "
      "order "
      "by seal {}",
      micros("began"), micros("after"), micros("sealed_at"), table(kSeals), only_last ? "desc limit 1" : ""));
  std::vector<audit::Seal> seals;
  for (size_t row = 0; row < rows.size(); ++row) {
    audit::Seal seal;
    seal.number = rows.int8(row, 0);
    seal.system = rows.int8(row, 1);
    seal.began = rows.int8(row, 2);
    seal.from_xid = std::strtoull(rows.text(row, 3).c_str(), nullptr, 10);
    seal.to_xid = std::strtoull(rows.text(row, 4).c_str(), nullptr, 10);
    seal.after = rows.int8(row, 5);
    audit::parse_seal_content(rows.text(row, 6), seal);
    seal.sealed_at = rows.int8(row, 7);
    seal.sealed_by = rows.text(row, 8);
    seal.previous = audit::digest_of_hex(rows.text(row, 9));
    seal.digest = audit::digest_of_hex(rows.text(row, 10));
    seals.push_back(std::move(seal));
  }
  return seals;
}

void SealStore::add(const audit::Seal& seal) const {
  pg::Spi spi;
  spi.execute(
      fmt::format("insert into {} values ($1::bigint, $2::bigint, $3::timestamptz, $4::xid8, $5::xid8, "
                  "$6::timestamptz, $7::bigint, $8::jsonb, $9::timestamptz, $10, $11, $12)",
                  table(kSeals)),
      {std::to_string(seal.number), std::to_string(seal.system), time_text(seal.began),
       std::to_string(seal.from_xid), std::to_string(seal.to_xid), time_text(seal.after),
       std::to_string(seal.rows()), audit::seal_content(seal), time_text(seal.sealed_at), seal.sealed_by,
       audit::hex_of(seal.previous), audit::hex_of(seal.digest)});
}

NumberedRows SealStore::layouts(const std::vector<int>& numbers) const {
  pg::Spi spi;
  return numbered(spi.query(fmt::format("select layout, table_id, relation, database, system_id, "
                                        "relation_name, {}, columns from {} where "
                                        "layout = any ($1::integer[]) order by layout",
                                        micros("noted"), table(audit::kLayouts)),
                            {fmt::format("{{{}}}", fmt::join(numbers, ","))}),
                  8);
}

std::vector<int> SealStore::unsealed_layouts() const {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(fmt::format(
      "select layout from {} except select (pg_catalog.jsonb_array_elements_text(content -> 'layouts' -> "
      "'numbers'))::integer from {} order by 1",
      table(audit::kLayouts), table(kSeals)));
  std::vector<int> numbers;
  for (size_t row = 0; row < rows.size(); ++row)
    numbers.push_back(static_cast<int>(rows.int8(row, 0)));
  return numbers;
}

std::optional<int64> SealStore::first_of_system(uint64 system) const {
  pg::Spi spi;
  pg::SqlResult const row = spi.query(fmt::format("select {} from {} where system_id = $1::bigint",
                                                  micros("min(noted)"), table(audit::kLayouts)),
                                      {std::to_string(static_cast<int64>(system))});
  if (row.is_null(0, 0)) return std::nullopt;
  return row.int8(0, 0);
}

bool SealStore::has_other_system(uint64 system) const {
  pg::Spi spi;
  return spi
      .query(
          fmt::format("select exists (select from {} where system_id <> $1::bigint)", table(audit::kLayouts)),
          {std::to_string(static_cast<int64>(system))})
      .boolean(0, 0);
}

NumberedRows SealStore::erasures(int64 after, int64 up_to) const {
  pg::Spi spi;
  return numbered(
      spi.query(
          fmt::format(
              "select number, relation, {}, xid, seq, pg_catalog.encode(before, 'hex'), "
              "pg_catalog.encode(after, 'hex'), {}, erased_by, reason from {} where number > $1::bigint and "
              "number <= $2::bigint order by number",
              micros("at"), micros("erased"), table(kErasures)),
          {std::to_string(after), std::to_string(up_to)}),
      10);
}

NumberedRows SealStore::prunings(int64 after, int64 up_to) const {
  pg::Spi spi;
  return numbered(
      spi.query(
          fmt::format(
              "select number, relation, {}, {}, row_count, {}, pruned_by, reason from {} where number > "
              "$1::bigint and number <= $2::bigint order by number",
              micros("from_time"), micros("to_time"), micros("pruned"), table(kPrunings)),
          {std::to_string(after), std::to_string(up_to)}),
      8);
}

void SealStore::add_erasure(const std::string& relation, int64 at, const audit::LoggedRow& before,
                            const audit::Digest& after, const std::string& by,
                            const std::optional<std::string>& reason) const {
  pg::Spi spi;
  spi.execute(
      fmt::format(
          "insert into {} (relation, at, xid, seq, before, after, erased, erased_by, reason) values ($1, "
          "$2::timestamptz, $3::xid8, $4::integer, pg_catalog.decode($5, 'hex'), pg_catalog.decode($6, "
          "'hex'), pg_catalog.clock_timestamp(), $7, $8)",
          table(kErasures)),
      {relation, time_text(at), std::to_string(before.xid), std::to_string(before.order),
       audit::hex_of(before.hash), audit::hex_of(after), by, reason});
}

void SealStore::add_pruning(const std::string& relation, int64 from, int64 to, int64 rows,
                            const std::string& by, const std::optional<std::string>& reason) const {
  pg::Spi spi;
  spi.execute(
      fmt::format(
          "insert into {} (relation, from_time, to_time, row_count, pruned, pruned_by, reason) values ($1, "
          "$2::timestamptz, $3::timestamptz, $4::bigint, pg_catalog.clock_timestamp(), $5, $6)",
          table(kPrunings)),
      {relation, time_text(from), time_text(to), std::to_string(rows), by, reason});
}

}  // namespace deal::server
