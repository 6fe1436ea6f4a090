#include <fmt/format.h>

#include <algorithm>

#include "core/base/quote.hpp"
#include "core/partition/conversion.hpp"
#include "core/partition/conversion_parts.hpp"

namespace deal::partition {

namespace {

using Statements = std::vector<ConversionStatement>;

void add(Statements& out, std::string sql) {
  out.push_back({std::move(sql), {}, 0});
}

std::string comment_text(const std::string& comment) {
  return comment.empty() ? "null" : quote_literal(comment);
}

void create(const ConvertedTable& table, const Conversion& conversion, const std::string& parent,
            Statements& out) {
  std::string sql = fmt::format(
      "create table {} (like {} including defaults including generated including storage including "
      "compression including comments including statistics) partition by range ({})",
      parent, quote_qualified(table.schema, table.name), quote_identifier(conversion.set.column));
  if (!table.tablespace.empty()) sql += " tablespace " + quote_identifier(table.tablespace);
  add(out, std::move(sql));
  if (!table.comment.empty())
    add(out, fmt::format("comment on table {} is {}", parent, quote_literal(table.comment)));
}

void column_settings(const ConvertedTable& table, const std::string& parent, Statements& out) {
  for (auto const& column : table.columns) {
    std::string const name = quote_identifier(column.name);
    if (column.statistics >= 0)
      add(out,
          fmt::format("alter table {} alter column {} set statistics {}", parent, name, column.statistics));
    if (!column.options.empty())
      add(out, fmt::format("alter table {} alter column {} set ({})", parent, name, column.options));
  }
}

void identities(const ConvertedTable& table, const std::string& parent, ConversionNames& names,
                Statements& out) {
  for (auto const& sequence : table.sequences) {
    if (sequence.identity == 0) continue;
    std::string const made = quote_qualified(sequence.schema, staged_sequence(sequence, names));
    add(out, fmt::format("alter table {} alter column {} add generated {} as identity (sequence name {} {})",
                         parent, quote_identifier(sequence.column),
                         sequence.identity == 'a' ? "always" : "by default", made, sequence.options));
    for (auto const& grant : sequence.grants)
      add(out, fmt::format("grant {} on sequence {} {}", grant.privileges, made, grant.to));
    if (!sequence.comment.empty())
      add(out, fmt::format("comment on sequence {} is {}", made, quote_literal(sequence.comment)));
  }
}

void constraints(const ConvertedTable& table, const std::string& parent, Statements& out) {
  auto const constraint = [&](const std::string& name, const std::string& definition,
                              const std::string& comment) {
    add(out, fmt::format("alter table {} add constraint {} {}", parent, quote_identifier(name), definition));
    if (!comment.empty())
      add(out, fmt::format("comment on constraint {} on {} is {}", quote_identifier(name), parent,
                           comment_text(comment)));
  };
  for (auto const& check : table.checks) {
    if (!check.no_inherit) constraint(check.name, check.definition, check.comment);
  }
  for (auto const& key : table.foreign_keys)
    constraint(key.name, key.definition, key.comment);
}

void one_index(const ConvertedTable& table, const Conversion& conversion, const TableIndex& index,
               const std::string& parent, ConversionNames& names, Statements& out) {
  std::string const key = quote_identifier(conversion.set.column);
  bool const grows = partition::grows(index, conversion);
  std::string const name = staged_index(index, conversion, names);
  if (index.constraint != 0) {
    add(out,
        fmt::format("alter table {} add constraint {} {}", parent, quote_identifier(name),
                    grows ? unique_with(index.constraint_definition, key) : index.constraint_definition));
  } else {
    add(out, index_statement(parse_index(index.definition), "", name, parent, grows ? key : std::string(),
                             index.tablespace));
  }
  if (!index.comment.empty())
    add(out, fmt::format("comment on index {} is {}", quote_qualified(table.schema, name),
                         quote_literal(index.comment)));
}

std::string_view enabling(char enabled) {
  switch (enabled) {
    case 'D':
      return "disable";
    case 'R':
      return "enable replica";
    case 'A':
      return "enable always";
    default:
      return "";
  }
}

void security(const ConvertedTable& table, const std::string& parent, Statements& out) {
  for (auto const& grantee : table.default_grantees)
    add(out, fmt::format("revoke all on {} from {}", parent, grantee));
  for (auto const& grant : table.grants)
    add(out, fmt::format("grant {} on {} {}", grant.privileges, parent, grant.to));
  for (auto const& policy : table.policies) {
    if (!policy.subquery) add_policy(policy, parent, out);
  }
  if (table.row_security) add(out, fmt::format("alter table {} enable row level security", parent));
  if (table.force_row_security) add(out, fmt::format("alter table {} force row level security", parent));
}

bool key_never_null(const ConvertedTable& table, const Conversion& conversion) {
  return std::any_of(table.columns.begin(), table.columns.end(), [&](const TableColumn& column) {
    return column.name == conversion.set.column && column.not_null;
  });
}

/// New partitions take the parent's replica identity. A primary key that grew is no longer the default one.
void replica_identity(const ConvertedTable& table, const Conversion& conversion, const std::string& parent,
                      ConversionNames& names, Statements& out) {
  if (table.replica_identity == 'f' || table.replica_identity == 'n') {
    add(out, fmt::format("alter table {} replica identity {}", parent,
                         table.replica_identity == 'f' ? "full" : "nothing"));
    return;
  }
  for (auto const& index : table.indexes) {
    bool const identity = table.replica_identity == 'i'
                              ? index.name == table.replica_index
                              : index.constraint == 'p' && !has_key(index, conversion.set.column);
    if (!identity) continue;
    std::string const with = index.deferrable || !key_never_null(table, conversion)
                                 ? "full"
                                 : "using index " + quote_identifier(staged_index(index, conversion, names));
    add(out, fmt::format("alter table {} replica identity {}", parent, with));
  }
}

Set staged_set(const ConvertedTable& table, const Conversion& conversion, const ConversionNames& names) {
  Set set = conversion.set;
  set.table = names.chosen(kStagedTable);
  if (set.leaf.storage.empty()) set.leaf.storage = table.storage;
  if (set.leaf.tablespace.empty()) set.leaf.tablespace = table.tablespace;
  set.leaf.unlogged = set.leaf.unlogged || table.unlogged;
  return set;
}

void partitions(const ConvertedTable& table, const Conversion& conversion, const ConversionNames& names,
                Statements& out) {
  Set const set = staged_set(table, conversion, names);
  Parent parent;
  parent.schema = table.schema;
  parent.table = set.table;
  parent.row_security = table.row_security;
  parent.force_row_security = table.force_row_security;
  if (table.replica_identity == 'f') parent.replica_identity = "full";
  if (table.replica_identity == 'n') parent.replica_identity = "nothing";
  for (auto const& action : conversion.creations) {
    for (auto const& statement : statements(set, parent, action))
      add(out, statement.sql);
  }
}

}  // namespace

std::string staged_sequence(const ColumnSequence& sequence, ConversionNames& names) {
  return names.pick(kSequence + sequence.column, fitting_name(sequence.name, "_converted"));
}

bool grows(const TableIndex& index, const Conversion& conversion) {
  return index.valid && index.unique && index.constraint != 'x' && !has_key(index, conversion.set.column);
}

std::string staged_index(const TableIndex& index, const Conversion& conversion, ConversionNames& names) {
  if (grows(index, conversion))
    return names.pick(kParentKey + index.name, fitting_name(index.name + "_" + conversion.set.column, ""));
  return names.pick(kParentIndex + index.name, fitting_name(index.name, "_converted"));
}

std::string old_index(const TableIndex& index, const Conversion& conversion, ConversionNames& names) {
  if (grows(index, conversion))
    return names.pick(kOldKey + index.name,
                      fitting_name(index.name + "_" + conversion.set.column, kOldSuffix));
  return names.pick(kOldIndex + index.name, fitting_name(index.name, kOldSuffix));
}

void add_policy(const TablePolicy& policy, const std::string& table, Statements& out) {
  std::string const name = quote_identifier(policy.name);
  add(out, fmt::format("create policy {} on {} {}", name, table, policy.definition));
  if (!policy.comment.empty())
    add(out, fmt::format("comment on policy {} on {} is {}", name, table, quote_literal(policy.comment)));
}

void add_trigger(const TableTrigger& trigger, const std::string& definition, const std::string& table,
                 Statements& out) {
  std::string const name = quote_identifier(trigger.name);
  add(out, definition);
  std::string_view const how = enabling(trigger.enabled);
  if (!how.empty()) add(out, fmt::format("alter table {} {} trigger {}", table, how, name));
  if (!trigger.comment.empty())
    add(out, fmt::format("comment on trigger {} on {} is {}", name, table, quote_literal(trigger.comment)));
}

std::vector<ConversionStatement> parent_statements(const ConvertedTable& table, const Conversion& conversion,
                                                   ConversionNames& names) {
  Statements out;
  std::string const identity = quote_qualified(table.schema, table.name);
  std::string const parent = quote_qualified(
      table.schema, names.pick(std::string(kStagedTable), fitting_name(table.name, "_converted")));
  create(table, conversion, parent, out);
  column_settings(table, parent, out);
  identities(table, parent, names, out);
  constraints(table, parent, out);
  for (auto const& index : table.indexes) {
    if (index.valid && index.constraint != 'x') one_index(table, conversion, index, parent, names, out);
  }
  replica_identity(table, conversion, parent, names, out);
  security(table, parent, out);
  partitions(table, conversion, names, out);
  for (auto const& trigger : table.triggers)
    add_trigger(trigger, trigger_on(trigger, identity, parent), parent, out);
  return out;
}

std::string parent_recipe(const ConvertedTable& table, const Conversion& conversion, ConversionNames& names) {
  std::string text;
  for (auto const& statement : parent_statements(table, conversion, names))
    text += statement.sql + ";\n";
  return text;
}

}  // namespace deal::partition
