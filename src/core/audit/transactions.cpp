#include "core/audit/transactions.hpp"

#include <algorithm>

namespace deal::audit {

std::size_t Transactions::add(const TransactionRow& row) {
  by_transaction_.emplace(row.transaction, rows_.size());
  rows_.push_back(row);
  return rows_.size() - 1;
}

int Transactions::find(std::uint64_t transaction, std::int16_t context, std::int64_t event_at) const {
  auto const [first, last] = by_transaction_.equal_range(transaction);
  for (auto found = first; found != last; ++found) {
    TransactionRow const& row = rows_[found->second];
    if (row.context == context && row.started <= event_at && event_at <= row.at)
      return static_cast<int>(found->second);
  }
  return -1;
}

std::size_t Transactions::who(std::size_t number) const {
  TransactionRow const& row = rows_[number];
  if (row.who == row.context) return number;
  auto const [first, last] = by_transaction_.equal_range(row.transaction);
  for (auto found = first; found != last; ++found) {
    TransactionRow const& other = rows_[found->second];
    if (other.context == row.who && other.started == row.started) return found->second;
  }
  return number;
}

std::int64_t Transactions::committed(std::size_t number) const {
  TransactionRow const& row = rows_[number];
  std::int64_t latest = row.at;
  auto const [first, last] = by_transaction_.equal_range(row.transaction);
  for (auto found = first; found != last; ++found)
    if (rows_[found->second].started == row.started) latest = std::max(latest, rows_[found->second].at);
  return latest;
}

}  // namespace deal::audit
