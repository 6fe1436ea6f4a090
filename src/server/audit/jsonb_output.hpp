/// The buffer in which a jsonb value grows, and the leaves that are written to it.
#pragma once

#include <string_view>

#include "server/bridge/pg.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace deal::server {

/// Bytes from a varlena header on. `data` is aligned as palloc aligns, so that a pointer into it has the
/// alignment of its offset in the value. Plain data, in a memory context.
struct JsonbOutput {
  char* data = nullptr;
  char* at = nullptr;
  char* end = nullptr;
  bool too_large = false;  ///< set when something does not fit jsonb's length fields; the rest is void then

  size_t capacity() const { return static_cast<size_t>(end - data); }
  size_t offset() const { return static_cast<size_t>(at - data); }
};

/// Makes an empty buffer in `context`.
JsonbOutput make_output(MemoryContext context, size_t capacity);
/// Makes room for `bytes` more and some; moves the buffer.
void grow(JsonbOutput& out, size_t bytes);

inline void reserve(JsonbOutput& out, size_t bytes) {
  if (static_cast<size_t>(out.end - out.at) < bytes) [[unlikely]]
    grow(out, bytes);
}

/// Zeros up to the next multiple of 4, for which there must be room: 3 bytes at most.
inline void pad(JsonbOutput& out) {
  while ((reinterpret_cast<uintptr_t>(out.at) & 3) != 0)
    *out.at++ = 0;
}

/// The entry of a value that lies between `from` and the end of the buffer; padding before it is part of it.
inline JEntry entry(const JsonbOutput& out, size_t from, JEntry type) {
  return type | static_cast<JEntry>(out.offset() - from);
}

inline JEntry fail_too_large(JsonbOutput& out) {
  out.too_large = true;
  return JENTRY_ISNULL;
}

inline JEntry put_string(JsonbOutput& out, const char* text, size_t size) {
  if (size > JENTRY_OFFLENMASK) return fail_too_large(out);
  reserve(out, size);
  memcpy(out.at, text, size);
  out.at += size;
  return JENTRY_ISSTRING | static_cast<JEntry>(size);
}

inline JEntry put_string(JsonbOutput& out, std::string_view text) {
  return put_string(out, text.data(), text.size());
}

/// Writes a numeric: `write` is given the place behind its length word, at least `most` bytes, and returns
/// how many it wrote.
template <class Write>
JEntry put_numeric(JsonbOutput& out, size_t most, Write&& write) {
  reserve(out, 3 + VARHDRSZ + most);
  size_t const from = out.offset();
  pad(out);
  size_t const size = VARHDRSZ + write(out.at + VARHDRSZ);
  SET_VARSIZE(out.at, size);
  out.at += size;
  return entry(out, from, JENTRY_ISNUMERIC);
}

/// The entries of a container's children, while these are written one after the other.
class Children {
 public:
  /// `entries`: offset of the first entry in the buffer; `index`: that of the first child to come among the
  /// container's children; `total`: the bytes of the children before it.
  Children(size_t entries, size_t index, size_t total) : entries_(entries), index_(index), total_(total) {}

  /// Notes the child just written.
  void add(JsonbOutput& out, JEntry child) {
    total_ += JBE_OFFLENFLD(child);
    if (total_ > JENTRY_OFFLENMASK) [[unlikely]]
      out.too_large = true;
    if (index_ % JB_OFFSET_STRIDE == 0)
      child = (child & JENTRY_TYPEMASK) | (static_cast<JEntry>(total_) & JENTRY_OFFLENMASK) | JENTRY_HAS_OFF;
    memcpy(out.data + entries_, &child, sizeof child);
    entries_ += sizeof child;
    ++index_;
  }

 private:
  size_t entries_;
  size_t index_;
  size_t total_;
};

/// The entry of a container from `from` to the end of the buffer.
inline JEntry container_entry(JsonbOutput& out, size_t from) {
  if (out.offset() - from > JENTRY_OFFLENMASK) return fail_too_large(out);
  return entry(out, from, JENTRY_ISCONTAINER);
}

}  // namespace deal::server
