/// Collects what a new seal covers.
#pragma once

#include <optional>

#include "core/audit/seal.hpp"

namespace deal::audit {

/// Takes rows in any order and makes the parts of a seal. Keeps at most about twice `most` rows in memory:
/// beyond that it leaves the transactions with the greatest numbers to the next seal. A transaction is never
/// divided.
class SealBuilder {
 public:
  /// Rows of transactions before `to_xid`.
  SealBuilder(std::uint64_t to_xid, std::size_t most) : to_xid_(to_xid), most_(most) {}

  /// Only rows of transactions before this are wanted; it may come down.
  std::uint64_t to_xid() const { return to_xid_; }
  /// True if rows were left to the next seal.
  bool divided() const { return divided_; }
  /// A row of relation `relation` (any number) of time `at`.
  void add(int relation, std::int64_t at, const LoggedRow& row);
  /// The parts, by relation and day; `names`: of the relations.
  std::vector<SealPart> parts(const std::vector<std::string>& names, Hasher hasher);

 private:
  struct Entry {
    int relation;
    std::int64_t day;
    LoggedRow row;
  };

  void divide();

  std::uint64_t to_xid_;
  std::size_t most_;
  bool divided_ = false;
  std::vector<Entry> entries_;
};

}  // namespace deal::audit
