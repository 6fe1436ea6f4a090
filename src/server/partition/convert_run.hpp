/// Running the steps of a conversion.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/partition/conversion.hpp"
#include "server/partition/convert_progress.hpp"
#include "server/partition/execute.hpp"

namespace deal::server {

/// Who runs a conversion's steps, and how patiently.
struct ConversionRunner {
  StoredConversion& stored;
  ObjectId owner = 0;
  int lock_timeout_ms = 50;
  int max_tries = 60;

  /// Notes the step that comes now and commits, so that others see it.
  void announce(const std::string& step) const;
  /// Runs the statements with short locks, each as its role, then `after` in the same transaction (may be
  /// empty), notes it in partition_log, commits. `recheck` runs once all its locks are held.
  void run_short(const partition::ConversionStep& step, const std::function<void()>& after = {},
                 const std::function<void()>& recheck = {}) const;
  /// Runs them in a transaction that may wait for its locks.
  void run_plain(const partition::ConversionStep& step) const;
  /// `held_since`: when the step's locks were had; 0: it took none.
  void log(const partition::ConversionStep& step, double began, double held_since,
           const pg::LockEffort& effort) const;
};

/// Throws 25001 unless the procedure may commit and each of its statements sees what others have committed.
void require_conversion_transactions(const pg::Arguments& args);

/// Runs one statement as the role.
void run_as(ObjectId role, const std::string& sql);

/// The relation of this name; 0 if there is none.
ObjectId relation_named(const std::string& schema, const std::string& name);
/// schema.name, quoted; empty if the relation is gone.
std::string identity_of_relation(ObjectId relation);

}  // namespace deal::server
