/// Seals of an audit log: what a seal says, and how its digest is made.
///
/// A seal covers all rows of the transactions from from_xid to before to_xid, which were all over when it was
/// made. Of each row there is a SHA-256; those of a relation and a day (UTC) are sorted by transaction and
/// order within it, and hashed together: a part. The seal's digest is of its parts and of the digest before,
/// so the last one stands for the whole log up to then (B. Schneier, J. Kelsey: Secure Audit Logs to Support
/// Computer Forensics, 1999). A sum of hashes would need no sorting but falls to the generalised birthday
/// attack unless it is thousands of bits wide (D. Wagner: A Generalized Birthday Problem, 2002).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace deal::audit {

/// A SHA-256.
using Digest = std::array<std::uint8_t, 32>;
/// Makes one; from the host, because core has none of its own.
using Hasher = Digest (*)(std::string_view bytes);

std::string hex_of(const Digest& digest);
/// Reads what hex_of writes. Errors: 22023.
Digest digest_of_hex(const std::string& hex);

/// Microseconds since 2000-01-01 UTC of no time: before everything.
constexpr std::int64_t kAlways = INT64_MIN;
constexpr std::int64_t kDayLength = 86'400'000'000;

/// The day (UTC) that a time lies in, counted from 2000-01-01.
std::int64_t day_of(std::int64_t at);
/// A day as 2026-11-28.
std::string day_text(std::int64_t day);
/// Reads what day_text writes. Errors: 22023.
std::int64_t parse_day(const std::string& text);

/// The rows of one relation and one day that a seal covers.
struct SealPart {
  std::string relation;  ///< audit_event, audit_tx or a history; overflow tables count as their relation
  std::int64_t day = 0;
  std::int64_t rows = 0;
  Digest digest{};

  bool operator==(const SealPart&) const = default;
};

/// Rows of the log that have numbers instead of transactions: those after the former seal's.
struct SealedNumbers {
  std::int64_t up_to = 0;
  Digest digest{};

  bool operator==(const SealedNumbers&) const = default;
};

/// A row of audit_seal.
struct Seal {
  std::int64_t number = 0;       ///< from 1
  std::int64_t system = 0;       ///< identifier of the cluster whose transactions these are
  std::int64_t began = kAlways;  ///< rows from then on count that cluster's transactions
  std::uint64_t from_xid = 0;
  std::uint64_t to_xid = 0;      ///< the next seal begins there
  std::int64_t after = kAlways;  ///< the next seal's rows are no older than this, but for steps of the clock
  std::vector<SealPart> parts;   ///< by relation and day
  std::vector<int> layouts;      ///< numbers of the layouts that no seal had covered
  Digest layouts_digest{};
  SealedNumbers erased;
  SealedNumbers pruned;
  std::int64_t sealed_at = 0;
  std::string sealed_by;
  Digest previous{};  ///< the former seal's digest; zeros for the first
  Digest digest{};

  std::int64_t rows() const;
};

/// The bytes that a seal's digest is of: all fields but the digest, each with its length.
std::string seal_bytes(const Seal& seal);

/// Appends a text with its length, so that no two lists of texts give the same bytes.
void append_field(std::string& bytes, std::string_view text);

/// A seal's parts, layouts, erasures and prunings as they are stored.
std::string seal_content(const Seal& seal);
/// Reads that. Errors: 22023 for anything that seal_content does not write.
void parse_seal_content(const std::string& json, Seal& seal);

/// What identifies a row of the log within its relation, and its hash.
struct LoggedRow {
  std::uint64_t xid;
  std::int32_t order;  ///< within the transaction: seq, or ctx of audit_tx
  Digest hash;
};

/// The digest of a part: of its rows' hashes in order. Sorts `rows`.
Digest digest_of_rows(std::vector<LoggedRow>& rows, Hasher hasher);

}  // namespace deal::audit
