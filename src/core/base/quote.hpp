#pragma once

#include <span>
#include <string>
#include <string_view>

namespace deal {

/// An identifier as SQL text, in double quotes where needed: the same as the server's quote_ident, for the
/// keywords of PostgreSQL 15 to 18 together (so that text written on one version reads on the others).
std::string quote_identifier(std::string_view name);

/// schema.name, each part quoted where needed; just the name if `schema` is empty.
std::string quote_qualified(std::string_view schema, std::string_view name);

/// A string constant, the same as the server's quote_literal: E'...' if it holds a backslash.
std::string quote_literal(std::string_view text);

/// `name` followed by `suffix`, not quoted, in at most 63 bytes: a longer one has `name` cut at a whole
/// character, ending in a hash of the whole of it (name_1f2e3d4csuffix), so that different names stay
/// different. `suffix` is at most 50 bytes.
std::string fitting_name(std::string_view name, std::string_view suffix);

/// A name for an index on these columns, not quoted: table_a_b_idx. The same arguments always give the same
/// name, of at most 63 bytes; a longer one is cut at a whole character and ends in a hash of what it would
/// have been (table_a_1f2e3d4c_idx), so that different long names stay different.
std::string index_name(std::string_view table, std::span<const std::string> columns);

}  // namespace deal
