#include <fmt/format.h>

#include "core/base/quote.hpp"
#include "core/partition/conversion.hpp"
#include "core/partition/conversion_parts.hpp"
#include "core/partition/names.hpp"

namespace deal::partition {

namespace {

ConversionStep step(StepKind kind, std::string object, std::string words, std::string lock,
                    std::string blocks) {
  ConversionStep made;
  made.kind = kind;
  made.object = std::move(object);
  made.words = std::move(words);
  made.lock = std::move(lock);
  made.blocks = std::move(blocks);
  return made;
}

void add(ConversionStep& step, std::string sql) {
  step.statements.push_back({std::move(sql), {}, 0});
}

std::string short_wait(const Conversion& conversion, std::string_view whom) {
  return fmt::format("{} for milliseconds; waits {} ms at most for its lock, then lets go and tries again",
                     whom, conversion.lock_timeout_ms);
}

ConversionStep index_step(const ConvertedTable& table, const Conversion& conversion, const TableIndex& index,
                          ConversionNames& names) {
  std::string const name = old_index(index, conversion, names);
  ConversionStep made =
      step(StepKind::index, name,
           fmt::format("build the key of {} with \"{}\" added", index.name, conversion.set.column),
           "SHARE UPDATE EXCLUSIVE", "nobody but DDL and VACUUM; waits for transactions that are older");
  made.worker = true;
  made.short_locks = false;
  add(made, index_statement(parse_index(index.definition), "concurrently ", name,
                            quote_qualified(table.schema, table.name),
                            quote_identifier(conversion.set.column), index.tablespace));
  return made;
}

ConversionStep key_step(const ConvertedTable& table, const Conversion& conversion, const TableIndex& index,
                        ConversionNames& names) {
  std::string const name = old_index(index, conversion, names);
  ConversionStep made = step(StepKind::key, name, "make it a constraint, as the old key is one",
                             "ACCESS EXCLUSIVE", short_wait(conversion, "everybody"));
  add(made,
      fmt::format("alter table {} add constraint {} unique using index {}{}{}",
                  quote_qualified(table.schema, table.name), quote_identifier(name), quote_identifier(name),
                  index.deferrable ? " deferrable" : "", index.deferred ? " initially deferred" : ""));
  return made;
}

ConversionStep parent_step(const ConvertedTable& table, const Conversion& conversion,
                           ConversionNames& names) {
  ConversionStep made =
      step(StepKind::parent, {}, "", "ACCESS SHARE",
           table.foreign_keys.empty() ? "nobody" : short_wait(conversion, "writers of referenced tables"));
  made.statements = parent_statements(table, conversion, names);
  made.object = names.chosen(kStagedTable);
  made.words =
      fmt::format("build the partitioned table beside, with {} partitions", conversion.creations.size());
  return made;
}

/// The cutoff as a constant that takes the column's type.
std::string cutoff_constant(const Conversion& conversion) {
  std::string literal = bound_literal(conversion.set.grid.kind, conversion.cutoff);
  return literal.starts_with('\'') ? literal : quote_literal(literal);
}

ConversionStep check_step(const ConvertedTable& table, const Conversion& conversion, ConversionNames& names) {
  std::string const name = names.pick(kCheck, fitting_name(table.name, "_before_cutoff"));
  std::string const column = quote_identifier(conversion.set.column);
  ConversionStep made = step(StepKind::check, name,
                             fmt::format("say that all rows are before {}; from here on others are refused",
                                         boundary_text(conversion.set.grid, conversion.cutoff)),
                             "ACCESS EXCLUSIVE", short_wait(conversion, "everybody"));
  add(made, fmt::format("alter table {} add constraint {} check ({} is not null and {} < {}) not valid",
                        quote_qualified(table.schema, table.name), quote_identifier(name), column, column,
                        cutoff_constant(conversion)));
  return made;
}

ConversionStep validate_step(const ConvertedTable& table, const ConversionNames& names) {
  ConversionStep made =
      step(StepKind::validate, names.chosen(kCheck), "prove it, so that the swap need not read the table",
           "SHARE UPDATE EXCLUSIVE", "nobody but DDL and VACUUM; reads the table once");
  made.short_locks = false;
  add(made, fmt::format("alter table {} validate constraint {}", quote_qualified(table.schema, table.name),
                        quote_identifier(names.chosen(kCheck))));
  return made;
}

/// Carried out by the mover, with its own commits and locks.
ConversionStep divide_step(const Conversion& conversion, const std::string& old) {
  ConversionStep made = step(StepKind::divide, conversion.set.table,
                             "copy the old table's rows in batches to partitions of their own, then put "
                             "these in its place and drop it",
                             "ACCESS EXCLUSIVE", short_wait(conversion, "everybody"));
  made.short_locks = false;
  add(made, fmt::format("call deal_advisor.partition_split({})", quote_literal(old)));
  return made;
}

}  // namespace

std::string_view name_of(StepKind kind) {
  switch (kind) {
    case StepKind::index:
      return "index";
    case StepKind::key:
      return "key";
    case StepKind::parent:
      return "parent";
    case StepKind::check:
      return "check";
    case StepKind::validate:
      return "validate";
    case StepKind::swap:
      return "swap";
    case StepKind::drop_check:
      return "drop_check";
    case StepKind::analyze:
      return "analyze";
    case StepKind::enable:
      return "enable";
    case StepKind::divide:
      return "divide";
    case StepKind::swap_back:
      return "swap_back";
    case StepKind::move_back:
      return "move_back";
    case StepKind::clean:
      return "clean";
  }
  return "";
}

std::vector<ConversionStep> attach_steps(const ConvertedTable& table, const Conversion& conversion,
                                         ConversionNames& names) {
  names.pick(kOldTable, partition_name(table.name, conversion.set.grid, kMinimum));
  std::vector<ConversionStep> steps;
  for (auto const& index : table.indexes) {
    if (!grows(index, conversion)) continue;
    steps.push_back(index_step(table, conversion, index, names));
    if (index.constraint != 0) steps.push_back(key_step(table, conversion, index, names));
  }
  steps.push_back(parent_step(table, conversion, names));
  steps.push_back(check_step(table, conversion, names));
  steps.push_back(validate_step(table, names));
  steps.push_back(swap_step(table, conversion, names));
  return steps;
}

std::vector<ConversionStep> finishing_steps(const Conversion& conversion, const ConversionNames& names) {
  std::string const old = quote_qualified(conversion.set.schema, names.chosen(kOldTable));
  std::string const table = quote_qualified(conversion.set.schema, conversion.set.table);
  std::vector<ConversionStep> steps;
  steps.push_back(step(StepKind::drop_check, names.chosen(kCheck),
                       "drop the CHECK: the partition's bound says the same", "ACCESS EXCLUSIVE",
                       short_wait(conversion, "users of the old partition")));
  add(steps.back(), fmt::format("lock table only {} in share update exclusive mode", table));
  add(steps.back(), fmt::format("alter table {} drop constraint if exists {}", old,
                                quote_identifier(names.chosen(kCheck))));
  steps.push_back(step(StepKind::analyze, conversion.set.table, "statistics across partitions",
                       "SHARE UPDATE EXCLUSIVE", "nobody but DDL and VACUUM"));
  steps.back().short_locks = false;
  add(steps.back(), "analyze " + table);
  steps.push_back(
      step(StepKind::enable, conversion.set.table, "keep it as a set (partition_status)", "none", "nobody"));
  if (conversion.copy) steps.push_back(divide_step(conversion, old));
  return steps;
}

}  // namespace deal::partition
