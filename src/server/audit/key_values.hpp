/// Values of key columns as row keys.
#pragma once

#include "core/audit/row_key.hpp"
#include "server/bridge/call.hpp"

namespace deal::server {

/// How values of a key column enter the row key; plain data.
struct KeyColumn {
  enum class Kind : uint8_t { int2, int4, int8, uuid, bytes, numeric, output };
  AttrNumber number;
  Kind kind;
  FmgrInfo output;  ///< of the type, for Kind::output
};

/// Prepares a column of a type (domains as their base type). Inside pg::call; allocates in `context`.
void set_key_column(KeyColumn& column, AttrNumber number, Oid type, MemoryContext context);

/// Adds one value, toasted or not. Inside pg::call; may leave garbage in the current memory context.
void add_key_value(audit::RowKey& key, KeyColumn& column, Datum value, bool null);

}  // namespace deal::server
