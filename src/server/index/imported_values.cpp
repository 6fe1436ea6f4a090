#include "server/index/imported_values.hpp"

#include <algorithm>

#include "core/base/random.hpp"
#include "server/index/imported.hpp"
#include "server/index/stand_in.hpp"

extern "C" {
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

constexpr uint32_t kShortest = 127;  ///< bytes from which a value of varying length is stored aligned

struct TypeStorage {
  Oid type;
  int16 length;
  bool by_value;
  char align;
};

TypeStorage storage_of(Oid relation, AttrNumber attno) {
  TypeStorage out{getBaseType(get_atttype(relation, attno)), 0, false, 'i'};
  get_typlenbyvalalign(out.type, &out.length, &out.by_value, &out.align);
  return out;
}

}  // namespace

StoredColumn stored_as_exported(Oid relation, AttrNumber attno, const index::ExportedColumn& column) {
  TypeStorage const type = pg::call([&] { return storage_of(relation, attno); });
  StoredColumn out;
  bool uniform = true;
  for (uint32_t const value : column.value) {
    bool const null = value == index::ExportedColumn::kNull;
    uint32_t const bytes = null              ? 0
                           : type.length > 0 ? static_cast<uint32_t>(type.length)
                                             : column.bytes[value];
    bool const is_short = type.length == -1 && bytes < kShortest;
    out.hash.push_back(null ? kNullHash : mix64(value + 1));
    out.size.push_back(bytes);
    out.align.push_back(null ? 0 : is_short || type.length == -2 ? 1 : align_bytes(type.align));
    uniform = uniform && out.size.back() == out.size.front() && out.align.back() == out.align.front();
  }
  out.uniform = uniform;
  out.widest = static_cast<size_t>(std::max_element(out.size.begin(), out.size.end()) - out.size.begin());
  return out;
}

namespace {

/// The common values and the histogram of a column; empty slots where there are none.
struct Known {
  AttStatsSlot common;
  AttStatsSlot histogram;
  AttStatsSlot elements;
};

Known known_values(Oid relation, AttrNumber attno) {
  Known out{};
  HeapTuple const statistics = imported_statistics(relation, attno, false);
  if (statistics == nullptr) return out;
  if (!get_attstatsslot(&out.common, statistics, STATISTIC_KIND_MCV, InvalidOid, ATTSTATSSLOT_VALUES))
    out.common = {};
  if (!get_attstatsslot(&out.histogram, statistics, STATISTIC_KIND_HISTOGRAM, InvalidOid,
                        ATTSTATSSLOT_VALUES))
    out.histogram = {};
  if (!get_attstatsslot(&out.elements, statistics, STATISTIC_KIND_MCELEM, InvalidOid,
                        ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS))
    out.elements = {};
  return out;
}

/// How many values fall into each bucket of the histogram, then how many of them have had their turn.
std::vector<int> count_buckets(const index::ExportedColumn& column, int buckets) {
  std::vector<int> counts(static_cast<size_t>(buckets) + 2);
  for (int32_t const place : column.place)
    if (int const bucket = index::place_of(place).bucket; bucket >= 0 && bucket <= buckets)
      ++counts[static_cast<size_t>(bucket)];
  return counts;
}

struct Wanted {
  index::ValuePlace place;
  double share;  ///< of the bucket
  uint32_t bytes;
  uint32_t number;
  int32_t alike;  ///< see index::ExportedColumn
};

Datum stand_in(const TypeStorage& type, const Known& known, const Wanted& wanted, bool* null) {
  auto const& [place, share, bytes, number, alike] = wanted;
  if (known.elements.nvalues > 0 && known.elements.nvalues <= known.elements.nnumbers)
    return collection({&known.elements, known.elements.valuetype, type.type == TSVECTOROID}, bytes, number,
                      null);
  *null = false;
  if (place.common >= 0 && place.common < known.common.nvalues) return known.common.values[place.common];
  int const last = known.histogram.nvalues - 1;
  if (last < 1) return numbered(type.type, number, null);
  int const bucket =
      place.bucket >= 0 ? place.bucket : static_cast<int>(mix64(number) % static_cast<uint64_t>(last));
  int const low = std::clamp(bucket - 1, 0, last - 1);
  return between(type.type,
                 {known.histogram.values[low], known.histogram.values[low + 1], share, number, alike});
}

}  // namespace

StandIns stand_ins(Oid relation, AttrNumber attno, const index::ExportedColumn& column) {
  TypeStorage const type = pg::call([&] { return storage_of(relation, attno); });
  Known const known = pg::call([&] { return known_values(relation, attno); });
  size_t const count = column.place.size();
  StandIns out = pg::call([&] {
    return StandIns{static_cast<Datum*>(palloc0(sizeof(Datum) * (count + 1))),
                    static_cast<bool*>(palloc0(sizeof(bool) * (count + 1)))};
  });
  int const buckets = std::max(known.histogram.nvalues, 0);
  std::vector<int> const all = count_buckets(column, buckets);
  std::vector<int> done(all.size());
  for (size_t value = 0; value < count; ++value) {
    index::ValuePlace const place = index::place_of(column.place[value]);
    double share = 0.5;
    if (place.bucket >= 0 && place.bucket <= buckets) {
      auto const bucket = static_cast<size_t>(place.bucket);
      share = (done[bucket]++ + 0.5) / all[bucket];
    }
    Wanted const wanted{place, share, column.bytes[value], static_cast<uint32_t>(value), column.alike[value]};
    out.values[value] = pg::call([&] { return stand_in(type, known, wanted, &out.nulls[value]); });
  }
  return out;
}

}  // namespace deal::server
