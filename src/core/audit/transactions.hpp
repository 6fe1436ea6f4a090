/// Which transaction an event belongs to, and when that was committed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace deal::audit {

/// A row of audit_tx; times in microseconds.
struct TransactionRow {
  std::int64_t at = 0;
  std::uint64_t transaction = 0;
  std::int16_t context = 0;
  std::int16_t who = 0;
  std::int64_t started = 0;
};

/// The rows of audit_tx that were read. Transaction ids may repeat: they start anew in another cluster.
class Transactions {
 public:
  /// Its number, from 0, in the order of the calls.
  std::size_t add(const TransactionRow& row);
  std::size_t count() const { return rows_.size(); }
  const TransactionRow& row(std::size_t number) const { return rows_[number]; }

  /// The row of an event; -1: none was read.
  int find(std::uint64_t transaction, std::int16_t context, std::int64_t event_at) const;
  /// The row that says who it was; `number` itself if there is none better.
  std::size_t who(std::size_t number) const;
  /// When the transaction of a row was committed, as far as its rows say: the latest of them, so that all its
  /// events have one time.
  std::int64_t committed(std::size_t number) const;

 private:
  std::vector<TransactionRow> rows_;
  std::unordered_multimap<std::uint64_t, std::size_t> by_transaction_;
};

}  // namespace deal::audit
