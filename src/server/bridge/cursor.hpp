/// Rows of a query as the server's own values: for what is too much, or too often, to go through text.
#pragma once

#include "server/bridge/spi.hpp"

extern "C" {
#include "access/htup.h"
#include "access/tupdesc.h"
}

struct PortalData;
struct SPITupleTable;

namespace pg {

/// A statement parameter of any type.
struct Parameter {
  Oid type = InvalidOid;
  Value value;
};

/// What a cursor's query may do.
enum class CursorKind {
  reading,  ///< sees the active snapshot and changes nothing
  often,    ///< the same; the session keeps the plan, made without looking at the parameters' values
  locking   ///< locks rows; sees what is committed by now and what the transaction has written
};

/// A query that is read in batches. Lives inside a Spi session.
class Cursor {
 public:
  /// Plans and opens the query. `types`: those that its first columns must have (0A000 otherwise: who reads
  /// values must know what they are); more columns may follow.
  Cursor(Spi& session, const std::string& sql, std::span<const Parameter> parameters,
         std::span<const Oid> types, CursorKind kind = CursorKind::reading);
  ~Cursor();
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  TupleDesc shape() const { return shape_; }
  /// The next rows, none at the end. They are valid until the next call.
  std::span<HeapTuple> fetch();

 private:
  detail::Unwinding unwinding_;
  PortalData* portal_ = nullptr;
  TupleDesc shape_ = nullptr;
  SPITupleTable* batch_ = nullptr;
};

/// When AFTER triggers, foreign keys among them, fire for what a statement writes.
enum class AfterTriggers {
  at_once,  ///< at its end
  later     ///< when the LaterTriggers around it says: several statements that only together leave no foreign
            ///< key broken
};

/// Runs a statement that may write, once, with parameters of any type; the number of rows processed.
int64_t execute_with(Spi& session, const std::string& sql, std::span<const Parameter> parameters,
                     AfterTriggers triggers = AfterTriggers::at_once);

}  // namespace pg
