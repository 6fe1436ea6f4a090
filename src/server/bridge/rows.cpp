#include "server/bridge/rows.hpp"

#include "core/base/error.hpp"

extern "C" {
#include "utils/memutils.h"
#include "utils/tuplestore.h"
}

namespace pg {

RowSet::RowSet(const Arguments& args)
    : fcinfo_(args.fcinfo()), set_(reinterpret_cast<ReturnSetInfo*>(fcinfo_->resultinfo)) {
  row_context_ = call([&] {
    InitMaterializedSRF(fcinfo_,
                        MAT_SRF_USE_EXPECTED_DESC);  // a single column is no row type, but may be a set
    return CurrentMemoryContext;
  });
}

void RowSet::add(std::span<const Value> values) {
  TupleDesc const shape = set_->setDesc;
  if (static_cast<int>(values.size()) != shape->natts)
    throw deal::Error("XX000", "result row has " + std::to_string(values.size()) + " values for " +
                                   std::to_string(shape->natts) + " columns");
  check_for_interrupts();
  call([&] {
    MemoryContextSwitchTo(row_context_);
    auto* datums = static_cast<Datum*>(palloc(sizeof(Datum) * values.size()));
    auto* nulls = static_cast<bool*>(palloc(sizeof(bool) * values.size()));
    for (size_t i = 0; i < values.size(); ++i) {
      datums[i] = values[i].datum;
      nulls[i] = values[i].null;
    }
    tuplestore_putvalues(set_->setResult, shape, datums, nulls);
    pfree(datums);
    pfree(nulls);
  });
}

Datum RowSet::result() const {
  fcinfo_->isnull = true;
  return 0;
}

}  // namespace pg
