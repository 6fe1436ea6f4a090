/// How an index stores the values of a column.
#pragma once

#include "server/bridge/call.hpp"

namespace deal::server {

/// Hash of a NULL.
inline constexpr uint64_t kNullHash = 0x6e756c6c;

/// How each sampled row's value of one column or expression would be stored in an index.
struct StoredColumn {
  std::vector<uint64_t> hash;  ///< of the stored bytes; NULL has a value of its own
  std::vector<uint32_t> size;  ///< bytes; 0 for NULL
  std::vector<uint8_t> align;  ///< 1, 2, 4 or 8; 0 for NULL
  bool nulls = false;          ///< some row has NULL
  bool uniform = false;        ///< all rows have the same size and alignment
  size_t widest = 0;           ///< a row with the largest size
};

/// How an index stores these values of one type, as index_form_tuple would.
StoredColumn store(const Datum* values, const bool* nulls, int rows, int stride, Oid type);

/// Bytes to whose multiples a type with this `typalign` is aligned.
uint8_t align_bytes(char align);

/// Bytes of one row's index tuple after its header, as index_form_tuple lays it out.
struct EntryBytes {
  uint32_t all;
  uint32_t leading;  ///< up to the end of the first column
};

/// Those of a sampled row in an index of these columns; widths and alignments as `store` gives them.
EntryBytes entry_bytes(const std::vector<const StoredColumn*>& columns, size_t row);

}  // namespace deal::server
