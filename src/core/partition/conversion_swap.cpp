#include <fmt/format.h>

#include <algorithm>

#include "core/base/quote.hpp"
#include "core/partition/conversion.hpp"
#include "core/partition/conversion_parts.hpp"
#include "core/partition/names.hpp"

namespace deal::partition {

namespace {

using Statements = std::vector<ConversionStatement>;

/// Once the table is locked everybody queues: what else is needed must come at once or the try is over.
constexpr int kFollowingLockMs = 20;

void add(Statements& out, std::string sql, std::string role = {}, int lock_timeout_ms = 0) {
  out.push_back({std::move(sql), std::move(role), lock_timeout_ms});
}

/// Sets up a swap's locks in the order in which others take them: views first, then what they read, then what
/// foreign keys refer to.
void lock_all(const ConvertedTable& table, const std::vector<std::string>& partitions, ConversionStep& step) {
  Statements& out = step.statements;
  for (auto const& dependent : table.dependents) {
    if (!dependent.lock.empty()) add(out, dependent.lock, dependent.owner);
  }
  add(out,
      fmt::format("lock table only {} in access exclusive mode", quote_qualified(table.schema, table.name)));
  for (auto const& partition : partitions)
    add(out, fmt::format("lock table {} in access exclusive mode", partition), {}, kFollowingLockMs);
  for (auto const& key : table.foreign_keys) {
    if (!key.referenced.empty())
      add(out, fmt::format("lock table only {} in access exclusive mode", key.referenced), {},
          kFollowingLockMs);
  }
  step.locks = out.size();
}

void rename(const std::string& schema, const std::string& from, const std::string& to, Statements& out) {
  add(out, fmt::format("alter table {} rename to {}", quote_qualified(schema, from), quote_identifier(to)));
}

void rename_index(const std::string& schema, const std::string& from, const std::string& to,
                  Statements& out) {
  add(out, fmt::format("alter index if exists {} rename to {}", quote_qualified(schema, from),
                       quote_identifier(to)));
}

/// Views, functions, policies elsewhere and publications follow the table's identity: bind them to the name.
void rebind(const ConvertedTable& table, const std::string& from, const std::string& to, Statements& out) {
  for (auto const& dependent : table.dependents)
    add(out, dependent.recreate, dependent.owner, kFollowingLockMs);
  for (auto const& publication : table.publications) {
    if (publication.whole) continue;
    std::string const name = quote_identifier(publication.name);
    add(out, fmt::format("alter publication {} drop table {}", name, from), publication.owner);
    add(out,
        fmt::format("alter publication {} add table {}{}{}{}", name, to,
                    publication.columns.empty() ? "" : " ", publication.columns,
                    publication.filter.empty() ? "" : " where " + publication.filter),
        publication.owner);
  }
}

/// The new identity goes on where the old one was; both sequences have their names exchanged by the caller.
void hand_over_identity(const ColumnSequence& sequence, const std::string& to_sequence,
                        const std::string& from_table, Statements& out) {
  std::string const from = quote_qualified(sequence.schema, sequence.name);
  add(out, fmt::format("select pg_catalog.setval({}::pg_catalog.regclass, last_value, is_called) from {}",
                       quote_literal(quote_qualified(sequence.schema, to_sequence)), from));
  add(out, fmt::format("alter table {} alter column {} drop identity", from_table,
                       quote_identifier(sequence.column)));
  add(out, fmt::format("alter sequence {} rename to {}", quote_qualified(sequence.schema, to_sequence),
                       quote_identifier(sequence.name)));
}

void own_serials(const ConvertedTable& table, const std::string& owner, Statements& out) {
  for (auto const& sequence : table.sequences) {
    if (sequence.identity != 0) continue;
    add(out, fmt::format("alter sequence {} owned by {}.{}", quote_qualified(sequence.schema, sequence.name),
                         owner, quote_identifier(sequence.column)));
  }
}

std::string what_is_locked(const ConvertedTable& table) {
  std::string text = "ACCESS EXCLUSIVE";
  if (!table.foreign_keys.empty()) text += ", also on referenced tables";
  return text;
}

ConversionStep swap_of(StepKind kind, const ConvertedTable& table, const Conversion& conversion) {
  ConversionStep made;
  made.kind = kind;
  made.object = table.name;
  made.lock = what_is_locked(table);
  made.blocks = fmt::format(
      "everybody for milliseconds; waits {} ms at most for its lock, then lets go and "
      "tries again",
      conversion.lock_timeout_ms);
  return made;
}

void swap_indexes(const ConvertedTable& table, const Conversion& conversion, ConversionNames& names,
                  Statements& out) {
  for (auto const& index : table.indexes) {
    if (!index.valid || index.constraint == 'x' || grows(index, conversion)) continue;
    rename_index(table.schema, index.name, old_index(index, conversion, names), out);
    rename_index(table.schema, staged_index(index, conversion, names), index.name, out);
  }
}

}  // namespace

ConversionStep swap_step(const ConvertedTable& table, const Conversion& conversion, ConversionNames& names) {
  ConversionStep made = swap_of(StepKind::swap, table, conversion);
  made.words = "exchange the names and attach the old table as the first partition";
  Statements& out = made.statements;
  std::string const identity = quote_qualified(table.schema, table.name);
  std::string const old = quote_qualified(table.schema, names.chosen(kOldTable));
  lock_all(table, {}, made);
  for (auto const& trigger : table.triggers)
    add(out, fmt::format("drop trigger {} on {}", quote_identifier(trigger.name), identity));
  rename(table.schema, table.name, names.chosen(kOldTable), out);
  rename(table.schema, names.chosen(kStagedTable), table.name, out);
  swap_indexes(table, conversion, names, out);
  for (auto const& sequence : table.sequences) {
    if (sequence.identity != 0) hand_over_identity(sequence, staged_sequence(sequence, names), old, out);
  }
  add(out, fmt::format("alter table {} attach partition {} for values from (minvalue) to ({})", identity, old,
                       bound_literal(conversion.set.grid.kind, conversion.cutoff)));
  own_serials(table, identity, out);
  for (auto const& policy : table.policies) {
    if (policy.subquery) add_policy(policy, identity, out);
  }
  rebind(table, old, identity, out);
  return made;
}

namespace {

/// The old table's identity columns come back with a sequence of their own.
void identity_back(const ConvertedTable& parent, const std::string& old, ConversionNames& names,
                   Statements& out) {
  for (auto const& sequence : parent.sequences) {
    if (sequence.identity == 0) continue;
    std::string const staged =
        names.pick("sequence back " + sequence.column, fitting_name(sequence.name, "_back"));
    std::string const made = quote_qualified(sequence.schema, staged);
    add(out, fmt::format("alter table {} alter column {} add generated {} as identity (sequence name {} {})",
                         old, quote_identifier(sequence.column),
                         sequence.identity == 'a' ? "always" : "by default", made, sequence.options));
    for (auto const& grant : sequence.grants)
      add(out, fmt::format("grant {} on sequence {} {}", grant.privileges, made, grant.to));
    hand_over_identity(sequence, staged, quote_qualified(parent.schema, parent.name), out);
  }
}

void indexes_back(const ConvertedTable& parent, const ConversionNames& names, Statements& out) {
  for (auto const& [purpose, name] : names.all()) {
    if (!purpose.starts_with(kOldIndex)) continue;
    std::string const index = purpose.substr(kOldIndex.size());
    std::string const aside = names.chosen(kParentIndex + index);
    if (!aside.empty()) rename_index(parent.schema, index, aside, out);
    rename_index(parent.schema, name, index, out);
  }
}

/// Partitions that hold rows stay reachable under the table's name, as children by inheritance.
void keep(const ConvertedTable& parent, const std::string& table, const std::vector<KeptPartition>& kept,
          Statements& out) {
  for (auto const& partition : kept) {
    std::string const name = quote_qualified(partition.schema, partition.name);
    add(out, fmt::format("alter table {} inherit {}", name, table));
    for (auto const& trigger : parent.triggers) {
      if (trigger.for_each_row) add_trigger(trigger, trigger_on(trigger, table, name), name, out);
    }
  }
}

}  // namespace

ConversionStep swap_back_step(const ConvertedTable& parent, const Conversion& conversion,
                              ConversionNames& names, const std::vector<KeptPartition>& kept) {
  ConversionStep made = swap_of(StepKind::swap_back, parent, conversion);
  made.words = "detach the old table and give it its name back";
  Statements& out = made.statements;
  std::string const identity = quote_qualified(parent.schema, parent.name);
  std::string const old = quote_qualified(parent.schema, names.chosen(kOldTable));
  std::vector<std::string> partitions{old};
  for (auto const& partition : kept)
    partitions.push_back(quote_qualified(partition.schema, partition.name));
  lock_all(parent, partitions, made);
  for (auto const& partition : partitions)
    add(out, fmt::format("alter table {} detach partition {}", identity, partition));
  identity_back(parent, old, names, out);
  std::string const aside = names.pick(kPutAside, fitting_name(parent.name, "_rolled_back"));
  rename(parent.schema, parent.name, aside, out);
  rename(parent.schema, names.chosen(kOldTable), parent.name, out);
  indexes_back(parent, names, out);
  for (auto const& trigger : parent.triggers)
    add_trigger(trigger, trigger.definition, identity, out);
  own_serials(parent, identity, out);
  keep(parent, identity, kept, out);
  rebind(parent, quote_qualified(parent.schema, aside), identity, out);
  return made;
}

ConversionStep drop_step(const std::string& name, const std::string& parent) {
  ConversionStep made;
  made.kind = StepKind::clean;
  made.object = name;
  made.words = "drop what the conversion made";
  made.lock = "none";
  made.blocks = "writers of referenced tables for milliseconds";
  if (!parent.empty())
    add(made.statements, fmt::format("lock table only {} in access exclusive mode", parent));
  add(made.statements, fmt::format("lock table {} in access exclusive mode", name));
  made.locks = made.statements.size();
  add(made.statements, "drop table " + name);
  return made;
}

ConversionStep drop_constraints_step(const Conversion& conversion, const std::vector<std::string>& names) {
  ConversionStep made;
  made.kind = StepKind::clean;
  made.object = conversion.set.table;
  made.words = "drop constraints that the conversion made";
  made.lock = "ACCESS EXCLUSIVE";
  made.blocks = "everybody for milliseconds";
  std::string const table = quote_qualified(conversion.set.schema, conversion.set.table);
  add(made.statements, fmt::format("lock table only {} in access exclusive mode", table));
  made.locks = 1;
  for (auto const& name : names)
    add(made.statements, fmt::format("alter table {} drop constraint {}", table, quote_identifier(name)));
  return made;
}

std::vector<std::string> made_indexes(const ConversionNames& names) {
  std::vector<std::string> found;
  for (auto const& [purpose, name] : names.all()) {
    if (purpose.starts_with(kOldKey)) found.push_back(name);
  }
  return found;
}

}  // namespace deal::partition
