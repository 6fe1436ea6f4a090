#include "server/bridge/own_settings.hpp"

extern "C" {
#include "utils/guc.h"
#include "utils/varlena.h"
}

namespace pg {

namespace {

int maintenance_repeat = 0;
int ingest_rows = 200;
int match_rows = 200;
char* databases = nullptr;
char* context = nullptr;
char* claims_name = nullptr;
uint64 context_version = 1;

/// Called by the server, so it may not throw: the server's own allocation and a plain answer.
bool check_databases(char** value, void**, GucSource) {
  char* const copy = pstrdup(*value);
  List* names = NIL;
  bool const well_formed = SplitIdentifierString(copy, ',', &names);
  if (!well_formed) GUC_check_errdetail("List syntax is invalid.");
  list_free(names);
  pfree(copy);
  return well_formed;
}

/// Called by the server also when a transaction or savepoint puts the old value back.
void on_context(const char*, void*) {
  ++context_version;
}

void define_audit_settings() {
  DefineCustomStringVariable("deal_advisor.audit_context",
                             "What the application says about who is changing audited tables.",
                             "A JSON object with \"user\" and \"context\"; deal_advisor.audit_set_context "
                             "sets it for a transaction.",
                             &context, "", PGC_USERSET, 0, nullptr, on_context, nullptr);
  DefineCustomStringVariable(
      "deal_advisor.audit_claims", "Name of the setting that holds the claims of a JSON web token.",
      "PostgREST's by default. Their sub is the audit log's user unless audit_context names one.",
      &claims_name, "request.jwt.claims", PGC_SUSET, 0, nullptr, nullptr, nullptr);
}

}  // namespace

void define_own_settings() {
  call([] {
    DefineCustomIntVariable("deal_advisor.maintenance_repeat",
                            "Time between two runs of the scheduled partition maintenance in a database.",
                            "0 switches it off. Takes effect with shared_preload_libraries = 'deal_advisor'.",
                            &maintenance_repeat, 900, 0, 30 * 86400, PGC_SUSET, GUC_UNIT_S, nullptr, nullptr,
                            nullptr);
    DefineCustomStringVariable(
        "deal_advisor.databases_maintain", "Databases in which the scheduled worker maintains partitions.",
        "Names separated by commas; * stands for all. Takes effect with shared_preload_libraries = "
        "'deal_advisor'.",
        &databases, "*", PGC_SIGHUP, GUC_LIST_INPUT, check_databases, nullptr, nullptr);
    DefineCustomIntVariable(
        "deal_advisor.ingest_rows",
        "From how many observations on record_prices() of a marketplace writes past the executor.",
        "Fewer are recorded by SQL, as all are where something stands in the way: "
        "deal_advisor.marketplace_record_obstacle.",
        &ingest_rows, 200, 1, INT_MAX, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "deal_advisor.match_rows",
        "From how many price changes on match_alerts() of a marketplace works past the executor.",
        "Fewer are matched by SQL, as all are where something stands in the way: "
        "deal_advisor.marketplace_match_obstacle.",
        &match_rows, 200, 1, INT_MAX, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    define_audit_settings();
  });
}

const char* audit_context() {
  return context != nullptr ? context : "";
}

uint64 audit_context_version() {
  return context_version;
}

const char* claims_setting_name() {
  return claims_name;
}

int maintenance_repeat_s() {
  return maintenance_repeat;
}

std::vector<std::string> databases_maintain() {
  List* names = NIL;
  call([&] { (void)SplitIdentifierString(pstrdup(databases), ',', &names); });
  std::vector<std::string> result;
  result.reserve(static_cast<size_t>(list_length(names)));
  for (int i = 0; i < list_length(names); ++i)
    result.emplace_back(static_cast<const char*>(list_nth(names, i)));
  return result;
}

}  // namespace pg
