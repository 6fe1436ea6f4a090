/// The tables of a log that say what was sealed, erased and pruned.
#pragma once

#include <optional>

#include "core/audit/seal.hpp"
#include "server/audit/log_place.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

/// Names of the tables, not quoted.
constexpr const char* kSeals = "audit_seal";
constexpr const char* kErasures = "audit_erased";
constexpr const char* kPrunings = "audit_pruned";

/// Rows with numbers, each as the texts that its digest is of.
struct NumberedRows {
  std::vector<std::vector<std::string>> rows;  ///< by number, which is the first text
  audit::SealedNumbers digest;                 ///< of all of them; up_to: the last number, 0: none
};

/// Reads and writes them as the current role, which is the log's owner. Reading sees the active snapshot.
class SealStore {
 public:
  explicit SealStore(std::string schema) : schema_(std::move(schema)) {}

  bool exists() const;
  /// Makes the tables unless they are there. Errors: 42501 when one belongs to another role.
  void ensure(Oid owner) const;
  /// Waits for others that seal, erase or prune and keeps them out until the transaction ends.
  void lock() const;

  /// By number. `only_last`: at most the newest.
  std::vector<audit::Seal> seals(bool only_last = false) const;
  void add(const audit::Seal& seal) const;

  /// A layout's texts, by number.
  NumberedRows layouts(const std::vector<int>& numbers) const;
  /// Numbers of the layouts that no seal covers.
  std::vector<int> unsealed_layouts() const;
  /// Since when the log has rows of this cluster by its layouts, in microseconds; nothing: it has none.
  std::optional<int64> first_of_system(uint64 system) const;
  bool has_other_system(uint64 system) const;

  /// Rows after number `after` and up to `up_to`.
  NumberedRows erasures(int64 after, int64 up_to = INT64_MAX) const;
  NumberedRows prunings(int64 after, int64 up_to = INT64_MAX) const;

  /// Notes that a row was emptied. `before` and `after`: its hashes.
  void add_erasure(const std::string& relation, int64 at, const audit::LoggedRow& before,
                   const audit::Digest& after, const std::string& by,
                   const std::optional<std::string>& reason) const;
  /// Notes that a partition is dropped; times in microseconds since 2000.
  void add_pruning(const std::string& relation, int64 from, int64 to, int64 rows, const std::string& by,
                   const std::optional<std::string>& reason) const;

  std::string table(const char* name) const;

 private:
  std::string schema_;
};

}  // namespace deal::server
