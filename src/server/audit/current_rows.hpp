/// The rows that an audited table has now.
#pragma once

#include "server/audit/row_identity.hpp"
#include "server/bridge/cursor.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/settings.hpp"

namespace deal::server {

struct RowEncoder;

/// A condition on the table, called t, with its parameters; empty: all rows.
struct RowCondition {
  std::string where;
  std::vector<pg::Parameter> parameters;
};

/// Reads the recorded columns of a table with its partitions and children: with the caller's rights (who may
/// read although row security applies, reads as the table's owner). Row security never thins the rows out
/// silently. Inside a subtransaction.
class CurrentRows {
 public:
  CurrentRows(const LogSource& source, const RowCondition& condition, MemoryContext keep);

  /// The next rows, none at the end; valid until the next call.
  std::span<HeapTuple> fetch();
  int columns() const { return static_cast<int>(slots_.size()); }
  int slot(int column) const { return slots_[static_cast<size_t>(column)]; }
  /// The type of a column as it is read.
  TupleDesc shape() const { return rows_->shape(); }

  /// Values of a row by column; valid as long as the row.
  void deform(HeapTuple row, Datum* values, bool* nulls) const;
  /// The row as an image with today's columns, in the current memory context. Inside pg::call, as the table's
  /// owner: types may bring code.
  ImageFields image(const Datum* values, const bool* nulls) const;
  /// The row's identity, the same way.
  StringInfoData identity(const Datum* values, const bool* nulls) const;

 private:
  void make_encoders(MemoryContext keep);
  const LogSource& source_;
  Oid reader_;
  std::vector<int> slots_;
  pg::LocalSettings settings_;
  pg::Spi session_;
  std::optional<pg::Cursor> rows_;
  RowIdentity identity_;
  ImageShape shape_{0, nullptr};
  RowEncoder* encoder_ = nullptr;
  RowEncoder* key_encoder_ = nullptr;
  uint64_t* key_columns_ = nullptr;  ///< null: all
};

/// "t.key = $n and ..." for one row, with typed parameters.
RowCondition key_condition(const LogSource& source, const std::vector<pg::Parameter>& key);
/// left OPERATOR(schema.=) right, with the equality of the type.
std::string equal_to(const std::string& left, const std::string& right, Oid type);

}  // namespace deal::server
