/// SQL entry points: sealing an audit log, comparing it with its seals, erasing and pruning.

#include "core/base/options.hpp"
#include "server/audit/log_owner.hpp"
#include "server/audit/seal.hpp"
#include "server/bridge/bridge.hpp"

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
