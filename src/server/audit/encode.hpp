/// Rows as jsonb, for the audit log: equal, byte for byte, to what to_jsonb(row) gives under TimeZone UTC and
/// the default settings of output, whatever the session's settings are, and several times faster.
///
/// All functions run inside pg::call and own nothing. They raise no error for a value that a table can hold
/// (but for what a cast to json that somebody defined raises, or lack of memory).
#pragma once

#include "core/audit/layout.hpp"
#include "server/bridge/pg.hpp"

namespace deal::server {

struct EncodedColumn {
  AttrNumber number;
  audit::Treatment treatment;
};

/// How rows of one shape become jsonb objects, and the buffer for it: plain data in a memory context. Holds
/// nothing that must be released.
struct RowEncoder;

/// Makes an encoder for rows of `shape` with the columns given, none twice or dropped; names and types are
/// those of `shape`, which need not outlive the call. `salt` is for the hashed columns; it is copied. What
/// the encoder allocates, now and later, is in `context`.
RowEncoder* make_row_encoder(TupleDesc shape, const EncodedColumn* columns, int count, const void* salt,
                             size_t salt_size, MemoryContext context);

/// The object of the columns whose bit is set in `chosen` (bit attribute number - 1, in words of 64 bits, as
/// many as the shape's attributes need; null: all columns), as a jsonb with a 4-byte header, aligned as
/// palloc aligns. Valid until the encoder's next call, or until the current memory context is reset. `values`
/// and `nulls` are by attribute number - 1; values may be toasted, compressed, short or expanded.
///
/// What jsonb can't hold is not an error: json values beyond it (core/audit/json_limits.hpp) become strings
/// of their text, and where an object would have more than 256 MB its largest values become null. A type's
/// output function may leave garbage in the current memory context, which should be short-lived.
///
/// Runs code of users where a column's type has a cast to json that they defined, with the current user's
/// rights.
struct varlena* encode_row(RowEncoder* encoder, const Datum* values, const bool* nulls,
                           const uint64_t* chosen);

}  // namespace deal::server
