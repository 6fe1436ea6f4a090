#include "server/bridge/own_settings.hpp"

extern "C" {
#include "utils/guc.h"
#include "utils/varlena.h"
}

namespace pg {

namespace {

int maintenance_repeat = 0;
char* databases = nullptr;

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
  });
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
