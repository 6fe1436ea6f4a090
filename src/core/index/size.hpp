#pragma once

#include <cstdint>
#include <vector>

namespace deal::index {

struct CountedKeys;
struct LaidOutKeys;
class UnitShapesCache;

/// How an index is stored. The defaults are the server's.
struct BtreeShape {
  bool deduplicate =
      true;  ///< every key opclass says equal-image, not unique, no INCLUDE, deduplicate_items on
  int fillfactor = 90;
  int page_size = 8192;
};

/// One sampled row that goes into the index.
struct SampledRow {
  std::uint32_t block = 0;      ///< heap block it lies in
  std::uint32_t key_bytes = 0;  ///< size of its index tuple as index_form_tuple makes it, less the 8-byte
                                ///< header (so the null bitmap's 8 bytes are in, final padding may be or not)
  std::uint64_t key_hash =
      0;  ///< hash of all key columns (not INCLUDE), nulls hashed as a value of their own
  std::uint64_t leading_hash = 0;  ///< hash of the first key column; unused for one-column indexes
};

/// A sample of whole heap blocks, chosen at random, for one index definition.
struct KeySample {
  std::int64_t table_rows = 0;  ///< rows of the table, as estimated or known
  std::int64_t sampled_rows =
      0;  ///< live rows in the sampled blocks; more than rows.size() if the index is partial
  std::int64_t table_blocks = 0;
  std::int64_t sampled_blocks = 0;
  int key_columns = 1;
  double leading_bytes = 0;     ///< mean key_bytes of an index on the first column alone; 0 means unknown
  double leading_distinct = 0;  ///< values of the first column, if estimated already; 0 means not yet
  bool unique = false;          ///< every row is known to have a key of its own
  UnitShapesCache* shapes = nullptr;  ///< shared by the samples of one table; null: for this one only
  std::vector<SampledRow> rows;       ///< block by block, in row order within each block
};

/// What pg_stats knows about one key or INCLUDE column.
struct ColumnStatistics {
  double distinct = -1;      ///< as n_distinct: > 0 a number, < 0 a share of the rows
  double average_width = 8;  ///< bytes as stored, varlena header included
  double null_fraction = 0;
  int alignment = 8;  ///< 1, 2, 4 or 8; varlena values shorter than 127 bytes are stored unaligned
  bool varlena = false;
  bool key = true;                           ///< false: INCLUDE
  std::vector<double> common_frequencies{};  ///< of the most common values, may be empty
};

/// The size of an index right after CREATE INDEX.
struct SizeEstimate {
  std::int64_t bytes = 0;
  std::int64_t pages = 0;  ///< metapage included
  std::int64_t leaf_pages = 0;
  int root_level = 0;      ///< what _bt_getrootheight returns: 0 if the root is a leaf
  double rows = 0;         ///< index entries (heap TIDs)
  double leaf_tuples = 0;  ///< after deduplication; GIN: pairs of key and row (over `rows`: entries per row)
  double distinct_keys = 0;
  double entry_bytes = 0;      ///< mean leaf tuple, header included, without the list of rows that share it
  double widest_entry = 0;     ///< the widest that was sampled; without a sample the mean one
  double entry_pages = 0;      ///< GIN: pages of the tree of entries
  double data_pages = 0;       ///< GIN: pages of the lists of rows
  std::int64_t low_bytes = 0;  ///< the truth is between these two in about 95 of 100 cases
  std::int64_t high_bytes = 0;
};

/// Estimates from a block sample. An empty sample of an empty table gives the size of an empty index; so does
/// a partial index without a single sampled row. Throws Error 22023 on a sample that contradicts itself.
SizeEstimate estimate_btree(const KeySample& sample, const BtreeShape& shape);

/// The same from leaves that are laid out already, of keys counted already. `sample` needs no rows if it has
/// leading_distinct.
SizeEstimate estimate_btree(const KeySample& sample, const LaidOutKeys& leaves, const BtreeShape& shape);

/// Estimates from catalog statistics alone, where sampling isn't allowed or not worth it. Assumes independent
/// columns; the interval says how little that is worth.
SizeEstimate estimate_btree(std::int64_t rows, const std::vector<ColumnStatistics>& columns,
                            const BtreeShape& shape);

/// Bytes of a B-tree as HypoPG 1.3 estimates them, for comparisons under equal budgets: `width` is the sum of
/// the columns' average widths. It counts a row's 12 bytes of headers once for each column, no duplicates,
/// and 30 % for empty room (measured on definitions of one to seven columns: equal to the page).
std::int64_t hypopg_btree_bytes(double rows, double width, int columns);

}  // namespace deal::index
