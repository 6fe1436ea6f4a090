#include "server/index/stored_column.hpp"

#include <algorithm>
#include <string_view>

#include "core/base/random.hpp"

extern "C" {
#include "access/detoast.h"
#include "access/itup.h"
#include "access/toast_compression.h"
#include "access/toast_internals.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

uint8_t align_bytes(char align) {
  switch (align) {
    case TYPALIGN_CHAR:
      return 1;
    case TYPALIGN_SHORT:
      return 2;
    case TYPALIGN_INT:
      return 4;
    default:
      return 8;
  }
}

namespace {

constexpr uint32_t kCompressAbove = 508;  ///< TOAST_INDEX_TARGET with 8 kB pages
constexpr int kMostCompressed = 300;      ///< values per column; their mean ratio stands for the rest

/// How the server's index_form_tuple stores values of one type.
struct StorageRule {
  Oid type;
  int16 length;
  bool by_value;
  char align;
  bool compressible;
};

StorageRule storage_rule(Oid type) {
  char const storage = get_typstorage(type);
  StorageRule rule{type, 0, false, 'i', storage == TYPSTORAGE_EXTENDED || storage == TYPSTORAGE_MAIN};
  get_typlenbyvalalign(type, &rule.length, &rule.by_value, &rule.align);
  return rule;
}

uint64_t hash_bytes_of(const void* bytes, size_t length) {
  return std::hash<std::string_view>{}({static_cast<const char*>(bytes), length});
}

/// How well the long values of one column compress.
struct Compression {
  int values = 0;
  double ratios = 0;
};

/// Size of a long value as index_form_tuple would store it: it compresses what the table keeps as it is.
uint32_t compressed_size(Datum value, uint32_t size, Compression& seen) {
  if (seen.values < kMostCompressed) {
    uint32_t const now = pg::call([&] {
      Datum const packed = toast_compress_datum(value, InvalidCompressionMethod);
      if (DatumGetPointer(packed) == nullptr) return size;
      auto const bytes = static_cast<uint32_t>(VARSIZE(DatumGetPointer(packed)));
      pfree(DatumGetPointer(packed));
      return bytes;
    });
    ++seen.values;
    seen.ratios += static_cast<double>(now) / size;
    return now;
  }
  return static_cast<uint32_t>(size * seen.ratios / seen.values);
}

void append_varlena(StoredColumn& column, Datum value, const StorageRule& rule, Compression& seen) {
  auto* const bytes = reinterpret_cast<varlena*>(DatumGetPointer(value));
  uint32_t size = 0;
  uint8_t alignment = 1;
  if (VARATT_IS_EXTERNAL_ONDISK(bytes)) {
    varatt_external pointer;
    VARATT_EXTERNAL_GET_POINTER(pointer, bytes);
    size = static_cast<uint32_t>(VARATT_EXTERNAL_GET_EXTSIZE(pointer)) + VARHDRSZ;
    alignment = align_bytes(rule.align);
  } else if (VARATT_IS_1B(bytes)) {
    size = VARSIZE_1B(bytes);
  } else if (VARATT_CAN_MAKE_SHORT(bytes)) {
    size = VARATT_CONVERTED_SHORT_SIZE(bytes);
  } else {
    size = static_cast<uint32_t>(VARSIZE_ANY(bytes));
    if (size > kCompressAbove && rule.compressible && !VARATT_IS_EXTENDED(bytes))
      size = compressed_size(value, size, seen);
    alignment = align_bytes(rule.align);
  }
  column.size.push_back(size);
  column.align.push_back(alignment);
  // The header differs between stored and computed values: hash what follows it.
  column.hash.push_back(VARATT_IS_EXTERNAL(bytes)
                            ? hash_bytes_of(bytes, VARSIZE_ANY(bytes))
                            : hash_bytes_of(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)));
}

void append_value(StoredColumn& column, Datum value, bool null, const StorageRule& rule, Compression& seen) {
  if (null) {
    column.hash.push_back(kNullHash);
    column.size.push_back(0);
    column.align.push_back(0);
  } else if (rule.type == NAMEOID || rule.length == -2) {  // name_ops stores a C string
    char const* const text = DatumGetCString(value);
    auto const length = text != nullptr ? std::strlen(text) : 0;
    column.hash.push_back(hash_bytes_of(text, length));
    column.size.push_back(static_cast<uint32_t>(length + 1));
    column.align.push_back(1);
  } else if (rule.length == -1) {
    append_varlena(column, value, rule, seen);
  } else {
    auto const length = static_cast<size_t>(rule.length);
    column.hash.push_back(rule.by_value ? mix64(value) : hash_bytes_of(DatumGetPointer(value), length));
    column.size.push_back(static_cast<uint32_t>(length));
    column.align.push_back(align_bytes(rule.align));
  }
}

uint32_t aligned(uint32_t offset, uint8_t align) {
  return (offset + align - 1) & ~(align - 1U);
}

}  // namespace

StoredColumn store(const Datum* values, const bool* nulls, int rows, int stride, Oid type) {
  StorageRule const rule = pg::call([&] { return storage_rule(type); });
  StoredColumn column;
  Compression seen;
  auto const count = static_cast<size_t>(rows);
  column.hash.reserve(count);
  column.size.reserve(count);
  column.align.reserve(count);
  for (int row = 0; row < rows; ++row) {
    auto const at = static_cast<ptrdiff_t>(row) * stride;
    append_value(column, values[at], nulls[at], rule, seen);
  }
  auto const same = [](auto const& list) {
    return std::adjacent_find(list.begin(), list.end(), std::not_equal_to<>{}) == list.end();
  };
  column.nulls = std::find(column.align.begin(), column.align.end(), 0) != column.align.end();
  column.uniform = same(column.size) && same(column.align);
  if (rows > 0)
    column.widest =
        static_cast<size_t>(std::max_element(column.size.begin(), column.size.end()) - column.size.begin());
  return column;
}

EntryBytes entry_bytes(const std::vector<const StoredColumn*>& columns, size_t row) {
  bool const has_null = std::any_of(columns.begin(), columns.end(), [row](auto const* column) {
    return column->nulls && column->align[row] == 0;
  });
  EntryBytes bytes{0, 0};
  if (has_null)
    bytes.all = MAXALIGN(sizeof(IndexTupleData) + sizeof(IndexAttributeBitMapData)) - sizeof(IndexTupleData);
  for (size_t i = 0; i < columns.size(); ++i) {
    auto const align = columns[i]->align[row];
    if (align != 0) bytes.all = aligned(bytes.all, align) + columns[i]->size[row];
    if (i == 0) bytes.leading = bytes.all;
  }
  return bytes;
}

}  // namespace deal::server
