#include "server/index/access_method.hpp"
#include "server/index/method_sample.hpp"
#include "server/index/sampled_columns.hpp"

extern "C" {
#include "access/brin_internal.h"
#include "utils/fmgroids.h"
}

namespace deal::server {

namespace {

/// The values that BRIN keeps of one key column in each range.
void append_summary(TableSample& sample, const Hypothetical& index, int key, const std::vector<bool>& kept,
                    std::vector<index::StoredItem>& items) {
  index::StoredItem const value = mean_item(stored_values(sample, sample.values_of(index, key)), kept);
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

}  // namespace

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
