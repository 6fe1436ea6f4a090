/// Where the tuples of one relation of an audit log are collected and written: a batch that is inserted page
/// by page into the partition of its time, its index entries included. Plain data; everything here runs
/// inside pg::call.
#pragma once

#include "server/bridge/call.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "nodes/execnodes.h"
}

namespace deal::server {

struct Sink;

/// The sink of a partitioned log relation, made at its first use in the session. `overflow` has the same
/// columns and is no partition; it takes what finds no usable partition. `shape`: the columns that both must
/// have.
Sink* find_sink(Oid parent, Oid overflow, TupleDesc shape);

/// The time that the batch's next tuple must carry: equal for a whole batch.
TimestampTz batch_time(Sink* sink);

/// Adds a row to the batch; copied. What is too much for a batch is written.
void add_to_sink(Sink* sink, const Datum* values, const bool* nulls);

/// Writes what the current subtransaction has collected, in all sinks. What an outer one has stays: it must
/// not vanish when the current one is rolled back.
void flush_sinks();
bool sinks_are_empty();

/// The batches at the end of a subtransaction: what it collected becomes its parent's, or is dropped.
void subtransaction_ended(SubTransactionId ended, SubTransactionId parent, bool committed);
/// Drops everything, at the end of a transaction. Cannot fail.
void clear_sinks();

/// A relation's definition has changed (InvalidOid: any may have). Cannot fail.
void forget_in_sinks(Oid relation);

}  // namespace deal::server
