/// What is particular to each access method of a hypothetical index: what it can do, its options, what its
/// opclasses keep. Everything here runs inside pg::call.
#pragma once

#include "server/index/hypothetical.hpp"

extern "C" {
#include "access/amapi.h"
}

namespace deal::server {

/// What a definition asks of its access method.
struct MethodRequest {
  bool unique;
  int keys;
  int included;
};

/// The access method of that name. Raises 42704 for an unknown one.
Oid method_named(const char* name);

/// Raises 0A000 for an access method that has no size model and for what CREATE INDEX would refuse it:
/// unique, several columns, INCLUDE.
void check_method(Oid method, const MethodRequest& request);

/// The routines of an access method; in the current memory context.
IndexAmRoutine* method_routine(Oid method);

/// Sets key column `key` to the opclass: family, input type, what is stored, the opclass's own options
/// (`options` is a list of DefElem, NIL for the defaults). Raises 22023 for options that it does not know.
void set_opclass(Hypothetical& made, int key, Oid opclass, List* options);

/// Reads the WITH options as the access method does, defaults where nothing is said. Raises 22023 as CREATE
/// INDEX.
void read_method_options(Hypothetical& made, List* options);

/// Works out which columns an index-only scan could return, once all columns are set.
void settle_returnable(Hypothetical& made);

/// Support function `number` of a key column's opclass; invalid if it has none.
Oid support_function(const Hypothetical& index, int key, int number);

/// Type of a key column's values before the access method makes of them what it stores.
Oid key_type(const Hypothetical& index, int key);

}  // namespace deal::server
