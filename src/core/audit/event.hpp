/// Events of an audit log, as far as the algorithms that read it need them.
#pragma once

#include <compare>
#include <cstdint>

namespace deal::audit {

/// What an event says happened; the letters of the log.
enum class Op : char {
  insert = 'I',
  update = 'U',
  remove = 'D',
  key_before = 'M',  ///< an update that changed the key: the row under its old key
  key_after = 'N',   ///< and under its new one
  truncate = 'T',
  baseline = 'S',  ///< the row as it was when auditing began
  alter = 'A',     ///< a change of the table itself
};

/// The word for it in results.
constexpr const char* op_word(Op op) {
  switch (op) {
    case Op::insert:
      return "insert";
    case Op::update:
      return "update";
    case Op::remove:
      return "delete";
    case Op::key_before:
    case Op::key_after:
      return "key change";
    case Op::truncate:
      return "truncate";
    case Op::baseline:
      return "baseline";
    case Op::alter:
      return "alter";
  }
  return "unknown";
}

/// A value out of an image, owned by whoever read the log; null: not known. The algorithms only carry it.
using ValueRef = const void*;

/// One column of an image. `slot`: see Columns.
struct Field {
  int slot;
  ValueRef value;
};

/// The order of changes: by commit, then by when they happened in their transaction.
struct CommitOrder {
  std::int64_t time = 0;  ///< of the commit, microseconds; that of an open transaction is the greatest
  std::uint64_t transaction = 0;
  std::int32_t sequence = 0;

  auto operator<=>(const CommitOrder&) const = default;  // NOLINT(modernize-use-nullptr): there is none
};

}  // namespace deal::audit
