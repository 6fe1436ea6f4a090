#include "server/workload/trusted_functions.hpp"

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/guard.hpp"
#include "server/bridge/role.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_proc.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

int scopes = 0;
needs_fmgr_hook_type next_needs_hook = nullptr;
fmgr_hook_type next_hook = nullptr;

bool is_powerful(Oid role) {
  return superuser_arg(role) || has_privs_of_role(role, ROLE_PG_EXECUTE_SERVER_PROGRAM) ||
         has_privs_of_role(role, ROLE_PG_WRITE_SERVER_FILES) ||
         has_privs_of_role(role, ROLE_PG_READ_SERVER_FILES);
}

Oid owner_of(Oid function) {
  HeapTuple const tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return InvalidOid;
  Oid const owner = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->proowner;
  ReleaseSysCache(tuple);
  return owner;
}

/// True when running the function now would lend its owner rights that the owner does not have. Runs inside
/// the server's calls and owns nothing.
bool lends_rights(Oid function) {
  if (function < FirstNormalObjectId) return false;
  Oid const role = GetUserId();
  Oid const owner = owner_of(function);
  return owner != role && is_powerful(role) && !superuser_arg(owner) && !is_member_of_role(owner, role);
}

bool needs_hook(Oid function) {
  return lends_rights(function) || (next_needs_hook != nullptr && next_needs_hook(function));
}

void refuse(Oid function) {
  const char* const name = pg::call([&]() -> const char* { return get_func_name(function); });
  std::string const owner = pg::role_name(pg::call([&] { return owner_of(function); }));
  throw Error("42501", "planning would run function " + quote_identifier(name != nullptr ? name : "") +
                           " of role " + quote_identifier(owner) + " with the rights of " +
                           quote_identifier(pg::role_name(GetUserId())))
      .hint("Plan the statement as a lesser role, e.g. as_role => '" + owner + "'.");
}

void at_function(FmgrHookEventType event, FmgrInfo* function, Datum* state) {
  pg::guard([&] {
    Oid const oid = function->fn_oid;
    if (event == FHET_START && pg::call([&] { return lends_rights(oid); })) refuse(oid);
  });
  if (next_hook != nullptr) next_hook(event, function, state);
}

}  // namespace

TrustedFunctions::TrustedFunctions() {
  if (scopes++ > 0) return;
  next_needs_hook = needs_fmgr_hook;
  next_hook = fmgr_hook;
  needs_fmgr_hook = needs_hook;
  fmgr_hook = at_function;
}

TrustedFunctions::~TrustedFunctions() {
  if (--scopes > 0) return;
  needs_fmgr_hook = next_needs_hook;
  fmgr_hook = next_hook;
}

}  // namespace deal::server
