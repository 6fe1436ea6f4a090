/// Constants that must be one.
#pragma once

#include "core/query/repair.hpp"

namespace deal::query {

/// GROUP BY, DISTINCT and ORDER BY repeat expressions of the select list, and the repetition must be exact.
/// Normalisation breaks it: it numbers every constant anew, or leaves the repetition as it was written:
///   select date_trunc($1, t) ... group by date_trunc('day', t)  ->  ... group by date_trunc($1, t)
///   select a + $1 ... group by a + $2                            ->  ... group by a + $1
/// Returns the text with the constants of expressions that differ in nothing else made one parameter.
std::string share_constants(std::string_view text, const Tokens& tokens);

}  // namespace deal::query
