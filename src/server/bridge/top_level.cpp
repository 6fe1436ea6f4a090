#include "server/bridge/top_level.hpp"

extern "C" {
#include "access/xact.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "pgstat.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
}

namespace pg {

void run_top_level(const char* sql, InspectStatement inspect) {
  MemoryContext const context =
      AllocSetContextCreate(TopMemoryContext, "deal_advisor worker statement", ALLOCSET_DEFAULT_SIZES);
  StartTransactionCommand();
  MemoryContextSwitchTo(context);  // must survive the commits inside a concurrent build
  debug_query_string = sql;
  pgstat_report_activity(STATE_RUNNING, sql);
  List* const parsed = pg_parse_query(sql);
  if (list_length(parsed) != 1)
    ereport(ERROR,
            (errcode(ERRCODE_SYNTAX_ERROR), errmsg("expected one statement, found %d", list_length(parsed))));
  auto* raw = linitial_node(RawStmt, parsed);
  bool const snapshot = analyze_requires_snapshot(raw);
  if (snapshot) PushActiveSnapshot(GetTransactionSnapshot());
  List* const queries = pg_analyze_and_rewrite_fixedparams(raw, sql, nullptr, 0, nullptr);
  if (inspect != nullptr) inspect(*linitial_node(Query, queries));
  List* const plans = pg_plan_queries(queries, sql, CURSOR_OPT_PARALLEL_OK, nullptr);
  if (snapshot) PopActiveSnapshot();
  Portal const portal = CreatePortal("", true, true);
  portal->visible = false;
  PortalDefineQuery(portal, nullptr, sql, CreateCommandTag(raw->stmt), plans, nullptr);
  PortalStart(portal, nullptr, 0, InvalidSnapshot);
  QueryCompletion completion;
  DestReceiver* const nowhere = CreateDestReceiver(DestNone);
#if PG_VERSION_NUM >= 180000
  (void)PortalRun(portal, FETCH_ALL, true, nowhere, nowhere, &completion);
#else
  (void)PortalRun(portal, FETCH_ALL, true, true, nowhere, nowhere, &completion);
#endif
  PortalDrop(portal, false);
  CommitTransactionCommand();
}

}  // namespace pg
