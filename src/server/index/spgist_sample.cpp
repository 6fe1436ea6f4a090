#include <algorithm>
#include <cmath>
#include <string_view>

#include "server/index/access_method.hpp"
#include "server/index/method_sample.hpp"
#include "server/index/sampled_columns.hpp"

extern "C" {
#include "access/spgist.h"
#include "utils/fmgroids.h"
}

namespace deal::server {

namespace {

/// What the inner levels of a radix tree take from texts: the bytes that each shares with the fifty or so
/// others that end in its leaf, and the one after.
double radix_prefix_bytes(std::vector<std::string_view> texts, double sampled_share) {
  constexpr double kLeafTuples = 50;
  if (texts.size() < 2) return 0;
  std::sort(texts.begin(), texts.end());
  auto const reach = static_cast<size_t>(std::max(1.0, std::round(kLeafTuples * sampled_share)));
  auto const common = [&](size_t a, size_t b) {
    size_t length = 0;
    while (length < std::min(texts[a].size(), texts[b].size()) && texts[a][length] == texts[b][length])
      ++length;
    return length;
  };
  double total = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    size_t shared = 0;
    if (i >= reach) shared = common(i - reach, i);
    if (i + reach < texts.size()) shared = std::max(shared, common(i, i + reach));
    total += static_cast<double>(std::min(shared + 1, texts[i].size()));
  }
  return total / static_cast<double>(texts.size());
}

double prefix_bytes(TableSample& sample, const SampledValues& values, const std::vector<bool>& kept) {
  pg::Memory const memory("deal_advisor SP-GiST sample");
  pg::InContext const in_memory(memory.context());
  std::vector<std::string_view> texts;
  for (int r = 0; r < sample.sampled_rows(); ++r) {
    if (!kept[static_cast<size_t>(r)] || values.null(r)) continue;
    auto* const text = pg::call([&] {
      return pg_detoast_datum_packed(reinterpret_cast<varlena*>(DatumGetPointer(values.value(r))));
    });
    texts.emplace_back(VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
  }
  double const share = static_cast<double>(sample.sampled_rows()) / std::max<double>(1, sample.table_rows());
  return radix_prefix_bytes(std::move(texts), share);
}

}  // namespace

index::SizeEstimate estimate_spgist(TableSample& sample, const Hypothetical& index) {
  pg::Memory const memory("deal_advisor SP-GiST sample");
  pg::InContext const in_memory(memory.context());
  std::vector<bool> const& kept = sample.predicate_rows(index);
  SampledValues const values = sample.values_of(index, 0);
  index::SpaceTreeShape shape;
  shape.rows = rows_in_index(sample, kept);
  shape.leaf_bytes = mean_item(sample.stored_of(index, 0), kept).bytes;
  Oid const kind = pg::call([&] { return support_function(index, 0, SPGIST_CONFIG_PROC); });
  if (kind == F_SPG_KD_CONFIG) shape.fill = 0.66;  // cut in two at a time
  if (kind == F_INET_SPG_CONFIG) shape.fill = 0.69;
  if (kind == F_SPG_TEXT_CONFIG)
    shape.leaf_bytes = std::fmax(1, shape.leaf_bytes - prefix_bytes(sample, values, kept));
  shape.includes = further_bytes(sample, index, 1, kept);
  return index::estimate_spgist(shape);
}

}  // namespace deal::server
