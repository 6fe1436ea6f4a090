/// Keeping partition sets: what is to do, and doing it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/partition/execute.hpp"
#include "server/partition/table.hpp"

namespace deal::server {

/// A set, its table and what maintenance would do now.
struct PlannedSet {
  StoredSet stored;
  PartitionedTable table;
  partition::Situation situation;
  std::vector<partition::Action> actions;
  bool analyze = false;  ///< the parent's statistics are due
};

/// Plans one set. Changes nothing and keeps no lock. `until`: what partition_ensure wants, creations only.
PlannedSet plan_set(const StoredSet& stored, std::optional<partition::Position> until = {},
                    std::optional<partition::Position> start = {});

/// The statements of one action, as text for people and as they are run.
std::vector<std::string> statement_texts(const PlannedSet& planned, const partition::Action& action);

/// Carries out the planned creations in the caller's transaction; the names of the new partitions.
std::vector<std::string> ensure_planned(const PlannedSet& planned);

/// How one set fared.
struct Outcome {
  int done = 0;
  std::string sqlstate;  ///< of the first failure; empty: none
  std::string message;
  std::string hint;
};

/// Carries out everything that is due on one set, committing after each action. What fails is logged and told
/// in the outcome; never thrown, except a cancel. Statements that can't run in a transaction are given to
/// `worker`.
using RunInWorker = std::function<void(const StoredSet&, const std::vector<std::string>&)>;
Outcome maintain_set(const StoredSet& stored, const RunInWorker& worker);

/// First finishes moves of rows that a crash or cancel left (recover_moves). Then all sets that the calling
/// role may act for, or just one; each one's failure is recorded, with a pause that doubles (1 minute to 1
/// day) before it is tried again, and never stops the others. Skipped ones are told in a NOTICE. With a
/// relation given, what goes wrong is thrown in the end. Commits: needs require_own_transactions.
void maintain(std::optional<ObjectId> relation, const RunInWorker& worker);

}  // namespace deal::server
