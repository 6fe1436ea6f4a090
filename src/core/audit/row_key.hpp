/// The number under which the audit log's index finds the events of a row.
#pragma once

#include <cstdint>
#include <string_view>

namespace deal::audit {

/// Tables of one log are numbered from 1 to this.
constexpr std::int32_t kMostTables = (1 << 19) - 1;
/// How many bits of a row key tell the rows of a table apart.
constexpr int kRowBits = 44;

/// The smallest row key of a table; all of them lie from here to before that of the next table.
constexpr std::int64_t first_row_key(std::int32_t table) noexcept {
  return static_cast<std::int64_t>(table) << kRowBits;
}

/// Collects the values of a row's key, in the key's order, into a row key. Equal values give equal row keys;
/// different ones may do so too, so whoever looks a row up compares the key itself as well. Neighbours stay
/// neighbours where that is cheap, because the index then stays in the cache: a key that is one integer is
/// its own number, one that ends in an integer (tenant, id) keeps its low bits, one that is a uuid its first
/// bits (version 7 begins with the time). Independent of the machine's byte order.
class RowKey {
 public:
  /// An integer, a date or a time: whatever is one number.
  void add_integer(std::int64_t value) noexcept {
    fold();
    last_ = value;
    last_is_integer_ = true;
  }
  /// The 16 bytes of a uuid.
  void add_uuid(const unsigned char* bytes) noexcept;
  /// Any other value, as bytes that are equal where the values are.
  void add_bytes(std::string_view bytes) noexcept;
  void add_null() noexcept;

  /// The row key of what was added, among the rows of `table`.
  std::int64_t value(std::int32_t table) const noexcept;

 private:
  void fold() noexcept;
  void add_hash(std::uint64_t hash) noexcept;

  std::uint64_t hash_ = 0;
  std::int64_t last_ = 0;
  int folded_ = 0;
  bool last_is_integer_ = false;
};

}  // namespace deal::audit
