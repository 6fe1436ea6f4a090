/// Values as jsonb: the parts of the row encoder. All run inside pg::call.
#pragma once

#include "server/audit/jsonb_output.hpp"

namespace deal::server {

struct ObjectShape;

/// How the values of a type are written; decided once.
enum class ValueKind : uint8_t {
  boolean,
  int2,
  int4,
  int8,
  float4,
  float8,
  numeric,
  date,
  timestamp,
  timestamptz,
  text,  ///< a varlena whose bytes are its text
  name,
  uuid,
  bytea,
  oid,
  json,
  jsonb,
  array,
  composite,
  json_cast,     ///< by a cast to json that was defined for the type
  output,        ///< any other: a string of what its output function gives
  named_object,  ///< regclass and its like: their text depends on search_path
  money,         ///< its text depends on lc_monetary
  redacted,
  hashed,
};

/// Bytes to hash before a value.
struct Salt {
  const char* bytes;
  size_t size;
};

/// How values of one type are written. Plain data; `context` holds what it makes later.
struct ValueEncoder {
  ValueKind kind;
  ValueKind text_kind;  ///< of a hashed column: where its text comes from
  Oid type;             ///< no domain
  MemoryContext context;
  FmgrInfo function;       ///< the output function
  ValueEncoder* element;   ///< of an array, once known
  ObjectShape* shape;      ///< of a composite, once known
  uint64_t shape_version;  ///< the server's identifier of the type that `shape` was made for
  const Salt* salt;
};

void init_value_encoder(ValueEncoder& encoder, Oid type, MemoryContext context);
void init_redacted(ValueEncoder& encoder);
void init_hashed(ValueEncoder& encoder, Oid type, const Salt* salt, MemoryContext context);

/// True if writing a value may run code that isn't the server's own.
bool runs_foreign_code(const ValueEncoder& encoder);

/// Appends a value that isn't NULL; its entry.
JEntry put_value(JsonbOutput& out, ValueEncoder& encoder, Datum value);

/// Those of them that have children. `jsonb` is what follows a jsonb's varlena header.
JEntry put_array(JsonbOutput& out, ValueEncoder& encoder, Datum value);
JEntry put_composite(JsonbOutput& out, ValueEncoder& encoder, Datum value);
JEntry put_json(JsonbOutput& out, Datum value);
JEntry put_jsonb(JsonbOutput& out, const char* jsonb, size_t size);

/// A varlena as it can be read: in place, or detoasted if it must be; `release` frees what that took. (No
/// destructor does: an error may jump over it, and then the memory context's end frees.)
struct Readable {
  struct varlena* stored;
  struct varlena* plain;

  explicit Readable(Datum value)
      : stored(reinterpret_cast<struct varlena*>(DatumGetPointer(value))),
        plain(VARATT_IS_EXTERNAL(stored) || VARATT_IS_COMPRESSED(stored) ? pg_detoast_datum_packed(stored)
                                                                         : stored) {}
  const char* data() const { return VARDATA_ANY(plain); }
  size_t size() const { return VARSIZE_ANY_EXHDR(plain); }
  void release() const {
    if (plain != stored) pfree(plain);
  }
};
static_assert(std::is_trivially_destructible_v<Readable>);

}  // namespace deal::server
