/// A deal_advisor.statement[] argument as a workload.
#include <cmath>

#include "core/base/error.hpp"
#include "server/workload/read.hpp"

extern "C" {
#include "access/htup_details.h"
#include "common/hashfn.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
}

namespace deal::server {

namespace {

/// Attributes of deal_advisor.statement, in order; the type may only grow at its end.
enum Attribute { kQuery, kCalls, kMeanMs, kRole, kSearchPath, kSource, kQueryId, kAttributes };

struct Fields {
  Datum values[kAttributes];
  bool nulls[kAttributes];
  bool present;
};

struct Elements {
  Datum* values;
  bool* nulls;
  int count;
};

Elements elements_of(Datum array) {
  return pg::call([&] {
    Elements out{};
    ArrayType* const flat = DatumGetArrayTypeP(array);
    int16 length = 0;
    bool by_value = false;
    char align = 0;
    get_typlenbyvalalign(ARR_ELEMTYPE(flat), &length, &by_value, &align);
    deconstruct_array(flat, ARR_ELEMTYPE(flat), length, by_value, align, &out.values, &out.nulls, &out.count);
    return out;
  });
}

Fields fields_of(Datum record) {
  return pg::call([&] {
    Fields out{};
    HeapTupleHeader const header = DatumGetHeapTupleHeader(record);
    TupleDesc const shape =
        lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
    out.present = shape->natts >= kAttributes;
    HeapTupleData tuple{};
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    tuple.t_data = header;
    for (int i = 0; out.present && i < kAttributes; ++i)
      out.values[i] = heap_getattr(&tuple, i + 1, shape, &out.nulls[i]);
    ReleaseTupleDesc(shape);
    return out;
  });
}

double amount(const Fields& fields, Attribute which, double missing, int ordinal) {
  if (fields.nulls[which]) return missing;
  double const number = DatumGetFloat8(fields.values[which]);
  if (std::isfinite(number) && number >= 0) return number;
  throw Error("22023", std::string(which == kCalls ? "calls" : "mean_ms") + " of statement " +
                           std::to_string(ordinal) + " must be finite and not negative");
}

std::string text_or_empty(const Fields& fields, Attribute which) {
  if (fields.nulls[which]) return {};
  return which == kRole ? pg::name_of(fields.values[which]) : pg::text_of(fields.values[which]);
}

Statement statement_of(const Fields& fields, int ordinal) {
  Statement statement;
  statement.query = text_or_empty(fields, kQuery);
  if (statement.query.empty())
    throw Error("22004", "query of statement " + std::to_string(ordinal) + " must not be null or empty");
  statement.calls = amount(fields, kCalls, 1, ordinal);
  statement.mean_ms = amount(fields, kMeanMs, 0, ordinal);
  statement.role = text_or_empty(fields, kRole);
  statement.search_path = text_or_empty(fields, kSearchPath);
  statement.source = fields.nulls[kSource] ? "argument" : text_or_empty(fields, kSource);
  statement.query_id = fields.nulls[kQueryId] ? query_id_of(statement) : text_or_empty(fields, kQueryId);
  return statement;
}

}  // namespace

std::string query_id_of(const Statement& statement) {
  std::string const key = statement.query + '\0' + statement.role + '\0' + statement.search_path;
  auto const* bytes = reinterpret_cast<const unsigned char*>(key.data());
  uint64 const hash = DatumGetUInt64(hash_bytes_extended(bytes, static_cast<int>(key.size()), 0));
  return std::to_string(static_cast<int64_t>(hash));
}

Workload workload_of(Datum statements) {
  Elements const elements = elements_of(statements);
  Workload workload;
  for (int i = 0; i < elements.count; ++i) {
    if (elements.nulls[i]) continue;
    Fields const fields = fields_of(elements.values[i]);
    if (!fields.present) throw Error("42804", "the array's elements are not deal_advisor.statement");
    workload.push_back(statement_of(fields, i + 1));
  }
  return workload;
}

}  // namespace deal::server
