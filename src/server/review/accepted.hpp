/// The table of accepted findings: nobody has rights on it, so these functions read and write it as its
/// owner, after they have checked that the caller may decide.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/finding.hpp"

namespace deal::server {

/// Gives status accepted to the open or skipped findings that somebody accepted until after `now`
/// (microseconds since 1970); skip_reason then says who, why and until when.
void mark_accepted(std::vector<Finding>& findings, std::int64_t now);

/// Records that the finding may stay, and why; `until` is a timestamp as text, or nothing for ever. Accepting
/// again replaces. Errors: 42501 unless the caller owns the object or the database; 42704 for an unknown
/// fingerprint; 22023 for an empty reason or a time that is past. Returns what was accepted, for people.
std::string accept_finding(const std::string& fingerprint, const std::string& reason,
                           const std::optional<std::string>& until);

/// Takes an acceptance back. Errors: 42704 when there is none; 42501 unless the caller accepted it, owns the
/// object or owns the database. Returns what was reopened, for people.
std::string reopen_finding(const std::string& fingerprint);

}  // namespace deal::server
