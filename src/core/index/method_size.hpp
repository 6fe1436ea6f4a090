/// Sizes of freshly built indexes other than B-tree: what each access method's build leaves on disk.
#pragma once

#include <vector>

#include "core/index/key_groups.hpp"
#include "core/index/size.hpp"

namespace deal::index {

/// The population of keys that catalog statistics suggest: `rows` rows over `distinct` keys in equal shares.
/// `key_bytes` as SampledRow.
KeyPopulation even_population(double rows, double distinct, double key_bytes);

/// Hash: what decides how many buckets there are and how many rows go into them.
struct HashShape {
  double table_rows = 0;  ///< buckets are made for all of them, whatever the predicate and nulls leave out
  int fillfactor = 75;    ///< percent
  int page_size = 8192;
};

/// A hash index: a metapage, a bitmap, buckets by powers of two in quarter steps, overflow pages where rows
/// crowd in a bucket. `keys` are the rows that go into the index.
SizeEstimate estimate_hash(const KeyPopulation& keys, const HashShape& shape);

/// BRIN: one tuple for each range of pages.
struct BrinShape {
  double table_pages = 0;
  double pages_per_range = 128;
  double summary_bytes = 16;  ///< of all columns' summaries in one tuple, alignment between them included
  int page_size = 8192;
};

/// A BRIN index: a metapage, the map of ranges, pages of summaries.
SizeEstimate estimate_brin(const BrinShape& shape);

/// One item of a B-tree, GiST or BRIN tuple: its size and alignment.
struct StoredItem {
  double bytes = 8;
  int align = 8;
};

/// Bytes of items laid out one after another, each aligned.
double laid_out(const std::vector<StoredItem>& items);

/// Bits of the Bloom filter that BRIN keeps of a range, in bytes with its header.
double bloom_filter_bytes(double distinct_per_range, double false_positive_rate, double pages_per_range);

/// SP-GiST: leaf tuples of some size under inner tuples.
struct SpaceTreeShape {
  double rows = 0;
  double leaf_bytes = 16;  ///< stored value after what the inner levels took from it
  double includes = 0;     ///< further columns' bytes
  double fill = 0.80;      ///< leaf tuples' share of all pages, as measured for the kind of tree
  int page_size = 8192;
};

SizeEstimate estimate_spgist(const SpaceTreeShape& shape);

/// GiST as a simulated build of a part found it.
struct GistShape {
  double rows = 0;
  double leaf_bytes = 24;   ///< mean tuple, header and alignment included
  double inner_bytes = 24;  ///< the same of the levels above
  double leaf_fill = 0.65;  ///< share of a leaf that is used
  double inner_fill = 0.6;
  int page_size = 8192;
};

SizeEstimate estimate_gist(const GistShape& shape);

/// A size with the usual uncertainty around it.
SizeEstimate sized(double pages, double rows, int page_size, double uncertainty);

}  // namespace deal::index
