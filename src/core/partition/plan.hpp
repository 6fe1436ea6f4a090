#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/partition/set.hpp"

namespace deal::partition {

enum class ActionKind : std::uint8_t { create, finalize, drop, detach, archive, export_ };
std::string_view name_of(ActionKind kind);

/// One thing that maintenance would do, each in a transaction of its own.
struct Action {
  ActionKind kind = ActionKind::create;
  std::string schema;     ///< of the partition
  std::string partition;  ///< its name, not quoted
  Position lower = kMinimum;
  Position upper = kMaximum;
  std::uint32_t oid = 0;  ///< of the partition; 0: it is to be made
};

/// What is there.
struct Situation {
  std::vector<Partition> partitions;      ///< by lower bound; the default one, if any, last
  Position now = 0;                       ///< times: the present; integers: the greatest key in use
  std::optional<Position> start;          ///< where to begin when there is no partition yet; none: now
  bool any_rows = true;                   ///< integers: false if there is no row, so no present
  std::unordered_set<std::string> taken;  ///< names of relations in the schema that new partitions go to
};

/// How far maintenance goes: the upper end of the last partition that should exist now.
Position premade_until(const Set& set, const Situation& situation);

/// What maintenance has to do, in order: pending detaches are finished, gaps filled and the future made ready
/// (up to `until`, or premade_until), then what is past its retention retired, oldest first. A partition that
/// holds any moment within the retention stays, so do the current one, the default one and foreign tables.
/// Irregular partitions are respected: new ones fill just what is between them. Never more than `most`
/// creations (error 54000 beyond, saying what step would do). Pure.
std::vector<Action> plan(const Set& set, const Situation& situation, std::optional<Position> until = {},
                         int most = 10'000);

/// The table facts that the statements need.
struct Parent {
  std::string schema;
  std::string table;
  bool row_security = false;
  bool force_row_security = false;
  std::string replica_identity;  ///< empty: default; "full", "nothing", or the name of the parent's index
  std::vector<std::string>
      grants;  ///< privileges as "select, insert" ... "to" clauses: GRANT's text after ON leaf
  std::vector<std::string> referenced;  ///< tables that its foreign keys refer to, quoted, in OID order
};

/// One step of an action as SQL.
struct Statement {
  std::string sql;
  bool worker = false;  ///< can't run in a transaction: goes through the background worker
};

/// The action's statements, in the order in which locks must be taken: the parent first, then referenced
/// tables, then the partition. All in one transaction, except those marked `worker`.
std::vector<Statement> statements(const Set& set, const Parent& parent, const Action& action);

}  // namespace deal::partition
