#include "core/soft_delete/soft_delete.hpp"

#include <fmt/format.h>

#include "core/base/quote.hpp"

namespace deal::soft_delete {

namespace {

constexpr const char* kCall = "for each row execute function deal_advisor.soft_delete";

std::string column_list(const std::vector<std::string>& columns) {
  std::string list;
  for (auto const& column : columns)
    list += (list.empty() ? "" : ", ") + quote_identifier(column);
  return list;
}

std::string building(const UniqueReplacement& unique, const char* how, const std::string& name) {
  return fmt::format("create unique index {}{} on {}{}", how, quote_identifier(name), unique.table,
                     partial_definition(unique));
}

std::string partial_name(const UniqueReplacement& unique) {
  return fitting_name(unique.constraint, "_live");
}

}  // namespace

std::string add_column(const std::string& table, const std::string& column) {
  return fmt::format("alter table {} add column {} timestamptz", table, quote_identifier(column));
}

std::vector<std::string> create_triggers(const std::string& table, const std::string& column,
                                         bool cascade_delete, bool partitioned) {
  std::vector<std::string> statements;
  statements.push_back(fmt::format("create trigger zz_soft_delete before delete on {} {}()", table, kCall));
  statements.push_back(fmt::format("create trigger zz_soft_delete_mark after update of {} on {} {}({}{})",
                                   quote_identifier(column), table, kCall, quote_literal(kMark),
                                   cascade_delete ? ", " + quote_literal(kCascadeDelete) : ""));
  if (partitioned)
    statements.push_back(
        fmt::format("create trigger zz_soft_delete_move before update on {} {}()", table, kCall));
  return statements;
}

std::string create_reference_trigger(const std::string& table, const std::vector<std::string>& columns) {
  return fmt::format("create trigger zz_soft_delete_reference after insert or update of {} on {} {}({})",
                     column_list(columns), table, kCall, quote_literal(kReference));
}

std::string create_live_view(const std::string& view, const std::string& table, const std::string& column,
                             bool replaces) {
  return fmt::format(
      "create {}view {} with (security_barrier = true, security_invoker = true) as select * from {} where {} "
      "is null",
      replaces ? "or replace " : "", view, table, quote_identifier(column));
}

std::string create_view_trigger(const std::string& view) {
  return fmt::format("create trigger zz_soft_delete_view instead of delete on {} {}()", view, kCall);
}

std::string partial_definition(const UniqueReplacement& unique) {
  return fmt::format("{} WHERE ({} IS NULL)", unique.definition, quote_identifier(unique.column));
}

std::vector<std::string> replace_unique(const UniqueReplacement& unique) {
  std::vector<std::string> statements;
  std::string const name = unique.built.empty() ? partial_name(unique) : unique.built;
  if (unique.built.empty()) statements.push_back(building(unique, "", name));
  statements.push_back(
      fmt::format("alter table {} drop constraint {}", unique.table, quote_identifier(unique.constraint)));
  if (name != unique.constraint)
    statements.push_back(fmt::format("alter index {} rename to {}", quote_qualified(unique.schema, name),
                                     quote_identifier(unique.constraint)));
  return statements;
}

std::string build_concurrently(const UniqueReplacement& unique) {
  return building(unique, "concurrently ", partial_name(unique)) + ";";
}

std::string mark_row(const std::string& table, const std::string& column) {
  return fmt::format("update only {} x set {} = $1 where x.ctid operator(pg_catalog.=) $2", table,
                     quote_identifier(column));
}

std::string lock_row(const std::string& table) {
  return fmt::format("select 1 from only {} x where x.ctid operator(pg_catalog.=) $1 for update of x", table);
}

std::string find_referring(const Others& others, const std::string& mark) {
  std::string const live = mark.empty() ? "" : fmt::format(" and x.{} is null", quote_identifier(mark));
  return fmt::format("select 1 from {} where {}{} limit 1 for key share of x", others.from, others.condition,
                     live);
}

std::string mark_referring(const Others& others, const std::string& mark) {
  return fmt::format("update {} set {} = ${} where {} and x.{} is null", others.from, quote_identifier(mark),
                     others.parameters + 1, others.condition, quote_identifier(mark));
}

std::string change_marks(const Others& others, const std::string& mark) {
  return fmt::format("update {} set {} = ${} where {} and x.{} operator(pg_catalog.=) ${}", others.from,
                     quote_identifier(mark), others.parameters + 1, others.condition, quote_identifier(mark),
                     others.parameters + 2);
}

std::string delete_referring(const Others& others) {
  return fmt::format("delete from {} where {}", others.from, others.condition);
}

std::string set_referring(const Others& others, const std::vector<std::string>& columns, bool to_default) {
  std::string set;
  for (auto const& column : columns)
    set += fmt::format("{}{} = {}", set.empty() ? "" : ", ", quote_identifier(column),
                       to_default ? "default" : "null");
  return fmt::format("update {} set {} where {}", others.from, set, others.condition);
}

std::string find_referenced(const Others& others) {
  return fmt::format("select 1 from {} where {}", others.from, others.condition);
}

std::string lock_referenced(const Others& others) {
  return fmt::format("select 1 from {} where {} for key share of x", others.from, others.condition);
}

std::string mark_of_referenced(const Others& others, const std::string& mark) {
  return fmt::format("select x.{} from {} where {}", quote_identifier(mark), others.from, others.condition);
}

std::string purge_batch(const std::string& table, const std::string& column,
                        const std::vector<std::string>& kept_by) {
  std::string kept;
  for (auto const& condition : kept_by)
    kept += " and not exists (" + condition + ")";
  // Places, not keys: a table may have no key, and a scan by place needs no index and never looks twice.
  return fmt::format(
      "with doomed as (select x.ctid as place from only {0} x where x.ctid > $3::pg_catalog.tid and x.{1} < "
      "$1::pg_catalog.timestamptz{2} limit $2::pg_catalog.int8 for update skip locked), gone as (delete from "
      "only {0} x where x.ctid = any (array(select place from doomed)) returning x.ctid as place) select "
      "(select pg_catalog.count(*) from gone), (select pg_catalog.max(place) from doomed)",
      table, quote_identifier(column), kept);
}

}  // namespace deal::soft_delete
