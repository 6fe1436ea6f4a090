#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/partition/set.hpp"

namespace deal::partition {

enum class ActionKind : std::uint8_t { create, finalize, drop, detach, archive, export_ };
std::string_view name_of(ActionKind kind);
/// What retires a partition in this way.
ActionKind action_of(Retire retire);

/// One thing that maintenance would do, each in a transaction of its own.
struct Action {
  ActionKind kind = ActionKind::create;
  std::string schema;     ///< of the partition
  std::string partition;  ///< its name, not quoted
  Position lower = kMinimum;
  Position upper = kMaximum;
  std::uint32_t oid = 0;  ///< of the partition; 0: it is to be made
  bool attached = true;   ///< false: it is no partition any more (a detach was finished before), just a table
};

/// What is there.
struct Situation {
  std::vector<Partition> partitions;      ///< by lower bound; the default one, if any, last
  Position now = 0;                       ///< times: the present; integers: the greatest key in use
  std::optional<Position> start;          ///< where to begin when there is no partition yet; none: now
  bool any_rows = true;                   ///< integers: false if there is no row, so no present
  std::unordered_set<std::string> taken;  ///< names of relations in the schema that new partitions go to
};

/// How far maintenance goes: the upper end of the last partition that should exist now. Integers without a
/// row have their present at the first partition's lower bound, or at 0 if there is none, so that passes over
/// an empty table don't add up.
Position premade_until(const Set& set, const Situation& situation);

/// Before which position rows are past their retention; kMinimum without one, and for integers without a row.
Position retained_from(const Set& set, const Situation& situation);

/// What maintenance has to do, in order: pending detaches are finished, gaps filled and the future made ready
/// (up to `until`, rounded up to a boundary, or premade_until), then what is past its retention retired,
/// oldest first. A partition that holds any moment within the retention stays, so do the current one, the
/// default one and foreign tables. Irregular partitions are respected: new ones fill just what is between
/// them; nothing is made for what is past its retention already. A pending detach still takes its place in
/// this pass. Never more than `most` creations (error 54000 beyond, saying what step would do). Pure.
std::vector<Action> plan(const Set& set, const Situation& situation, std::optional<Position> until = {},
                         int most = 10'000);

/// Privileges on the parent that a role has.
struct Grant {
  std::string privileges;  ///< as in GRANT: "select, insert", or with columns "select (id, price)"
  std::string grantee;     ///< the role's name, not quoted; empty: PUBLIC
  bool grantable = false;  ///< WITH GRANT OPTION
};

/// The table facts that the statements need.
struct Parent {
  std::string schema;
  std::string table;
  bool row_security = false;
  bool force_row_security = false;
  /// Empty: default; "full", "nothing", or the name of the parent's index. The statements do nothing about an
  /// index: the leaf's has a name that the server chooses when it attaches the leaf, so it is up to the
  /// caller, last in the same transaction.
  std::string replica_identity;
  std::string access_method;  ///< where the parent names one (PostgreSQL 17 and later); empty: the default
  std::string tablespace;     ///< where the parent names one; empty: the database's
  std::vector<Grant> grants;
  std::vector<std::string> columns;  ///< without generated ones, not quoted
  /// Tables that its foreign keys refer to, quoted and qualified, in OID order. Only those that the owner may
  /// lock: LOCK TABLE wants more than the REFERENCES that the keys need, and ATTACH locks them in any case.
  std::vector<std::string> referenced;
};

/// One step of an action as SQL.
struct Statement {
  std::string sql;
  bool worker = false;  ///< can't run in a transaction: goes through the background worker
  /// Begins a transaction of its own: what precedes it is committed first. Said where it is not just after a
  /// `worker` statement as well, so that no lock on the parent is held during a copy.
  bool own_transaction = false;
};

/// The statements that make a partition of any kind: `leaf` is its quoted and qualified name, `bound` what
/// ATTACH takes ("for values in ('de')", "default"). All in one transaction, locks in the right order.
std::vector<Statement> creation(const LeafOptions& options, const Parent& parent, const std::string& leaf,
                                const std::string& bound);

/// The action's statements, in the order in which locks must be taken: the parent first, then referenced
/// tables, then the partition. Those between two marks share a transaction.
std::vector<Statement> statements(const Set& set, const Parent& parent, const Action& action);

/// The server's file that an export_ action writes: a name in set.export_path of schema, partition and lower
/// bound; bytes that could mean something in a path are written as %XX.
std::string export_file(const Set& set, const Action& action);

}  // namespace deal::partition
