#include "server/audit/compare.hpp"

extern "C" {
#include "access/tupdesc.h"
#include "utils/datum.h"
}

namespace deal::server {

namespace {

bool same_varlena(Datum before, Datum after) {
  const char* const one = DatumGetPointer(before);
  const char* const other = DatumGetPointer(after);
  size_t const size = VARSIZE_ANY(one);
  // Also a value out of line: its pointer says which one it is
  if (size == VARSIZE_ANY(other) && memcmp(one, other, size) == 0) return true;
  bool const plain = !VARATT_IS_EXTENDED(one) || VARATT_IS_SHORT(one);
  bool const other_plain = !VARATT_IS_EXTENDED(other) || VARATT_IS_SHORT(other);
  if (plain && other_plain) {
    size_t const length = VARSIZE_ANY_EXHDR(one);
    return length == VARSIZE_ANY_EXHDR(other) && memcmp(VARDATA_ANY(one), VARDATA_ANY(other), length) == 0;
  }
  return datum_image_eq(before, after, false, -1);
}

bool same_value(Form_pg_attribute column, Datum before, Datum after) {
  if (column->attbyval) return before == after;
  if (column->attlen == -1) return same_varlena(before, after);
  if (column->attlen > 0)
    return memcmp(DatumGetPointer(before), DatumGetPointer(after), static_cast<size_t>(column->attlen)) == 0;
  return strcmp(DatumGetCString(before), DatumGetCString(after)) == 0;
}

}  // namespace

bool find_changed(TupleTableSlot* before, TupleTableSlot* after, const uint64_t* skipped, uint64_t* changed) {
  TupleDesc const shape = before->tts_tupleDescriptor;
  bool any = false;
  for (int i = 0; i < shape->natts; ++i) {
    bool const null = before->tts_isnull[i];
    if (null == after->tts_isnull[i]) {
      if (null) continue;
      if (same_value(TupleDescAttr(shape, i), before->tts_values[i], after->tts_values[i])) continue;
    }
    if (TupleDescAttr(shape, i)->attisdropped || (skipped != nullptr && has_column(skipped, i))) continue;
    add_column(changed, i);
    any = true;
  }
  return any;
}

}  // namespace deal::server
