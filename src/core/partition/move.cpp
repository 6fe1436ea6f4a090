#include "core/partition/move.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/quote.hpp"

namespace deal::partition {

namespace {

// What LIKE takes: no identity, which a partition can't have of its own, and indexes only where said.
constexpr std::string_view kLike =
    "including defaults including generated including constraints including storage including compression "
    "including comments";

std::string column_list(const Move& move, std::string_view alias = {}) {
  std::string list;
  for (const std::string& column : move.columns) {
    if (!list.empty()) list += ", ";
    if (!alias.empty()) list += fmt::format("{}.", alias);
    list += quote_identifier(column);
  }
  return list;
}

std::string key_list(const Move& move) {
  std::string list;
  for (const MoveKey& key : move.key)
    list += (list.empty() ? "" : ", ") + quote_identifier(key.column);
  return list;
}

std::string bound(const MoveTarget& target) {
  if (target.is_default()) return "default";
  return fmt::format("for values from ({}) to ({})", target.lower, target.upper);
}

std::string like(std::string_view table, std::string_view more) {
  return fmt::format("like {} {}{}", table, kLike, more);
}

std::string attach(std::string_view to, const Move& move, const MoveTarget& target) {
  return fmt::format("alter table {} attach partition {} {}", to, working_table(move, target), bound(target));
}

std::string detach(std::string_view from, std::string_view partition) {
  return fmt::format("alter table {} detach partition {}", from, partition);
}

std::string drop_check(std::string_view table) {
  return fmt::format("alter table {} drop constraint {}", table, kRangeCheck);
}

std::string make_target(const Move& move, const MoveTarget& target) {
  return fmt::format("create {}table {} ({}, constraint {} check ({})){}", target.unlogged ? "unlogged " : "",
                     working_table(move, target), like(target.like, " including statistics"), kRangeCheck,
                     target.check, target.storage);
}

std::string rename(std::string_view table, std::string_view name) {
  return fmt::format("alter table {} rename to {}", table, quote_identifier(name));
}

std::string old_name(const Move& move, std::size_t number) {
  return helper_name(move.parent, fmt::format("old{}", number + 1));
}

std::string old_table(const Move& move, std::size_t number) {
  return quote_qualified(move.sources[number].schema, old_name(move, number));
}

// A key in which any column is null needs conditions that no index serves; they are apart, so that the usual
// case keeps its index.
std::vector<std::string> key_conditions(const Move& move, std::string_view rows) {
  std::string equal;
  std::string distinct;
  bool nullable = false;
  for (const MoveKey& key : move.key) {
    const std::string column = quote_identifier(key.column);
    if (!equal.empty()) equal += " and ";
    equal += fmt::format("{0}.{1} operator({2}) k.{1}", rows, column, key.equality);
    if (!distinct.empty()) distinct += " and ";
    distinct += key.nullable
                    ? fmt::format("({0}.{1} operator({2}) k.{1} or {0}.{1} is null and k.{1} is null)", rows,
                                  column, key.equality)
                    : fmt::format("{0}.{1} operator({2}) k.{1}", rows, column, key.equality);
    nullable = nullable || key.nullable;
  }
  if (!nullable) return {equal};
  std::string any_null;
  for (const MoveKey& key : move.key)
    if (key.nullable)
      any_null += fmt::format("{}k.{} is null", any_null.empty() ? "" : " or ", quote_identifier(key.column));
  return {equal, fmt::format("({}) and {}", any_null, distinct)};
}

void rename_in_swap(const Move& move, std::vector<std::string>& out) {
  for (std::size_t i = 0; i < move.sources.size(); ++i)
    out.push_back(rename(source_table(move.sources[i]), old_name(move, i)));
  for (const MoveTarget& target : move.targets)
    if (target.working != target.name) out.push_back(rename(working_table(move, target), target.name));
}

// Triggers that only the old default partition had: it keeps its name, so their text fits the new one.
void own_triggers(const Move& move, std::vector<std::string>& out) {
  for (const MoveSource& source : move.sources)
    out.insert(out.end(), source.own_triggers.begin(), source.own_triggers.end());
}

void append(std::vector<std::string>& out, const std::vector<std::string>& more) {
  out.insert(out.end(), more.begin(), more.end());
}

}  // namespace

std::string_view name_of(MoveKind kind) {
  switch (kind) {
    case MoveKind::drain:
      return "drain";
    case MoveKind::split:
      return "split";
    default:
      return "merge";
  }
}

std::string parent_table(const Move& move) {
  return quote_qualified(move.schema, move.table);
}

std::string source_table(const MoveSource& source) {
  return quote_qualified(source.schema, source.name);
}

std::string working_table(const Move& move, const MoveTarget& target) {
  return quote_qualified(move.target_schema, target.working);
}

std::string final_table(const Move& move, const MoveTarget& target) {
  return quote_qualified(move.target_schema, target.name);
}

std::string helper_name(std::uint32_t parent, std::string_view part) {
  return fmt::format("deal_move_{}_{}", parent, part);
}

std::string helper_table(const Move& move, std::string_view part) {
  return quote_qualified(move.target_schema, helper_name(move.parent, part));
}

std::vector<std::string> prepare_statements(const Move& move) {
  std::vector<std::string> out;
  for (const std::string_view part : {"log", "renewal"})
    out.push_back(fmt::format("create table {} as select {} from only {} with no data",
                              helper_table(move, part), key_list(move), source_table(move.sources.front())));
  const std::string parent = parent_table(move);
  out.push_back(fmt::format("create table {} ({}) partition by {}", helper_table(move, "staging"),
                            like(parent, ""), move.partition_key));
  out.push_back(fmt::format("create table {} ({}) partition by {}", helper_table(move, "frame"),
                            like(parent, " including indexes"), move.partition_key));
  for (const MoveTarget& target : move.targets) {
    out.push_back(make_target(move, target));
    append(out, target.dress);
    out.push_back(attach(helper_table(move, "staging"), move, target));
  }
  return out;
}

std::vector<std::string> capture_statements(const Move& move, const MoveSource& source) {
  const std::string table = source_table(source);
  std::string arguments =
      quote_literal(move.target_schema) + ", " + quote_literal(helper_name(move.parent, "log"));
  for (const int number : source.key_numbers)
    arguments += fmt::format(", '{}'", number);
  return {
      fmt::format("create trigger {} after insert or update or delete on {} for each row execute function "
                  "deal_advisor.partition_capture({})",
                  kCaptureTrigger, table, arguments),
      // Also what logical replication writes must be noted.
      fmt::format("alter table {} enable always trigger {}", table, kCaptureTrigger)};
}

std::string copy_statement(const Move& move, const MoveSource& source) {
  const std::string columns = column_list(move);
  return fmt::format("insert into {} ({}) select {} from only {} where ctid >= $1::tid and ctid < $2::tid",
                     helper_table(move, "staging"), columns, columns, source_table(source));
}

std::string take_statement(const Move& move) {
  const std::string keys = key_list(move);
  return fmt::format(
      "with taken as (delete from {} returning {}) insert into {} ({}) select distinct {} from taken",
      helper_table(move, "log"), keys, helper_table(move, "renewal"), keys, keys);
}

std::vector<std::string> renew_statements(const Move& move, std::string_view part) {
  std::vector<std::string> out;
  const std::string table = helper_table(move, part);
  const std::string renewal = helper_table(move, "renewal");
  for (const std::string& condition : key_conditions(move, "t"))
    out.push_back(fmt::format("delete from {} as t using {} as k where {}", table, renewal, condition));
  for (const MoveSource& source : move.sources)
    for (const std::string& condition : key_conditions(move, "s"))
      out.push_back(fmt::format("insert into {} ({}) select {} from only {} as s join {} as k on {}", table,
                                column_list(move), column_list(move, "s"), source_table(source), renewal,
                                condition));
  return out;
}

std::vector<std::string> frame_statements(const Move& move, const MoveTarget& target) {
  std::vector<std::string> out = {detach(helper_table(move, "staging"), working_table(move, target)),
                                  attach(helper_table(move, "frame"), move, target)};
  append(out, target.indexes);
  return out;
}

std::vector<std::string> lock_statements(const Move& move) {
  std::vector<std::string> out = {
      fmt::format("lock table only {} in access exclusive mode", parent_table(move))};
  for (const MoveSource& source : move.sources)
    out.push_back(fmt::format("lock table {} in access exclusive mode", source_table(source)));
  return out;
}

std::vector<std::string> foreign_key_statements(const Move& move, const MoveTarget& target) {
  std::vector<std::string> out;
  for (const MoveForeignKey& key : move.foreign_keys)
    out.push_back(fmt::format("alter table {} add constraint {} {}{}", working_table(move, target),
                              quote_identifier(key.name), key.definition, key.valid ? " not valid" : ""));
  return out;
}

std::string default_check_statement(const Move& move) {
  return fmt::format(
      "alter table {0} drop constraint if exists {1}, add constraint {1} check ({2}) not valid",
      move.default_table, kDefaultCheck, move.default_check);
}

std::string validate_default_statement(const Move& move) {
  return fmt::format("alter table {} validate constraint {}", move.default_table, kDefaultCheck);
}

std::string drop_default_check_statement(const Move& move) {
  return fmt::format("alter table if exists {} drop constraint if exists {}", move.default_table,
                     kDefaultCheck);
}

std::vector<std::string> swap_statements(const Move& move) {
  std::vector<std::string> out;
  const std::string parent = parent_table(move);
  for (const MoveSource& source : move.sources)
    out.push_back(detach(parent, source_table(source)));
  if (move.kind == MoveKind::drain) {
    out.push_back(
        fmt::format("alter table {} attach partition {} default", parent, helper_table(move, "frame")));
    rename_in_swap(move, out);
    own_triggers(move, out);
    return out;
  }
  for (const MoveTarget& target : move.targets) {
    out.push_back(detach(helper_table(move, "frame"), working_table(move, target)));
    out.push_back(attach(parent, move, target));
    out.push_back(drop_check(working_table(move, target)));
  }
  rename_in_swap(move, out);
  for (const MoveTarget& target : move.targets)
    append(out, target.finish);
  if (!move.default_table.empty()) out.push_back(drop_default_check_statement(move));
  return out;
}

std::vector<std::string> settle_statements(const Move& move, const MoveTarget& target) {
  const std::string parent = parent_table(move);
  const std::string frame = helper_table(move, "frame");
  const std::string table = final_table(move, target);
  // Readers learn of the parent's partitions first and of the frame's then: without the strongest lock on the
  // parent they could see the old list of one and the new list of the other, and miss the rows.
  std::vector<std::string> out = {fmt::format("lock table only {} in access exclusive mode", parent)};
  if (target.is_default()) out.push_back(detach(parent, frame));
  out.push_back(detach(frame, table));
  out.push_back(fmt::format("alter table {} attach partition {} {}", parent, table, bound(target)));
  out.push_back(drop_check(table));
  append(out, target.finish);
  return out;
}

std::vector<std::string> drop_old_statements(const Move& move) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < move.sources.size(); ++i) {
    const std::string old = old_table(move, i);
    if (move.keep_old.empty()) {
      out.push_back(fmt::format("drop table if exists {}", old));
      continue;
    }
    out.push_back(fmt::format("drop trigger if exists {} on {}", kCaptureTrigger, old));
    const std::string name =
        move.sources.size() == 1 ? move.keep_old : fmt::format("{}_{}", move.keep_old, i + 1);
    out.push_back(fmt::format("alter table if exists {} rename to {}", old, quote_identifier(name)));
  }
  return out;
}

std::vector<std::string> drop_helper_statements(const Move& move) {
  std::vector<std::string> out;
  for (const std::string_view part : {"frame", "staging", "renewal", "log"})
    out.push_back(fmt::format("drop table if exists {}", helper_table(move, part)));
  return out;
}

std::string uncapture_statement(const MoveSource& source) {
  return fmt::format("drop trigger if exists {} on {}", kCaptureTrigger, source_table(source));
}

}  // namespace deal::partition
