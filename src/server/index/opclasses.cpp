#include "server/index/opclasses.hpp"

extern "C" {
#include "access/brin_internal.h"
#include "access/htup_details.h"
#include "catalog/pg_am.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_opclass.h"
#include "commands/defrem.h"
#include "parser/parse_coerce.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

struct Method {
  Oid oid;
  index::AccessMethod method;
};

/// In the order of preference.
constexpr Method kMethods[] = {{GIN_AM_OID, index::AccessMethod::gin},
                               {GIST_AM_OID, index::AccessMethod::gist},
                               {SPGIST_AM_OID, index::AccessMethod::spgist}};

/// Operator families of the method that have the operator for this purpose.
List* families_with(Oid op, Oid method, char purpose) {
  List* families = NIL;
  CatCList* const entries = SearchSysCacheList1(AMOPOPID, ObjectIdGetDatum(op));
  for (int i = 0; i < entries->n_members; ++i) {
    auto const* row = reinterpret_cast<Form_pg_amop>(GETSTRUCT(&entries->members[i]->tuple));
    if (row->amopmethod == method && row->amoppurpose == purpose)
      families = list_append_unique_oid(families, row->amopfamily);
  }
  ReleaseSysCacheList(entries);
  return families;
}

}  // namespace

int find_accesses(Oid op, Oid type, bool ordering, IndexAccess* found, int most) {
  for (auto const& method : kMethods) {
    List* const families = families_with(op, method.oid, ordering ? AMOP_ORDER : AMOP_SEARCH);
    if (families == NIL) continue;
    Oid const standard = GetDefaultOpClass(type, method.oid);
    int count = 0;
    CatCList* const classes = SearchSysCacheList1(CLAAMNAMENSP, ObjectIdGetDatum(method.oid));
    for (int i = 0; i < classes->n_members && count < most; ++i) {
      auto const* row = reinterpret_cast<Form_pg_opclass>(GETSTRUCT(&classes->members[i]->tuple));
      if (!list_member_oid(families, row->opcfamily)) continue;
      if (row->oid != standard && !IsBinaryCoercible(type, row->opcintype)) continue;
      found[count++] = {method.method, row->oid, row->oid == standard};
    }
    ReleaseSysCacheList(classes);
    if (count > 0) return count;
  }
  return 0;
}

Oid minmax_multi_opclass(Oid type) {
  Oid found = InvalidOid;
  CatCList* const classes = SearchSysCacheList1(CLAAMNAMENSP, ObjectIdGetDatum(BRIN_AM_OID));
  for (int i = 0; i < classes->n_members && !OidIsValid(found); ++i) {
    auto const* row = reinterpret_cast<Form_pg_opclass>(GETSTRUCT(&classes->members[i]->tuple));
    if (row->opcintype == type &&
        get_opfamily_proc(row->opcfamily, type, type, BRIN_PROCNUM_OPCINFO) == F_BRIN_MINMAX_MULTI_OPCINFO)
      found = row->oid;
  }
  ReleaseSysCacheList(classes);
  return found;
}

}  // namespace deal::server
