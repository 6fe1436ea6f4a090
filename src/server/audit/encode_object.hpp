/// Objects of one shape: rows and composite values.
#pragma once

#include "server/audit/encode.hpp"
#include "server/audit/encode_value.hpp"

namespace deal::server {

/// A column or field.
struct ObjectMember {
  AttrNumber attribute;  ///< from 0
  const char* key;
  size_t key_size;
  ValueEncoder value;
};

/// The members of an object in the order of their keys (by length, then bytes), and what all its objects have
/// in common: header, entries of the keys, the keys.
struct ObjectShape {
  int count;
  ObjectMember* members;
  JEntry* entries;  ///< the header and `count` entries
  char* keys;
  size_t keys_size;
  size_t* sizes;  ///< of the values written last, by member; SIZE_MAX of one that is too large by itself
};

/// Makes the shape of the columns given, without those ignored, in `context`.
ObjectShape* make_object_shape(TupleDesc tuple, const EncodedColumn* columns, int count, const Salt* salt,
                               MemoryContext context);

/// Appends the object of the members chosen (null: all; as for encode_row); its entry.
JEntry put_object(JsonbOutput& out, ObjectShape& shape, const Datum* values, const bool* nulls,
                  const uint64_t* chosen);

}  // namespace deal::server
