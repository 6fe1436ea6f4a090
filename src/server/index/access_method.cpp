#include "server/index/access_method.hpp"

extern "C" {
#include "access/brin.h"
#include "access/gist.h"
#include "access/gist_private.h"
#include "access/nbtree.h"
#include "access/reloptions.h"
#include "access/spgist.h"
#include "access/spgist_private.h"
#include "catalog/pg_am.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

constexpr int kHashFillfactor = 75;

/// How the options of btree, hash, gist and spgist begin.
struct FillfactorOptions {
  int32 header;
  int fillfactor;
};

[[noreturn]] void refuse(const char* format, const char* name) {
  pg::fail_in_call(ERRCODE_FEATURE_NOT_SUPPORTED, psprintf(format, name));
}

/// The access methods whose sizes we can tell.
bool has_size_model(Oid method) {
  switch (method) {
    case BTREE_AM_OID:
    case HASH_AM_OID:
    case GIST_AM_OID:
    case SPGIST_AM_OID:
    case GIN_AM_OID:
    case BRIN_AM_OID:
      return true;
    default:
      return false;
  }
}

/// What an index keeps for a value of the type, as the opclass declares it.
Oid stored_type(Oid opclass, Oid type) {
  HeapTuple const tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
  if (!HeapTupleIsValid(tuple)) return type;
  auto const* row = reinterpret_cast<Form_pg_opclass>(GETSTRUCT(tuple));
  Oid const kept = row->opckeytype;
  Oid const input = row->opcintype;
  ReleaseSysCache(tuple);
  if (!OidIsValid(kept)) return type;
  if (kept != ANYELEMENTOID) return kept;
  Oid const element = input == ANYARRAYOID ? get_base_element_type(type) : InvalidOid;
  return OidIsValid(element) ? element : type;
}

/// Options of one key column's opclass, as get_attoptions and RelationGetIndexAttOptions find them.
bytea* opclass_options(const Hypothetical& made, int key, List* options) {
  IndexAmRoutine const* const am = method_routine(made.method);
  Oid const procedure = am->amoptsprocnum != 0 ? support_function(made, key, am->amoptsprocnum) : InvalidOid;
  Datum const given = transformRelOptions(Datum{0}, options, nullptr, nullptr, false, false);
  if (!OidIsValid(procedure)) {
    if (DatumGetPointer(given) != nullptr)
      pg::fail_in_call(ERRCODE_INVALID_PARAMETER_VALUE, psprintf("operator class %s has no options",
                                                                 generate_opclass_name(made.opclasses[key])));
    return nullptr;
  }
  local_relopts known;
  init_local_reloptions(&known, 0);
  OidFunctionCall1(procedure, PointerGetDatum(&known));
  return static_cast<bytea*>(build_local_reloptions(&known, given, true));
}

int fillfactor_of(const bytea* options, int unset) {
  return options != nullptr ? reinterpret_cast<const FillfactorOptions*>(options)->fillfactor : unset;
}

/// GiST gives a column back if its opclass stores values as they are or can restore them.
bool gist_returns(const Hypothetical& made, int column) {
  return column >= made.keys || OidIsValid(support_function(made, column, GIST_FETCH_PROC)) ||
         !OidIsValid(support_function(made, column, GIST_COMPRESS_PROC));
}

bool spgist_returns(const Hypothetical& made, int column) {
  if (column > 0) return true;
  spgConfigIn in{key_type(made, 0)};
  spgConfigOut out{};
  OidFunctionCall2Coll(support_function(made, 0, SPGIST_CONFIG_PROC), made.collations[0],
                       PointerGetDatum(&in), PointerGetDatum(&out));
  return out.canReturnData;
}

}  // namespace

IndexAmRoutine* method_routine(Oid method) {
  return GetIndexAmRoutineByAmId(method, false);
}

Oid method_named(const char* name) {
  if (std::strcmp(name, "rtree") == 0) name = "gist";  // as CREATE INDEX still takes it
  return get_index_am_oid(name, false);
}

void check_method(Oid method, const MethodRequest& request) {
  char const* const name = get_am_name(method);
  if (!has_size_model(method))
    pg::fail_in_call(ERRCODE_FEATURE_NOT_SUPPORTED,
                     psprintf("access method \"%s\" cannot be hypothetical", name),
                     "Hypothetical indexes can be btree, hash, gist, spgist, gin and brin.");
  IndexAmRoutine const* const am = method_routine(method);
  if (request.unique && !am->amcanunique)
    refuse("access method \"%s\" does not support unique indexes", name);
  if (request.included > 0 && !am->amcaninclude)
    refuse("access method \"%s\" does not support included columns", name);
  if (request.keys > 1 && !am->amcanmulticol)
    refuse("access method \"%s\" does not support multicolumn indexes", name);
}

Oid support_function(const Hypothetical& index, int key, int number) {
  return get_opfamily_proc(index.opfamilies[key], index.input_types[key], index.input_types[key],
                           static_cast<int16>(number));
}

Oid key_type(const Hypothetical& index, int key) {
  if (index.attnos[key] != 0) return get_atttype(index.table, index.attnos[key]);
  int number = 0;
  for (int i = 0; i < key; ++i)
    number += index.attnos[i] == 0 ? 1 : 0;
  return exprType(static_cast<Node*>(list_nth(index.expressions, number)));
}

void set_opclass(Hypothetical& made, int key, Oid opclass, List* options) {
  made.opclasses[key] = opclass;
  made.opfamilies[key] = get_opclass_family(opclass);
  made.input_types[key] = get_opclass_input_type(opclass);
  made.stored_types[key] = stored_type(opclass, key_type(made, key));
  made.opclass_options[key] = opclass_options(made, key, options);
}

void read_method_options(Hypothetical& made, List* options) {
  Datum const given = transformRelOptions(Datum{0}, options, nullptr, nullptr, false, false);
  bytea const* const parsed = index_reloptions(method_routine(made.method)->amoptions, given, true);
  switch (made.method) {
    case BTREE_AM_OID: {
      auto const* read = reinterpret_cast<const BTOptions*>(parsed);
      made.fillfactor = fillfactor_of(parsed, BTREE_DEFAULT_FILLFACTOR);
      made.deduplicate = read == nullptr || read->deduplicate_items;
      break;
    }
    case HASH_AM_OID:
      made.fillfactor = fillfactor_of(parsed, kHashFillfactor);
      break;
    case GIST_AM_OID:
      made.fillfactor = fillfactor_of(parsed, GIST_DEFAULT_FILLFACTOR);
      break;
    case SPGIST_AM_OID:
      made.fillfactor = fillfactor_of(parsed, SPGIST_DEFAULT_FILLFACTOR);
      break;
    case BRIN_AM_OID:
      made.pages_per_range = parsed != nullptr ? reinterpret_cast<const BrinOptions*>(parsed)->pagesPerRange
                                               : BRIN_DEFAULT_PAGES_PER_RANGE;
      break;
    default:
      break;
  }
}

void settle_returnable(Hypothetical& made) {
  for (int i = 0; i < made.columns; ++i) {
    if (made.method == GIST_AM_OID)
      made.returnable[i] = gist_returns(made, i);
    else if (made.method == SPGIST_AM_OID)
      made.returnable[i] = spgist_returns(made, i);
    else
      made.returnable[i] = method_routine(made.method)->amcanreturn != nullptr;  // of any column: B-tree
  }
}

}  // namespace deal::server
