/// Values of the log as values of the table's columns.
#pragma once

#include "server/audit/logged_value.hpp"

namespace deal::server {

/// How the server's own conversion of whole objects is called; shared by the columns of a table.
struct Populate {
  Oid row_type;
  TupleDesc row;
  FmgrInfo function;
};

/// A column that takes values of the log. Plain data, in a memory context.
struct TypedColumn {
  Oid type;
  int32 modifier;
  AttrNumber number;  ///< in the table
  const char* name;
  FmgrInfo input;
  Oid input_parameter;
  Populate* populate;
};

/// The columns of `shape` by their place in it, made in `context` (dropped ones are unusable). All are
/// columns of the table `relation`. Inside pg::call.
TypedColumn* typed_columns(TupleDesc shape, Oid relation, MemoryContext context);

/// The value in the column's type, in the current memory context; through the type's input function where the
/// type was another one then. Errors of that function pass. Inside pg::call; runs code that types and domains
/// bring, with the current role's rights.
Datum typed_value(const LoggedValue& value, TypedColumn& column, bool* null);

}  // namespace deal::server
