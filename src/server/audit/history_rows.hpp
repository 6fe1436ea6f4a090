/// Rows of a typed history, read as if they were events with an image.
#pragma once

#include "core/audit/event.hpp"
#include "server/audit/log_source.hpp"
#include "server/audit/logged_value.hpp"

extern "C" {
#include "access/tupdesc.h"
}

namespace deal::server {

struct RowEncoder;

/// How the history of one table is read.
class HistoryRows {
 public:
  HistoryRows(const LogSource& source, MemoryContext keep) : source_(source), keep_(keep) {}

  /// The types of the first columns, from audit_at to audit_rest.
  static std::span<const Oid> header_types();
  /// The select list: header, then the history's own columns.
  std::string columns() const;
  /// After the query has begun: `shape` is that of its rows.
  void begin(TupleDesc shape);
  /// The image of one row, in `keep`. Inside pg::call, as the log's owner.
  ImageFields image(audit::Op op, const Datum* values, const bool* nulls, const ImageShape& layout) const;

 private:
  const LogSource& source_;
  MemoryContext keep_;
  TupleDesc own_ = nullptr;  ///< the own columns alone
  RowEncoder* encoder_ = nullptr;
  int count_ = 0;
  int words_ = 0;
  ImageShape shape_{0, nullptr};  ///< names of the history's columns, all of them
  int* slots_ = nullptr;          ///< by own column; -1: unknown
  bool* is_key_ = nullptr;
};

}  // namespace deal::server
