/// The events of a table's log, with the transactions they belong to.
#pragma once

#include "core/audit/event.hpp"
#include "core/audit/transactions.hpp"
#include "server/audit/log_source.hpp"
#include "server/audit/row_identity.hpp"
#include "server/bridge/cursor.hpp"

namespace deal::server {

/// One event. Images and fields live in the context that the EventLog was made with.
struct LoggedEvent {
  audit::CommitOrder order;
  TimestampTz time = 0;  ///< when it was committed; of an open transaction: now
  bool exact = false;    ///< that is the server's commit timestamp
  TimestampTz at = 0;    ///< when it was captured
  int64 row_key = 0;
  int32 layout = 0;
  int16 context = 0;
  audit::Op op = audit::Op::insert;
  int transaction = -1;  ///< in EventLog::transactions; -1: not there
  ImageFields image{nullptr, 0};
  Datum alteration = 0;  ///< of a change of the table itself: what it was, jsonb
  std::string_view key;  ///< equal for equal keys; of the row that the event is about

  std::span<const audit::Field> fields() const { return {image.fields, static_cast<size_t>(image.count)}; }
};

/// Who ran a transaction, as the log has it: columns of audit_tx from session_user_name on.
struct TransactionPeople {
  static constexpr int kColumns = 8;
  enum Column { session_user, role, app_user, context, client, application, query, statement };
  pg::Value values[kColumns];
};

/// How many columns an event has before its image.
inline constexpr int kEventHeader = 7;

/// Reads events, all in commit order in the end. Values are those of the snapshot that is active.
class EventLog {
 public:
  /// `keep`: where images live; must outlive the EventLog.
  EventLog(const LogSource& source, MemoryContext keep);

  /// Changes of the table itself are read as well, from now on; else they are left out.
  void with_alterations() { alterations_ = true; }
  /// All events under these row keys, and the table's truncates.
  void read_rows(std::span<const int64> row_keys, bool with_people);
  /// All events that were committed from `time` on, those of this transaction with them. `look_back_ms`:
  /// commits may be this much later than the transaction's last sign in the log; more is needed only where
  /// two-phase commits stay prepared longer.
  void read_since(TimestampTz time, int64 look_back_ms, bool with_people);
  /// Drops the events that were committed up to `time`.
  void keep_after(TimestampTz time);
  /// The events of one transaction (the newest of that id).
  void read_transaction(FullTransactionId id);

  const std::vector<LoggedEvent>& events() const { return events_; }
  const audit::Transactions& transactions() const { return transactions_; }
  /// Of an event; null: not in the log yet, or lost.
  const TransactionPeople* people(const LoggedEvent& event) const;
  /// The query's id and statement of the event's own part of the transaction.
  const TransactionPeople* own_part(const LoggedEvent& event) const;
  const ImageShape& shape_of(int32 layout) const;

 private:
  struct CommitTime {
    TimestampTz time;
    bool exact;
  };
  /// `condition` has {0} before the names of the log's columns: a history's begin with audit_.
  void read_events(const char* condition, std::span<const pg::Parameter> parameters, pg::CursorKind kind);
  void read_history(const char* condition, std::span<const pg::Parameter> parameters);
  void read_transactions(const std::string& condition, std::span<const pg::Parameter> parameters,
                         bool with_people, pg::CursorKind kind);
  void read_transactions_of_events(bool with_people);
  void settle_order();
  CommitTime commit_time(size_t transaction, bool may_be_exact) const;
  /// Adds an event by its header, the columns from at to op; its image is read by `image`, which gets the
  /// event and the shape of its layout, inside pg::call and in `keep_`.
  template <class ReadImage>
  void add_event(const Datum* values, const bool* nulls, ReadImage&& image);
  void make_shapes();

  const LogSource& source_;
  MemoryContext keep_;
  RowIdentity source_identity_;
  bool alterations_ = false;
  uint64 own_ = 0;  ///< this transaction's id, 0: none
  std::vector<LoggedEvent> events_;
  audit::Transactions transactions_;
  std::vector<TransactionPeople> people_;
  std::vector<ImageShape> shapes_;     ///< as source_.layouts
  std::vector<bool> of_this_cluster_;  ///< as source_.layouts
};

}  // namespace deal::server
