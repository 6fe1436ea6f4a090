/// Values of the log as values of the table's columns.
#pragma once

#include "server/audit/logged_value.hpp"

namespace deal::server {

/// A column that takes values of the log. Plain data, in a memory context.
struct TypedColumn {
  Oid type;
  int32 modifier;
  Oid collation;
  void* populate;  ///< what the server keeps between its conversions
  MemoryContext context;
};

/// The columns of a row type by attribute number - 1 (dropped ones are unusable), made in `context`. Inside
/// pg::call.
TypedColumn* typed_columns(TupleDesc shape, MemoryContext context);

/// The value in the column's type, in the current memory context; through the type's input function where the
/// type was another one then. Errors of that function pass. Inside pg::call; runs code that types and domains
/// bring, with the current role's rights.
Datum typed_value(const LoggedValue& value, TypedColumn& column, bool* null);

}  // namespace deal::server
