/// The audit log's encoder of rows.

#include "server/audit/encode.hpp"

#include "core/base/error.hpp"
#include "server/bridge/bridge.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"
}

namespace {

namespace audit = deal::audit;
using deal::server::EncodedColumn;

audit::Treatment treatment_of(char letter) {
  switch (letter) {
    case 'p':
      return audit::Treatment::plain;
    case 'i':
      return audit::Treatment::ignored;
    case 'r':
      return audit::Treatment::redacted;
    case 'h':
      return audit::Treatment::hashed;
    default:
      throw deal::Error("22023", "no such treatment");
  }
}

/// The arguments (columns, treatments, salt) from the second on.
struct Wanted {
  std::vector<uint64_t> chosen;  ///< empty: all
  std::optional<std::string> treatments;
  std::string salt;

  const uint64_t* bits() const { return chosen.empty() ? nullptr : chosen.data(); }
};

Wanted wanted(const pg::Arguments& args, TupleDesc shape) {
  Wanted result;
  result.treatments = args.optional_text(2);
  result.salt = args.text(3);
  if (args.is_null(1)) return result;
  ArrayType* const array = pg::call([&] { return DatumGetArrayTypeP(args.datum(1)); });
  int const count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
  const auto* const numbers = reinterpret_cast<const int32_t*>(ARR_DATA_PTR(array));
  result.chosen.resize(static_cast<size_t>(shape->natts) / 64 + 1);
  for (int i = 0; i < count; ++i) {
    auto const bit = static_cast<size_t>(numbers[i] - 1);
    result.chosen.at(bit / 64) |= UINT64_C(1) << bit % 64;
  }
  return result;
}

deal::server::RowEncoder* encoder_for(TupleDesc shape, const Wanted& wanted) {
  std::vector<EncodedColumn> columns;
  for (int i = 0; i < shape->natts; ++i) {
    if (TupleDescAttr(shape, i)->attisdropped) continue;
    char const letter = wanted.treatments ? wanted.treatments->at(columns.size()) : 'p';
    columns.push_back({static_cast<AttrNumber>(i + 1), treatment_of(letter)});
  }
  const EncodedColumn* const data = columns.data();
  int const count = static_cast<int>(columns.size());
  return pg::call([&] {
    return deal::server::make_row_encoder(shape, data, count, wanted.salt.data(), wanted.salt.size(),
                                          CurrentMemoryContext);
  });
}

/// Arrays as PL/pgSQL keeps them in variables.
void expand_arrays(TupleDesc shape, Datum* values, const bool* nulls) {
  for (int i = 0; i < shape->natts; ++i)
    if (!nulls[i] && OidIsValid(get_element_type(TupleDescAttr(shape, i)->atttypid)))
      values[i] = expand_array(values[i], CurrentMemoryContext, nullptr);
}

}  // namespace

/// (record, columns, treatments, salt, expand)
DEAL_FUNCTION(deal_advisor_test_encode) {
  HeapTupleHeader const row = pg::call([&] { return DatumGetHeapTupleHeader(args.datum(0)); });
  TupleDesc const shape = pg::call([&] {
    return lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
  });
  Wanted const columns = wanted(args, shape);
  auto* const encoder = encoder_for(shape, columns);
  bool const expand = args.boolean(4);
  return pg::call([&] {
    HeapTupleData tuple{};
    tuple.t_len = HeapTupleHeaderGetDatumLength(row);
    tuple.t_data = row;
    auto const count = static_cast<size_t>(shape->natts) + 1;
    auto* const values = static_cast<Datum*>(palloc(sizeof(Datum) * count));
    auto* const nulls = static_cast<bool*>(palloc(count));
    heap_deform_tuple(&tuple, shape, values, nulls);
    if (expand) expand_arrays(shape, values, nulls);
    return PointerGetDatum(deal::server::encode_row(encoder, values, nulls, columns.bits()));
  });
}

/// (relation, columns, treatments, salt): its rows as they are stored, through one encoder.
DEAL_FUNCTION(deal_advisor_test_encode_rows) {
  pg::RowSet rows(args);
  Relation const relation = pg::call([&] { return table_open(args.oid(0), AccessShareLock); });
  Wanted const columns = wanted(args, RelationGetDescr(relation));
  auto* const encoder = encoder_for(RelationGetDescr(relation), columns);
  TupleTableSlot* const slot = pg::call([&] { return table_slot_create(relation, nullptr); });
  TableScanDesc const scan =
      pg::call([&] { return table_beginscan(relation, GetActiveSnapshot(), 0, nullptr); });
  for (;;) {
    auto* const image = pg::call([&]() -> struct varlena* {
      if (!table_scan_getnextslot(scan, ForwardScanDirection, slot)) return nullptr;
      slot_getallattrs(slot);
      return deal::server::encode_row(encoder, slot->tts_values, slot->tts_isnull, columns.bits());
    });
    if (image == nullptr) break;
    rows.add({pg::Value{PointerGetDatum(image), false}});
  }
  pg::call([&] {
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    table_close(relation, AccessShareLock);
  });
  return rows.result();
}

/// A jsonb as it is stored.
DEAL_FUNCTION(deal_advisor_test_jsonb_bytes) {
  return pg::call([&] {
    struct varlena* const jsonb = PG_DETOAST_DATUM_COPY(args.datum(0));
    return PointerGetDatum(jsonb);
  });
}
