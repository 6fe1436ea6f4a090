#include "server/catalog/bound_tree.hpp"

#include <fmt/format.h>

#include <vector>

#include "core/base/quote.hpp"
#include "server/bridge/datum.hpp"
#include "server/bridge/memory.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
#include "utils/date.h"
}

namespace deal::server {

namespace {

std::string literal_of(const Const* value) {
  if (value->constisnull) return "NULL";
  return quote_literal(pg::output_of(value->constvalue, value->consttype));
}

std::string literals_of(const List* values) {
  std::string list;
  for (int i = 0; i < list_length(values); ++i)
    list += (i > 0 ? ", " : "") + literal_of(castNode(Const, list_nth(values, i)));
  return list;
}

std::string end_of(const PartitionRangeDatum* end) {
  if (end->kind == PARTITION_RANGE_DATUM_MINVALUE) return "MINVALUE";
  if (end->kind == PARTITION_RANGE_DATUM_MAXVALUE) return "MAXVALUE";
  return literal_of(castNode(Const, end->value));
}

std::string ends_of(const List* ends) {
  std::string list;
  for (int i = 0; i < list_length(ends); ++i)
    list += (i > 0 ? ", " : "") + end_of(castNode(PartitionRangeDatum, list_nth(ends, i)));
  return list;
}

/// Infinite dates and times lie at the ends.
std::int64_t position_of(const Const* value) {
  switch (value->consttype) {
    case TIMESTAMPTZOID:
    case TIMESTAMPOID:
      return DatumGetInt64(value->constvalue);
    case DATEOID: {
      DateADT const day = DatumGetDateADT(value->constvalue);
      if (DATE_IS_NOBEGIN(day)) return kAxisBegin;
      return DATE_IS_NOEND(day) ? kAxisEnd : int64{day} * USECS_PER_DAY;
    }
    case INT2OID:
      return DatumGetInt16(value->constvalue);
    case INT4OID:
      return DatumGetInt32(value->constvalue);
    case INT8OID:
      return DatumGetInt64(value->constvalue);
    default:
      return kAxisBegin;
  }
}

std::int64_t position_of(const PartitionRangeDatum* end) {
  if (end->kind == PARTITION_RANGE_DATUM_MINVALUE) return kAxisBegin;
  if (end->kind == PARTITION_RANGE_DATUM_MAXVALUE) return kAxisEnd;
  return position_of(castNode(Const, end->value));
}

void read_range(const PartitionBoundSpec* spec, PartitionBound& bound) {
  bound.bounds =
      fmt::format("FOR VALUES FROM ({}) TO ({})", ends_of(spec->lowerdatums), ends_of(spec->upperdatums));
  if (list_length(spec->lowerdatums) != 1) return;
  auto const* lower = castNode(PartitionRangeDatum, linitial(spec->lowerdatums));
  auto const* upper = castNode(PartitionRangeDatum, linitial(spec->upperdatums));
  bound.lower = end_of(lower);
  bound.upper = end_of(upper);
  bound.from = position_of(lower);
  bound.to = position_of(upper);
}

}  // namespace

PartitionAxis axis_of(ObjectId type) {
  switch (type) {
    case TIMESTAMPTZOID:
    case TIMESTAMPOID:
    case DATEOID:
      return PartitionAxis::time;
    case INT2OID:
    case INT4OID:
    case INT8OID:
      return PartitionAxis::number;
    default:
      return PartitionAxis::other;
  }
}

void read_bound_tree(const std::string& tree, PartitionBound& bound) {
  pg::Memory const memory("deal_advisor partition bound");
  pg::InContext const in_memory(memory.context());
  const char* const text = tree.c_str();
  auto const* spec =
      pg::call([&] { return castNode(PartitionBoundSpec, static_cast<Node*>(stringToNode(text))); });
  bound.is_default = spec->is_default;
  if (spec->is_default)
    bound.bounds = "DEFAULT";
  else if (spec->strategy == PARTITION_STRATEGY_LIST)
    bound.bounds = fmt::format("FOR VALUES IN ({})", literals_of(spec->listdatums));
  else if (spec->strategy == PARTITION_STRATEGY_HASH)
    bound.bounds = fmt::format("FOR VALUES WITH (modulus {}, remainder {})", spec->modulus, spec->remainder);
  else
    read_range(spec, bound);
}

}  // namespace deal::server
