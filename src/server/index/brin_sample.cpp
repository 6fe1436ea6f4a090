#include "core/index/block_spread.hpp"

#include <algorithm>
#include "server/index/access_method.hpp"
#include "server/index/method_sample.hpp"
#include "server/index/sampled_columns.hpp"

extern "C" {
#include "access/brin_internal.h"
#include "utils/fmgroids.h"
#include "utils/typcache.h"
}

namespace deal::server {

namespace {

/// The values that BRIN keeps of one key column in each range.
void append_summary(TableSample& sample, const Hypothetical& index, int key, const std::vector<bool>& kept,
                    std::vector<index::StoredItem>& items) {
  index::StoredItem const value = mean_item(sample.stored_of(index, key), kept);
  index::StoredItem const flag{1, 1};
  auto const* options = reinterpret_cast<const char*>(index.opclass_options[key]);
  switch (pg::call([&] { return support_function(index, key, BRIN_PROCNUM_OPCINFO); })) {
    case F_BRIN_MINMAX_MULTI_OPCINFO: {
      struct Options {
        int32 header;
        int values;
      };
      auto const* read = reinterpret_cast<const Options*>(options);
      double const asked = read != nullptr && read->values > 0 ? read->values : 32;
      // Compaction leaves about two thirds of what is allowed.
      double const bytes = 20 + 0.65 * asked * align_up(value.bytes, value.align);
      items.push_back({bytes + (bytes < 124 ? 1 : 4), bytes < 124 ? 1 : 4});
      break;
    }
    case F_BRIN_BLOOM_OPCINFO: {
      struct Options {
        int32 header;
        double distinct;
        double error;
      };
      auto const* read = reinterpret_cast<const Options*>(options);
      bool const set = read != nullptr;
      items.push_back(
          {index::bloom_filter_bytes(set && read->distinct != 0 ? read->distinct : -0.1,
                                     set && read->error > 0 ? read->error : 0.01, index.pages_per_range),
           4});
      break;
    }
    case F_BRIN_INCLUSION_OPCINFO:
      items.push_back(value);
      items.push_back(flag);
      items.push_back(flag);
      break;
    default:
      items.push_back(value);
      items.push_back(value);
      break;
  }
}

constexpr int64_t kBlocksRanked = 64;

/// Sampled values by their type's order.
struct Order {
  const SampledValues* values;
  FmgrInfo* compare;
  Oid collation;
};

int compare_rows(const void* a, const void* b, void* state) {
  auto const& order = *static_cast<const Order*>(state);
  return DatumGetInt32(FunctionCall2Coll(order.compare, order.collation,
                                         order.values->value(*static_cast<const int*>(a)),
                                         order.values->value(*static_cast<const int*>(b))));
}

/// Sorts the rows by value; false when the type has no order.
bool sort_rows(std::vector<int>& rows, const SampledValues& values, Oid collation) {
  return pg::call([&] {
    auto* type = lookup_type_cache(values.type, TYPECACHE_CMP_PROC_FINFO);
    if (!OidIsValid(type->cmp_proc)) return false;
    Order order{&values, &type->cmp_proc_finfo, collation};
    qsort_arg(rows.data(), rows.size(), sizeof(int), compare_rows, &order);
    return true;
  });
}

/// Rows of evenly chosen blocks that have a value.
std::vector<int> rows_of_some_blocks(const TableSample& sample, const SampledValues& values) {
  int64_t const step = std::max<int64_t>(sample.sampled_blocks() / kBlocksRanked, 1);
  std::vector<int> rows;
  int64_t block = -1;
  for (int row = 0; row < sample.sampled_rows(); ++row) {
    if (row == 0 || sample.block_of(row) != sample.block_of(row - 1)) ++block;
    if (block % step == 0 && !values.null(row)) rows.push_back(row);
  }
  return rows;
}

}  // namespace

bool stretched_ranges(const TableSample& sample, const Hypothetical& index) {
  SampledValues const values = sample.values_of(index, 0);
  std::vector<int> const rows = rows_of_some_blocks(sample, values);
  std::vector<int> sorted = rows;
  if (!sort_rows(sorted, values, index.collations[0])) return false;
  std::vector<uint32_t> rank_of(static_cast<size_t>(sample.sampled_rows()));
  for (size_t i = 0; i < sorted.size(); ++i)
    rank_of[static_cast<size_t>(sorted[i])] = static_cast<uint32_t>(i);
  std::vector<uint32_t> blocks;
  std::vector<uint32_t> ranks;
  for (int const row : rows) {
    blocks.push_back(sample.block_of(row));
    ranks.push_back(rank_of[static_cast<size_t>(row)]);
  }
  return index::has_outliers(index::block_spread(blocks, ranks));
}

index::SizeEstimate estimate_brin(TableSample& sample, const Hypothetical& index) {
  pg::Memory const memory("deal_advisor BRIN sample");
  pg::InContext const in_memory(memory.context());
  std::vector<bool> const kept(static_cast<size_t>(sample.sampled_rows()), true);
  std::vector<index::StoredItem> items;
  for (int key = 0; key < index.keys; ++key)
    append_summary(sample, index, key, kept, items);
  index::BrinShape shape;
  shape.table_pages = static_cast<double>(sample.table_blocks());
  shape.pages_per_range = index.pages_per_range;
  shape.summary_bytes = index::laid_out(items);
  return index::estimate_brin(shape);
}

}  // namespace deal::server
