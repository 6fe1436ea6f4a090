/// The values of an imported column: how the true ones are stored, and what stands in their place.
#pragma once

#include "core/index/export_sample.hpp"
#include "server/index/stored_column.hpp"

namespace deal::server {

/// How the true values of the column's sampled rows would be stored in an index.
StoredColumn stored_as_exported(Oid relation, AttrNumber attno, const index::ExportedColumn& column);

/// One stand-in for each value of a column.
struct StandIns {
  Datum* values;
  bool* nulls;
};

/// Values that the imported statistics let expect: common ones as they are; those in a bucket of the
/// histogram begin as the export says and are spread over it in the order in which they appear. In the
/// current memory context.
StandIns stand_ins(Oid relation, AttrNumber attno, const index::ExportedColumn& column);

}  // namespace deal::server
