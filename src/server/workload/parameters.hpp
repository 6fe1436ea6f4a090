/// What a raw parse tree tells about its $n parameters: which were one constant, and which can be to blame
/// for an error about types.
#pragma once

#include "server/workload/parse.hpp"

namespace deal::server {

/// True for INSERT ... ON CONFLICT with a parameter in its target: no index can match it.
bool conflict_target_has_parameter(const ParsedStatement& parsed);

/// Parameters without an explicit cast that decide the types at byte `offset`, nearest first; last those
/// behind columns of unnest() in FROM.
std::vector<int> parameters_at(const ParsedStatement& parsed, size_t offset);

/// First and last byte offset of what the expression at byte `offset` is made of: what the server reads
/// before it. An empty range (first > last) when there is nothing.
struct OffsetRange {
  int first;
  int last;
};
OffsetRange range_inside(const ParsedStatement& parsed, size_t offset);

/// The parameters that unnest() in FROM takes apart: arrays.
std::vector<int> unnested_parameters(const ParsedStatement& parsed);

/// All parameters without an explicit cast, in the order of the text, each once.
std::vector<int> open_parameters(const ParsedStatement& parsed);

/// Types of the columns of the tables that the statement names, as the current role and search_path see them;
/// each once.
std::vector<Oid> column_types(const ParsedStatement& parsed);

}  // namespace deal::server
