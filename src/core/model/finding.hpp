/// One record for all advice: the C++ twin of the SQL type deal_advisor.finding.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace deal {

/// The server's object number. Never part of a fingerprint or of anything shown.
using ObjectId = std::uint32_t;

/// How much a finding matters. The order is the order of the SQL enum.
enum class Severity : std::uint8_t { info, low, medium, high, critical };

/// The label of the SQL enum.
std::string_view severity_name(Severity severity) noexcept;
/// The severity with this label, if there is one.
std::optional<Severity> parse_severity(std::string_view name) noexcept;

enum class Status : std::uint8_t {
  open,      ///< found, to be looked at
  accepted,  ///< found, and somebody said why it may stay
  skipped    ///< the check could not run; nothing is known
};
std::string_view status_name(Status status) noexcept;

/// Facts behind a finding: a JSON object {name: {"value": ..., "unit": ..., "source": ...}}.
class Evidence {
 public:
  /// `unit` may be empty; `source` names the catalog or view that the value was read from.
  Evidence& add(std::string_view name, std::int64_t value, std::string_view unit, std::string_view source);
  Evidence& add(std::string_view name, double value, std::string_view unit, std::string_view source);
  Evidence& add(std::string_view name, std::string_view value, std::string_view unit,
                std::string_view source);
  /// The object as JSON text; {} when nothing was added.
  std::string json() const { return '{' + members_ + '}'; }

 private:
  void append(std::string_view name, const std::string& value, std::string_view unit,
              std::string_view source);
  std::string members_;
};

/// What an advisor found on one object.
struct Finding {
  std::string check_id;  ///< stable, e.g. IDX-001
  Severity severity = Severity::info;
  std::string category;
  std::string title;
  std::string object;        ///< quoted as in SQL
  std::string schema;        ///< not quoted; empty for objects of the whole database or server
  std::string object_class;  ///< table, index, constraint, database, server
  Status status = Status::open;
  std::string skip_reason;  ///< why it was skipped, or who accepted it and why
  double confidence = 1;    ///< 0 to 1
  std::string why;
  Evidence evidence;
  std::optional<std::int64_t> stats_since;  ///< microseconds since 1970 (UTC): age of the counters used
  std::string impact;                       ///< what it costs to leave it
  int count = 1;                            ///< objects that this finding stands for
  std::vector<std::string> fix;             ///< one statement per element, to be run in order
  bool fix_transactional = true;            ///< false: none of the statements may run in a transaction block
  std::string lock_level;                   ///< strongest lock that the fix takes
  std::string blocks;                       ///< nothing, writes, or reads and writes
  std::optional<std::pair<double, double>> est_seconds;  ///< of the fix, from low to high
  std::vector<std::string> rollback;                     ///< undoes the fix, in order
  std::string verify;                                    ///< returns no row once the fix is done
  std::string doc;                                       ///< page that explains the check
  std::string fingerprint;                               ///< 16 hexadecimal digits

  std::int64_t freed_bytes = 0;  ///< disk space that the fix gives back
  ObjectId owner = 0;            ///< role that owns the object; 0: the database's owner decides
  ObjectId recreates = 0;        ///< index whose definition the rollback needs (review/builder.hpp)
};

/// A 64-bit hash of the check's id and the facts that make the finding this one, as 16 hexadecimal digits.
/// The facts are names, never object numbers or sizes, so it survives dump and restore.
std::string fingerprint(std::string_view check_id, std::initializer_list<std::string_view> facts);

/// Most severe first, then by check and object: the order of every list of findings.
void sort_findings(std::vector<Finding>& findings);

}  // namespace deal
