/// Bringing rows of a table back to what the log says they were, as the caller.
#pragma once

#include "core/audit/event.hpp"
#include "server/audit/log_source.hpp"
#include "server/audit/typed_value.hpp"
#include "server/bridge/named_rows.hpp"

namespace deal::server {

/// One row to write. Values are LoggedValue.
struct RowWrite {
  std::span<const audit::Field> key;     ///< has the key columns, as the row has them now; without a key all
  std::span<const audit::Field> values;  ///< has the columns to write
};

/// Writes rows of one table in few statements. Everything runs with the caller's rights; only values are made
/// as the table's owner, since types may bring code. Where the whole row is the key, a write is of one row,
/// even if there are more like it. Allocates in `keep`.
class RowWriter {
 public:
  RowWriter(const LogSource& source, MemoryContext keep);

  /// Which of the columns can be written: of today, recorded, not generated; `new_rows`: also those that are
  /// always generated as identity.
  std::vector<int> writable(const std::vector<int>& slots, bool new_rows) const;
  /// True if a unique index or an exclusion constraint looks at one of the columns.
  bool changes_unique(const std::vector<int>& slots) const;
  /// Inserts rows with these columns; how many. As change and remove, it leaves AFTER triggers and foreign
  /// keys to the LaterTriggers around it.
  int64_t insert(const std::vector<int>& slots, std::span<const RowWrite> rows) const;
  /// Gives rows these values; how many were there.
  int64_t change(const std::vector<int>& slots, std::span<const RowWrite> rows) const;
  int64_t remove(std::span<const RowWrite> rows) const;

  /// How many rows there are for each, locked if the caller may update the table (and there is a key).
  std::vector<int> lock(std::span<const RowWrite> rows) const;

 private:
  /// The table's own columns as they are named in the statements: r.k1 ... of the key, r.v1 ... of the
  /// values.
  TupleDesc shape_of(const std::vector<int>& slots, bool with_number) const;
  void fill(pg::NamedRows& target, const std::vector<int>& slots, std::span<const RowWrite> rows,
            bool with_number) const;
  int64_t run(const std::string& sql, const std::vector<int>& slots, std::span<const RowWrite> rows) const;
  std::string same_key() const;
  std::string same_value(const std::string& column, const std::string& given, Oid type) const;
  /// The row that a statement writes, as "t" joined with "r": by its key, or one that is like it.
  std::string target() const;
  bool may_lock() const;

  const LogSource& source_;
  std::vector<int> key_;  ///< slots that tell rows apart
  MemoryContext keep_;
  TupleDesc table_;       ///< the table's columns
  TypedColumn* columns_;  ///< by attribute number - 1
};

}  // namespace deal::server
