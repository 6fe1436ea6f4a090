#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/quote.hpp"
#include "core/partition/plan.hpp"

namespace deal::partition {

namespace {

std::string parent_name(const Parent& parent) {
  return quote_qualified(parent.schema, parent.table);
}

std::string leaf_name(const Action& action) {
  return quote_qualified(action.schema, action.partition);
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

void add(std::vector<Statement>& out, std::string sql) {
  out.push_back({std::move(sql)});
}

// Without ONLY the lock would go down to every partition.
void lock_parent(const Parent& parent, std::string_view mode, std::vector<Statement>& out) {
  add(out, fmt::format("lock table only {} in {} mode", parent_name(parent), mode));
}

void lock_referenced(const Parent& parent, std::string_view mode, std::vector<Statement>& out) {
  if (!parent.referenced.empty()) {
    add(out, fmt::format("lock table {} in {} mode", joined(parent.referenced, ", "), mode));
  }
}

// LIKE leaves out indexes, which ATTACH makes or finds, and identity, which a partition can't have of its
// own.
std::string create_table(const LeafOptions& options, const Parent& parent, const std::string& leaf) {
  std::string sql = fmt::format(
      "create {}table {} (like {} including defaults including generated including constraints including "
      "storage "
      "including compression including comments including statistics)",
      options.unlogged ? "unlogged " : "", leaf, parent_name(parent));
  if (!parent.access_method.empty()) sql += " using " + quote_identifier(parent.access_method);
  if (!options.storage.empty()) sql += fmt::format(" with ({})", options.storage);
  const std::string& tablespace = options.tablespace.empty() ? parent.tablespace : options.tablespace;
  if (!tablespace.empty()) sql += " tablespace " + quote_identifier(tablespace);
  return sql;
}

void add_leaf_options(const LeafOptions& options, const Parent& parent, const std::string& leaf,
                      std::vector<Statement>& out) {
  if (options.row_security && parent.row_security) {
    add(out, fmt::format("alter table {} enable row level security", leaf));
    if (parent.force_row_security) add(out, fmt::format("alter table {} force row level security", leaf));
  }
  if (parent.replica_identity == "full" || parent.replica_identity == "nothing") {
    add(out, fmt::format("alter table {} replica identity {}", leaf, parent.replica_identity));
  }
  if (!options.privileges) return;
  for (const Grant& grant : parent.grants) {
    add(out, fmt::format("grant {} on {} to {}{}", grant.privileges, leaf,
                         grant.grantee.empty() ? "public" : quote_identifier(grant.grantee),
                         grant.grantable ? " with grant option" : ""));
  }
}

// Takes the partition off its parent, in whatever way the set wants.
void add_detach(const Set& set, const Parent& parent, const Action& action, std::vector<Statement>& out) {
  if (!action.attached) return;
  const std::string detach =
      fmt::format("alter table {} detach partition {}", parent_name(parent), leaf_name(action));
  if (set.detach_concurrently) {
    out.push_back({detach + " concurrently", true});
    return;
  }
  lock_parent(parent, "access exclusive", out);
  lock_referenced(parent, "share row exclusive", out);
  add(out, detach);
}

// Unlike DETACH ... CONCURRENTLY this may be part of a transaction. It waits for older snapshots, as long as
// lock_timeout lets it.
void add_finalize(const Parent& parent, const Action& action, std::vector<Statement>& out) {
  lock_parent(parent, "share update exclusive", out);
  add(out,
      fmt::format("alter table {} detach partition {} finalize", parent_name(parent), leaf_name(action)));
}

// A table that is dropped on its own takes its foreign keys' triggers off the tables that they refer to,
// under a lock against everybody. A partition has none there: they are its parent's.
void add_drop_of_table(const Parent& parent, const Action& action, std::vector<Statement>& out) {
  lock_referenced(parent, "access exclusive", out);
  add(out, fmt::format("drop table {}", leaf_name(action)));
}

void add_drop(const Set& set, const Parent& parent, const Action& action, std::vector<Statement>& out) {
  if (!action.attached || set.detach_concurrently) {
    add_detach(set, parent, action, out);
    add_drop_of_table(parent, action, out);
  } else {
    lock_parent(parent, "access exclusive", out);
    add(out, fmt::format("drop table {}", leaf_name(action)));
  }
}

// Named, since COPY takes a table's name only of one without partitions of its own; and in the parent's
// order.
std::string column_list(const Parent& parent) {
  std::vector<std::string> names;
  for (const std::string& column : parent.columns)
    names.push_back(quote_identifier(column));
  return joined(names, ", ");
}

// The rows are written once nobody can reach them through the parent any more, and no lock on it is held.
void add_export(const Set& set, const Parent& parent, const Action& action, std::vector<Statement>& out) {
  add_detach(set, parent, action, out);
  out.push_back({fmt::format("lock table {} in access exclusive mode", leaf_name(action)), false, true});
  // Forced row security would hide rows from their own owner, and the file would lack them.
  add(out, fmt::format("alter table {} no force row level security", leaf_name(action)));
  add(out, fmt::format("copy (select {} from {}) to {} with (format csv, header)", column_list(parent),
                       leaf_name(action), quote_literal(export_file(set, action))));
  add_drop_of_table(parent, action, out);
}

// Distinct names stay distinct, since % and . are written as %XX too.
std::string path_component(std::string_view name) {
  constexpr std::string_view kSpecial = "/\\.%\x7f";
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x20 && kSpecial.find(c) == std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

// 20260301T000000 in UTC, or the number.
std::string position_in_path(const Set& set, Position position) {
  if (position == kMinimum) return "min";
  if (!is_time(set.grid.kind)) return fmt::format("{}", position);
  std::string out;
  for (const char c : bound_literal(KeyKind::timestamp, position)) {
    if (c == ' ' && out.find('T') == std::string::npos) out += 'T';
    if ((c >= '0' && c <= '9') || c == '.' || c == 'B' || c == 'C') out += c;
  }
  return out;
}

}  // namespace

std::string export_file(const Set& set, const Action& action) {
  std::string path = set.export_path;
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  return fmt::format("{}{}{}.{}.{}.csv", path, path == "/" ? "" : "/", path_component(action.schema),
                     path_component(action.partition), position_in_path(set, action.lower));
}

std::vector<Statement> creation(const LeafOptions& options, const Parent& parent, const std::string& leaf,
                                const std::string& bound) {
  std::vector<Statement> out;
  lock_parent(parent, "share update exclusive", out);
  add(out, create_table(options, parent, leaf));
  add_leaf_options(options, parent, leaf, out);
  lock_referenced(parent, "share row exclusive", out);
  add(out, fmt::format("alter table {} attach partition {} {}", parent_name(parent), leaf, bound));
  return out;
}

std::vector<Statement> statements(const Set& set, const Parent& parent, const Action& action) {
  std::vector<Statement> out;
  switch (action.kind) {
    case ActionKind::create:
      out = creation(set.leaf, parent, leaf_name(action),
                     fmt::format("for values from ({}) to ({})", bound_literal(set.grid.kind, action.lower),
                                 bound_literal(set.grid.kind, action.upper)));
      break;
    case ActionKind::finalize:
      add_finalize(parent, action, out);
      break;
    case ActionKind::drop:
      add_drop(set, parent, action, out);
      break;
    case ActionKind::detach:
      add_detach(set, parent, action, out);
      break;
    case ActionKind::archive:
      add_detach(set, parent, action, out);
      add(out, fmt::format("alter table {} set schema {}", leaf_name(action),
                           quote_identifier(set.archive_schema)));
      break;
    case ActionKind::export_:
      add_export(set, parent, action, out);
      break;
  }
  return out;
}

}  // namespace deal::partition
