/// SQL entry points: sealing an audit log, comparing it with its seals, erasing and pruning.

#include "core/base/error.hpp"
#include "core/base/options.hpp"
#include "server/audit/forget.hpp"
#include "server/audit/log_place.hpp"
#include "server/audit/prune.hpp"
#include "server/audit/seal.hpp"
#include "server/bridge/bridge.hpp"

extern "C" {
#include "utils/timestamp.h"
}

DEAL_FUNCTION(deal_advisor_audit_seal) {
  pg::RowSet rows(args);
  deal::Options options("audit_seal", args.json_or_empty(1));
  int64 const most_rows = options.integer("max_rows", 1'000'000, 1, 100'000'000);
  options.finish();
  deal::server::Sealing const done =
      deal::server::seal_log(deal::server::require_log(pg::name_of(args.datum(0))), most_rows);
  rows.add({pg::value(done.rows), pg::value(done.seals), done.seal == 0 ? pg::Value{} : pg::value(done.seal),
            done.seal == 0 ? pg::Value{} : pg::value(done.digest)});
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_audit_verify) {
  pg::RowSet rows(args);
  deal::Options const options("audit_verify", args.json_or_empty(2));
  options.finish();
  deal::server::verify_log(deal::server::require_log(pg::name_of(args.datum(0))),
                           args.optional_text(1).value_or(std::string()), rows);
  return rows.result();
}

namespace {

std::optional<std::string> reason_in(deal::Options& options) {
  std::string const reason = options.text("reason", "");
  return reason.empty() ? std::nullopt : std::optional(reason);
}

}  // namespace

DEAL_FUNCTION(deal_advisor_audit_forget) {
  pg::RowSet rows(args);
  deal::Options options("audit_forget", args.json_or_empty(2));
  std::optional<std::string> const reason = reason_in(options);
  options.finish();
  deal::server::Erasure const done = deal::server::forget_row(args.oid(0), args.json(1), reason);
  rows.add({pg::value(done.events), pg::value(done.statements), pg::json_value(done.other_keys),
            done.seal == 0 ? pg::Value{} : pg::value(done.seal),
            done.seal == 0 ? pg::Value{} : pg::value(done.digest)});
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_audit_prune) {
  pg::RowSet rows(args);
  deal::Options options("audit_prune", args.json_or_empty(2));
  std::optional<std::string> const reason = reason_in(options);
  bool const dry_run = options.boolean("dry_run", false);
  options.finish();
  int64 const age = args.milliseconds(1) * 1000;
  if (age < 0)
    throw deal::Error("22023", "older_than must not be negative")
        .hint("An interval: older_than => '1 year'.");
  TimestampTz const now = pg::call([] { return GetCurrentTimestamp(); });
  deal::server::prune_log(deal::server::require_log(pg::name_of(args.datum(0))), now - age, reason, dry_run,
                          rows);
  return rows.result();
}

DEAL_FUNCTION(deal_advisor_audit_maintain) {
  std::optional<std::string> schema;
  if (!args.is_null(0)) schema = pg::name_of(args.datum(0));
  return Int64GetDatum(deal::server::maintain_logs(schema));
}
