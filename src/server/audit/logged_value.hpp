/// Values in the log's images (jsonb), read in place. Everything here runs inside pg::call and is plain data.
#pragma once

#include "core/audit/event.hpp"
#include "server/bridge/call.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "utils/jsonb.h"
}

namespace deal::server {

/// What an image may say of a column.
struct ImageColumn {
  const char* name;
  int name_size;
  int slot;
  bool hidden;     ///< redacted or hashed: what stands there is not the value
  bool same_type;  ///< as the column's today
};

/// The columns of one layout, in the order in which jsonb has their names.
struct ImageShape {
  int count;
  ImageColumn* columns;
};

/// A value of an image: what a ValueRef of the core points to.
struct LoggedValue {
  JsonbValue value;
  bool hidden;
  bool same_type;
};

inline const LoggedValue& logged(audit::ValueRef reference) {
  return *static_cast<const LoggedValue*>(reference);
}

/// The fields of an image in the current memory context, for as long as the image is there; what the layout
/// doesn't know is left out.
struct ImageFields {
  audit::Field* fields;
  int count;
};
ImageFields read_image(Jsonb* image, const ImageShape& shape);

/// True if two values are stored the same way.
bool same_value(const JsonbValue& one, const JsonbValue& other);

/// Appends a value so that equal ones give equal text, and different ones different text: numbers without
/// trailing zeros, a length before each.
void append_key_text(StringInfo text, const JsonbValue& value);
/// A NULL, or no value.
void append_key_null(StringInfo text);

/// Builds one object. Keys may come in any order, none twice.
struct ObjectBuilder {
  JsonbParseState* state;
};
ObjectBuilder begin_object();
void add_to_object(ObjectBuilder& object, const char* key, int key_size, const JsonbValue& value);
Jsonb* end_object(ObjectBuilder& object);

}  // namespace deal::server
