#include "server/review/accepted.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "core/base/error.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/review/engine.hpp"

namespace deal::server {

namespace {

constexpr pg::MemberTable kAccepted("accepted");

Error not_allowed(const std::string& object) {
  Error error("42501", "permission denied to decide about findings on " + object);
  error.hint("The owner of the object, the owner of the database and superusers may.");
  return error;
}

}  // namespace

void mark_accepted(std::vector<Finding>& findings, std::int64_t now) {
  pg::SqlResult const rows = kAccepted.read(
      "select fingerprint, pg_catalog.format('accepted by %s%s: %s', accepted_by, "
      "' until ' || accepted_until, reason) from deal_advisor.accepted where accepted_until is null or "
      "extract(epoch from accepted_until) * 1000000 > $1::bigint",
      {std::to_string(now)});
  std::unordered_map<std::string, std::string> accepted;
  for (size_t row = 0; row < rows.size(); ++row)
    accepted.emplace(rows.text(row, 0), rows.text(row, 1));
  for (Finding& finding : findings) {
    auto const found = accepted.find(finding.fingerprint);
    if (found == accepted.end()) continue;
    finding.status = Status::accepted;
    finding.skip_reason = found->second;
  }
}

std::string accept_finding(const std::string& fingerprint, const std::string& reason,
                           const std::optional<std::string>& until) {
  if (reason.find_first_not_of(" \t\r\n") == std::string::npos)
    throw Error("22023", "an accepted finding needs a reason")
        .hint("Say why it may stay, for whoever reads it next year.");
  Finding const finding = findings_with({fingerprint}).front();
  if (!owns_object(finding) && !pg::owns_database()) throw not_allowed(finding.object);
  if (until) {
    pg::Spi spi;
    if (!spi.query("select $1::timestamptz > pg_catalog.now()", {*until}).boolean(0, 0))
      throw Error("22023", "the time until which a finding is accepted must lie in the future");
  }
  kAccepted.write(
      "insert into deal_advisor.accepted (fingerprint, check_id, object, reason, accepted_until, "
      "accepted_by) values ($1, $2, $3, $4, $5::timestamptz, $6) on conflict (fingerprint) do update set "
      "reason = excluded.reason, accepted_until = excluded.accepted_until, accepted_by = "
      "excluded.accepted_by, "
      "accepted_at = pg_catalog.now()",
      {fingerprint, finding.check_id, finding.object, reason, until, pg::role_name(pg::current_role())});
  return fmt::format("accepted: {} {}, {}", finding.check_id, finding.title, finding.object);
}

std::string reopen_finding(const std::string& fingerprint) {
  pg::SqlResult const row =
      kAccepted.read("select check_id, object, accepted_by from deal_advisor.accepted where fingerprint = $1",
                     {fingerprint});
  if (row.empty())
    throw Error("42704", "no accepted finding has fingerprint \"" + fingerprint + "\"")
        .hint("select fingerprint, object from deal_advisor.findings_detail() where status = 'accepted';");
  bool allowed = row.text(0, 2) == pg::role_name(pg::current_role()) || pg::owns_database();
  if (!allowed) {
    auto const found = review(ReviewRequest{});
    allowed = std::any_of(found.begin(), found.end(), [&](const Finding& finding) {
      return finding.fingerprint == fingerprint && owns_object(finding);
    });
  }
  if (!allowed) throw not_allowed(row.text(0, 1));
  kAccepted.write("delete from deal_advisor.accepted where fingerprint = $1", {fingerprint});
  return fmt::format("open again: {} {}", row.text(0, 0), row.text(0, 1));
}

}  // namespace deal::server
