#include "core/base/error.hpp"
#include "server/audit/ddl.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/subtransaction.hpp"

namespace deal::server {

namespace {

/// Never stands in the way of DDL: not when the extension or its library is gone, nor when something fails.
/// Calls only what the extension owns, since it runs with the rights of whoever runs DDL.
constexpr const char* kFunction = R"(
create or replace function deal_advisor.audit_ddl_changed() returns event_trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  if exists (
    select from pg_catalog.pg_depend d
    join pg_catalog.pg_extension e on e.oid = d.refobjid
    where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      and d.objid = pg_catalog.to_regprocedure('deal_advisor.audit_ddl_capture(text, text)')
      and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
      and d.deptype = 'e' and e.extname = 'deal_advisor')
  then
    perform deal_advisor.audit_ddl_capture(tg_event, tg_tag);
  end if;
exception when others then
  raise warning '% was not recorded: %', tg_tag, sqlerrm;
end
$function$)";

constexpr const char* kStatements[] = {
    kFunction,
    "comment on function deal_advisor.audit_ddl_changed() is 'Made by deal_advisor.audit_ddl_enable: records "
    "what DDL "
    "does to audited tables.'",
    "create event trigger deal_audit_ddl_end on ddl_command_end when tag in ('ALTER TABLE', 'CREATE TABLE') "
    "execute "
    "function deal_advisor.audit_ddl_changed()",
    "create event trigger deal_audit_ddl_start on ddl_command_start when tag in ('DROP TABLE', 'DROP "
    "SCHEMA', 'DROP "
    "OWNED', 'DROP TRIGGER') execute function deal_advisor.audit_ddl_changed()",
    "create event trigger deal_audit_ddl_drop on sql_drop when tag in ('DROP TABLE', 'DROP SCHEMA', 'DROP "
    "OWNED', "
    "'DROP TRIGGER') execute function deal_advisor.audit_ddl_changed()",
    "alter event trigger deal_audit_ddl_end enable always",
    "alter event trigger deal_audit_ddl_start enable always",
    "alter event trigger deal_audit_ddl_drop enable always"};

bool is_enabled(pg::Spi& spi) {
  return !spi.query(
                 "select from pg_catalog.pg_event_trigger where evtname ~ "
                 "'^deal_audit_ddl_(start|end|drop)$'")
              .empty();
}

void drop_all(pg::Spi& spi) {
  for (const char* const name : {"deal_audit_ddl_end", "deal_audit_ddl_start", "deal_audit_ddl_drop"})
    spi.execute(std::string("drop event trigger if exists ") + name);
}

/// The server says no in its own words; what goes on without them is for us to say.
[[noreturn]] void refuse(const pg::Failure& failure) {
  if (failure.sqlstate != "42501") throw Error(failure.sqlstate, failure.message);
  throw Error("42501", "only who may make and drop event triggers can have DDL recorded")
      .detail(failure.message)
      .hint(
          "A superuser can. Without it the new shape of a table is recorded by the first write after the "
          "change, and "
          "enable_call of deal_advisor.audit_status() covers new partitions and children.");
}

}  // namespace

std::string enable_ddl() {
  auto const failure = pg::attempt(pg::OnSuccess::commit, [] {
    pg::Spi spi;
    pg::LocalSettings const quiet;
    quiet.set("client_min_messages", "warning");
    drop_all(spi);
    for (const char* const statement : kStatements)
      spi.execute(statement);
  });
  if (failure) refuse(*failure);
  return "changes of audited tables' definitions are recorded";
}

std::string disable_ddl() {
  pg::Spi spi;
  if (!is_enabled(spi))
    throw Error("42704", "changes of definitions are not recorded")
        .hint("deal_advisor.audit_ddl_enable() would begin.");
  auto const failure = pg::attempt(pg::OnSuccess::commit, [&] {
    drop_all(spi);
    spi.execute("drop function if exists deal_advisor.audit_ddl_changed()");
  });
  if (failure) refuse(*failure);
  return "changes of audited tables' definitions are not recorded any more; what was recorded stays";
}

}  // namespace deal::server
