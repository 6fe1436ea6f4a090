#include "server/bridge/named_rows.hpp"

#include "core/base/error.hpp"

extern "C" {
#include "executor/spi.h"
#include "utils/queryenvironment.h"
#include "utils/tuplestore.h"
}

namespace pg {

NamedRows::NamedRows(const char* name, TupleDesc shape) : name_(name), shape_(shape) {
  rows_ = call([] { return tuplestore_begin_heap(true, false, work_mem); });
}

NamedRows::~NamedRows() {
  if (unwinding_.by_server_error())
    return;  // its memory goes with the context, its file with the transaction
  tuplestore_end(rows_);
}

void NamedRows::add(const Datum* values, const bool* nulls) {
  call([&] { tuplestore_putvalues(rows_, shape_, const_cast<Datum*>(values), const_cast<bool*>(nulls)); });
  ++count_;
}

void NamedRows::show_to(Spi&) const {
  int const outcome = call([&] {
    auto* const relation = static_cast<EphemeralNamedRelation>(palloc0(sizeof(EphemeralNamedRelationData)));
    relation->md.name = pstrdup(name_);
    relation->md.reliddesc = InvalidOid;
    relation->md.tupdesc = shape_;
    relation->md.enrtype = ENR_NAMED_TUPLESTORE;
    relation->md.enrtuples = static_cast<double>(count_);
    relation->reldata = rows_;
    return SPI_register_relation(relation);
  });
  if (outcome != SPI_OK_REL_REGISTER) throw deal::Error("XX000", "could not show rows to a statement");
}

}  // namespace pg
