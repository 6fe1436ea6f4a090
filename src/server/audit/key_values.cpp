#include "server/audit/key_values.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/uuid.h"
}

namespace deal::server {

namespace {

using Kind = KeyColumn::Kind;

Kind kind_of(Oid base) {
  switch (base) {
    case INT2OID:
      return Kind::int2;
    case INT4OID:
    case DATEOID:
      return Kind::int4;
    case INT8OID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
    case TIMEOID:
      return Kind::int8;
    case UUIDOID:
      return Kind::uuid;
    case TEXTOID:
    case VARCHAROID:
    case BYTEAOID:
      return Kind::bytes;
    case NUMERICOID:
      return Kind::numeric;
    default:  // an enum's or a name's datum is no stable number
      return Kind::output;
  }
}

}  // namespace

void set_key_column(KeyColumn& column, AttrNumber number, Oid type, MemoryContext context) {
  Oid const base = getBaseType(type);
  column.number = number;
  column.kind = kind_of(base);
  if (column.kind != Kind::output) return;
  Oid function = InvalidOid;
  bool varlena = false;
  getTypeOutputInfo(base, &function, &varlena);
  fmgr_info_cxt(function, &column.output, context);
}

void add_key_value(audit::RowKey& key, KeyColumn& column, Datum value, bool null) {
  if (null) {
    key.add_null();
    return;
  }
  switch (column.kind) {
    case Kind::int2:
      key.add_integer(DatumGetInt16(value));
      return;
    case Kind::int4:
      key.add_integer(DatumGetInt32(value));
      return;
    case Kind::int8:
      key.add_integer(DatumGetInt64(value));
      return;
    case Kind::uuid:
      key.add_uuid(DatumGetUUIDP(value)->data);
      return;
    case Kind::bytes: {
      struct varlena* const bytes =
          pg_detoast_datum_packed(reinterpret_cast<struct varlena*>(DatumGetPointer(value)));
      key.add_bytes({VARDATA_ANY(bytes), static_cast<size_t>(VARSIZE_ANY_EXHDR(bytes))});
      return;
    }
    case Kind::numeric:  // 1.0 and 1.00 are one key
      key.add_bytes(numeric_normalize(DatumGetNumeric(value)));
      return;
    case Kind::output:
      key.add_bytes(OutputFunctionCall(&column.output, value));
      return;
  }
}

}  // namespace deal::server
