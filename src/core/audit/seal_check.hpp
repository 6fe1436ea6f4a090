/// Compares an audit log with its seals.
#pragma once

#include <map>
#include <optional>
#include <span>

#include "core/audit/seal.hpp"

namespace deal::audit {

/// One thing that is not as it was sealed.
struct SealProblem {
  std::int64_t seal = 0;  ///< 0: of the log as a whole
  std::string relation;   ///< empty: the seal itself
  std::optional<std::int64_t> day;
  std::string problem;  ///< in a few words
  std::string detail;
};

/// A row of audit_pruned: rows of a relation that were dropped with their partition.
struct PrunedRange {
  std::int64_t number = 0;
  std::string relation;
  std::int64_t from = 0;  ///< microseconds since 2000 (UTC)
  std::int64_t to = 0;
};

/// The problems of the chain itself: numbers, digests, ranges. `anchor`: a digest in hexadecimal that
/// somebody kept elsewhere; empty: none.
std::vector<SealProblem> check_chain(std::span<const Seal> seals, const std::string& anchor, Hasher hasher);

/// The seal that covers a row of time `at`; null: none does. `seals`: by number.
const Seal* covering_seal(std::span<const Seal> seals, std::int64_t at, std::uint64_t xid);

/// What was compared.
struct SealCounts {
  std::int64_t sealed = 0;    ///< rows that are as they were sealed, or should be
  std::int64_t unsealed = 0;  ///< rows that no seal covers yet
  std::int64_t pruned = 0;    ///< sealed rows that are gone with their partitions
};

/// Takes every row of the log, in any order, and says which parts of which seals differ. A part's rows are
/// let go as soon as they are all there, so rows that lie about as they were written need little memory.
class SealCheck {
 public:
  /// `seals` by number. `relations`: names of what rows will be of. `until`: rows from then on are of a
  /// cluster that has no seal yet, so their transactions' numbers say nothing.
  SealCheck(std::span<const Seal> seals, const std::vector<std::string>& relations,
            const std::vector<PrunedRange>& pruned, Hasher hasher, std::int64_t until = INT64_MAX);

  /// A row of relation number `relation`.
  void add(int relation, std::int64_t at, const LoggedRow& row) {
    if (last_ == nullptr || !last_->holds(relation, at, row.xid)) find(relation, at, row.xid);
    if (last_ != nullptr) take(*last_, row);
  }
  /// After the last row.
  std::vector<SealProblem> finish();
  const SealCounts& counts() const { return counts_; }

 private:
  struct Part {
    std::size_t seal;
    int relation;
    std::int64_t day;
    std::uint64_t from_xid;
    std::uint64_t to_xid;
    std::int64_t begin;  ///< times
    std::int64_t end;
    const SealPart* sealed;  ///< null: the seal has no such part
    std::int64_t found = 0;
    bool differs = false;
    std::vector<LoggedRow> rows;

    bool holds(int other_relation, std::int64_t at, std::uint64_t xid) const {
      return relation == other_relation && at >= begin && at < end && xid >= from_xid && xid < to_xid;
    }
  };

  void find(int relation, std::int64_t at, std::uint64_t xid);
  Part& part_of(std::size_t seal, int relation, std::int64_t day);
  void take(Part& part, const LoggedRow& row);
  bool is_pruned(const SealPart& part) const;
  void judge(const Part& part, std::vector<SealProblem>& problems);

  std::span<const Seal> seals_;
  std::vector<std::string> relations_;
  const std::vector<PrunedRange>& pruned_;
  Hasher hasher_;
  std::int64_t until_;
  std::map<std::pair<std::size_t, std::pair<int, std::int64_t>>, Part> parts_;
  Part* last_ = nullptr;
  SealCounts counts_;
};

}  // namespace deal::audit
