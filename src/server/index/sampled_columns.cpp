#include "server/index/sampled_columns.hpp"

#include <algorithm>
#include <cmath>

#include "server/index/gist_opclass.hpp"
#include "server/index/row_expressions.hpp"

extern "C" {
#include "catalog/pg_am.h"
}

namespace deal::server {

double align_up(double offset, double align) {
  return std::ceil(offset / align) * align;
}

index::StoredItem mean_item(const StoredColumn& column, const std::vector<bool>& kept) {
  double bytes = 0;
  double count = 0;
  int align = 1;
  for (size_t r = 0; r < column.size.size(); ++r) {
    if (!kept[r] || column.align[r] == 0) continue;
    bytes += column.size[r];
    count += 1;
    align = std::max<int>(align, column.align[r]);
  }
  return {count > 0 ? bytes / count : 0, align};
}

double rows_in_index(const TableSample& sample, const std::vector<bool>& kept) {
  if (sample.sampled_rows() == 0) return 0;
  auto const count = static_cast<double>(std::count(kept.begin(), kept.end(), true));
  return count / static_cast<double>(sample.sampled_rows()) * static_cast<double>(sample.table_rows());
}

double further_bytes(TableSample& sample, const Hypothetical& index, int first,
                     const std::vector<bool>& kept) {
  std::vector<index::StoredItem> items;
  for (int column = first; column < index.columns; ++column) {
    if (column >= index.keys || index.method != GIST_AM_OID) {
      items.push_back(mean_item(sample.stored_of(index, column), kept));
      continue;
    }
    SampledValues const values = sample.values_of(index, column);
    DefinitionScope const scope(index.table);
    GistOpclass opclass(index, column);
    std::vector<Datum> stored;
    for (int r = 0; r < sample.sampled_rows() && stored.size() < kCompressedRows; ++r)
      if (kept[static_cast<size_t>(r)] && !values.null(r))
        stored.push_back(opclass.leaf(values.value(r)).stored);
    std::vector<uint8_t> const none(stored.size(), 0);
    items.push_back(mean_item(store(stored.data(), reinterpret_cast<const bool*>(none.data()),
                                    static_cast<int>(stored.size()), 1, opclass.stored_type()),
                              std::vector<bool>(stored.size(), true)));
  }
  return index::laid_out(items);
}

}  // namespace deal::server
