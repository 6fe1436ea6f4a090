/// Rows of ours that a statement can read like a table.
#pragma once

#include "server/bridge/spi.hpp"

extern "C" {
#include "access/tupdesc.h"
}

struct Tuplestorestate;

namespace pg {

/// Rows under a name that statements of one session may use where a table's name may stand; nothing is made
/// in the catalog. Values may be of any type.
class NamedRows {
 public:
  /// `shape`'s columns have names; it must live as long as this. `name`: a plain identifier.
  NamedRows(const char* name, TupleDesc shape);
  ~NamedRows();
  NamedRows(const NamedRows&) = delete;
  NamedRows& operator=(const NamedRows&) = delete;

  TupleDesc shape() const { return shape_; }
  int64_t count() const { return count_; }
  /// Copies the values.
  void add(const Datum* values, const bool* nulls);
  /// Makes them known to the session, which must end before this does. After the last row.
  void show_to(Spi& session) const;

 private:
  detail::Unwinding unwinding_;
  const char* name_;
  TupleDesc shape_;
  int64_t count_ = 0;
  Tuplestorestate* rows_ = nullptr;
};

}  // namespace pg
