/// What a session knows of an audited relation: made at its first change, until the relation or its log
/// changes.
#pragma once

#include "core/audit/layout.hpp"
#include "server/audit/key_values.hpp"
#include "server/audit/transaction.hpp"

extern "C" {
#include "commands/trigger.h"
}

namespace deal::server {

struct AuditLog;
struct HistoryTarget;
struct RowEncoder;

/// Plain data in a memory context of its own.
struct AuditedRelation {
  Oid trigger;  ///< the key: its arguments name log and table
  Oid relation;
  bool valid;      ///< false: to be made anew
  bool usable;     ///< false: nothing can be recorded, which was told
  bool tentative;  ///< to be made anew after this transaction: its layout may be rolled back, or its log come
                   ///< back
  MemoryContext memory;
  AuditLog* log;
  int32 table;
  int32 layout;
  StatementText text;
  bool insert_image;
  bool truncate_rows;
  int words;
  uint64_t* skipped;  ///< columns whose change is no event
  uint64_t* keys;
  uint64_t* scratch;
  int key_count;  ///< 0: the whole row is the key
  KeyColumn key[INDEX_MAX_KEYS];
  RowEncoder* encoder;
  Oid history_table;       ///< what it was made for
  HistoryTarget* history;  ///< null: events go to the log as jsonb
};

/// The relation that a trigger of ours fires on. Not inside pg::call: where it must be made anew, catalog and
/// log are read, and a shape that the log doesn't know is written there. Never throws for a log that is gone
/// or broken: then it is not usable, and a WARNING says so.
AuditedRelation* audited_relation(const TriggerData& trigger);

/// Says for a scope that the entry is in use: a change that is made meanwhile gets an entry of its own.
class Capturing {
 public:
  Capturing();
  ~Capturing();
  Capturing(const Capturing&) = delete;
  Capturing& operator=(const Capturing&) = delete;

 private:
  bool outer_;
};

/// A (sub)transaction ended: what was tentative in it is settled or forgotten. Cannot fail.
void settle_audited(bool committed);
/// A relation's definition has changed (InvalidOid: any may have). Cannot fail.
void forget_audited(Oid relation);

}  // namespace deal::server
