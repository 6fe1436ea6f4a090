/// Returning sets: materialised, so that no C++ state lives between calls and FROM and the select list run
/// the same plan.
#pragma once

#include "server/bridge/arguments.hpp"

namespace pg {

/// The result set of one SQL call. Construct it first, add rows, return `result()`.
class RowSet {
 public:
  explicit RowSet(const Arguments& args);
  /// Adds a row; the number of values must equal the number of result columns (XX000 otherwise). Polls for
  /// cancel.
  void add(std::span<const Value> values);
  void add(std::initializer_list<Value> values) { add(std::span(values.begin(), values.size())); }
  /// The result's columns and their types.
  TupleDesc shape() const { return set_->setDesc; }
  Datum result() const;

 private:
  FunctionCallInfo fcinfo_;
  ReturnSetInfo* set_;
  MemoryContext row_context_;
};

}  // namespace pg
