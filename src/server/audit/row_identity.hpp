/// What tells the rows of an audited table apart, as text that is equal for equal keys.
#pragma once

#include "server/audit/log_source.hpp"
#include "server/audit/logged_value.hpp"

namespace deal::server {

/// The slots that make up the key; plain data in a memory context.
struct RowIdentity {
  bool
      whole_row;  ///< no key: all recorded columns, NULLs left out, so that rows stay equal when one is added
  int count;
  const int* slots;
};

/// Allocates in `keep`.
RowIdentity identity_of(const LogSource& source, MemoryContext keep);

/// The identity of the row that an image is of, in the current memory context. Inside pg::call.
StringInfoData identity_text(const RowIdentity& identity, const ImageFields& image);

}  // namespace deal::server
