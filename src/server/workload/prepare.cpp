#include "server/workload/prepare.hpp"

#include "core/base/error.hpp"
#include "server/bridge/call.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

StatementScope::StatementScope(const Statement& statement) {
  if (!statement.role.empty()) {
    Oid const role = pg::role_oid(statement.role);
    if (role == InvalidOid) throw Error("42704", "role \"" + statement.role + "\" does not exist");
    if (!pg::may_assume(pg::current_role(), role))
      throw Error("42501", "permission denied to plan as role \"" + statement.role + "\"")
          .hint("GRANT " + statement.role + " TO the role that asks for advice.");
    role_.emplace(role);
  }
  if (!statement.search_path.empty()) {
    settings_.emplace();
    settings_->set("search_path", statement.search_path);
  }
}

PreparedQuery prepare(const std::string& sql) {
  PreparedQuery const prepared = pg::call([&] {
    const char* const text = pstrdup(sql.c_str());
    List* const parsed = pg_parse_query(text);
    if (list_length(parsed) != 1) return PreparedQuery{nullptr, text, 0};
    Oid* types = nullptr;
    int count = 0;
    PushActiveSnapshot(GetTransactionSnapshot());
    List* const rewritten =
        pg_analyze_and_rewrite_varparams(linitial_node(RawStmt, parsed), text, &types, &count, nullptr);
    PopActiveSnapshot();
    if (list_length(rewritten) != 1) return PreparedQuery{nullptr, text, count};
    return PreparedQuery{linitial_node(Query, rewritten), text, count};
  });
  if (prepared.query == nullptr || prepared.query->commandType == CMD_UTILITY)
    throw Error("0A000", "only a single SELECT, INSERT, UPDATE, DELETE or MERGE can be planned");
  return prepared;
}

}  // namespace deal::server
