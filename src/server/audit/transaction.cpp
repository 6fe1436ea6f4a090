#include "server/audit/transaction.hpp"

#include <algorithm>
#include <string_view>

#include "core/audit/claims.hpp"
#include "core/audit/mask.hpp"
#include "server/audit/audited_relation.hpp"
#include "server/audit/log.hpp"
#include "server/audit/sink.hpp"
#include "server/bridge/guard.hpp"
#include "server/bridge/own_settings.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/subtransaction.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/inet.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"
}

namespace deal::server {

namespace {

/// Who acts in one part of a transaction. Two events with the same context share its row of audit_tx.
struct Context {
  Oid session_user;
  Oid role;
  uint64 claims;  ///< which version of the claims
  char* app_user;
  Datum app_context;  ///< jsonb, 0: none
  int64 query;
  TimestampTz statement_start;  ///< 0: its text is not kept
  char* statement;
};

constexpr int kMostContexts = 30000;  // numbers are smallint
constexpr int kSearched = 16;
constexpr std::string_view kSpaces = " \t\r\n";
constexpr size_t kMostStatement = 10'000;      // bytes of one text
constexpr size_t kMostStatements = 1'000'000;  // of all in a transaction

/// The current transaction; its memory is the server's TopTransactionContext.
struct Transaction {
  FullTransactionId id;
  int32 sequence;
  Context* contexts;
  int count;
  int room;
  int current;
  size_t statement_bytes;
};
Transaction transaction;

/// The claims as they were read last.
struct OwnClaims {
  uint64 version;
  uint64 setting_version;
  char* token;            ///< the text that they were read from; null: none
  TimestampTz looked_at;  ///< the client's statement in which the token was looked at last
  char* app_user;
  Datum app_context;
  MemoryContext memory;
};
OwnClaims own_claims;

const char* token_claims() {
  return GetConfigOption(pg::claims_setting_name(), true, false);
}

bool same_text(const char* one, const char* other) {
  if (one == nullptr || other == nullptr) return one == other;
  return strcmp(one, other) == 0;
}

char* copy_of(const char* text, MemoryContext context) {
  return text == nullptr ? nullptr : MemoryContextStrdup(context, text);
}

char* statement_copy(StatementText text) {
  if (debug_query_string == nullptr || transaction.statement_bytes > kMostStatements) return nullptr;
  size_t const whole = strlen(debug_query_string);
  auto const length = static_cast<size_t>(
      pg_mbcliplen(debug_query_string, static_cast<int>(whole), static_cast<int>(kMostStatement)));
  transaction.statement_bytes += length;
  MemoryContext const outer = MemoryContextSwitchTo(TopTransactionContext);
  char* const copy = pnstrdup(debug_query_string, length);
  MemoryContextSwitchTo(outer);
  // Text that is cut may end inside a literal; so cut first, and what is left of it is taken out as well.
  if (text == StatementText::without_literals) audit::mask_literals(copy, !standard_conforming_strings);
  return copy;
}

bool is_now(const Context& context, StatementText text) {
  return context.role == GetOuterUserId() && context.session_user == GetSessionUserId() &&
         context.claims == own_claims.version &&
         context.query == static_cast<int64>(pgstat_get_my_query_id()) &&
         (text == StatementText::none || context.statement_start == GetCurrentStatementStartTimestamp());
}

Context* new_context() {
  if (transaction.count == transaction.room) {
    int const room = transaction.room == 0 ? 4 : transaction.room * 2;
    size_t const bytes = sizeof(Context) * static_cast<size_t>(room);
    transaction.contexts = static_cast<Context*>(transaction.contexts == nullptr
                                                     ? MemoryContextAlloc(TopTransactionContext, bytes)
                                                     : repalloc(transaction.contexts, bytes));
    transaction.room = room;
  }
  return &transaction.contexts[transaction.count++];
}

void begin_context(StatementText text) {
  Context* const context = new_context();
  *context = Context{};
  context->session_user = GetSessionUserId();
  context->role = GetOuterUserId();
  context->claims = own_claims.version;
  context->app_user = copy_of(own_claims.app_user, TopTransactionContext);
  if (own_claims.app_context != 0) {
    MemoryContext const outer = MemoryContextSwitchTo(TopTransactionContext);
    context->app_context = PointerGetDatum(DatumGetJsonbPCopy(own_claims.app_context));
    MemoryContextSwitchTo(outer);
  }
  context->query = static_cast<int64>(pgstat_get_my_query_id());
  if (text == StatementText::none) return;
  context->statement_start = GetCurrentStatementStartTimestamp();
  context->statement = statement_copy(text);
}

void find_context(StatementText text) {
  if (transaction.count > 0 && is_now(transaction.contexts[transaction.current], text)) return;
  for (int i = transaction.count - 1; i >= 0 && i >= transaction.count - kSearched; --i) {
    if (!is_now(transaction.contexts[i], text)) continue;
    transaction.current = i;
    return;
  }
  if (transaction.count < kMostContexts) begin_context(text);
  transaction.current = transaction.count - 1;
}

/// The client's address, once a session: null on a Unix socket and in background processes.
Datum client_address(bool* null) {
  static Datum address = 0;
  static bool known = false;
  if (!known) {
    known = true;
    LOCAL_FCINFO(call, 0);
    InitFunctionCallInfoData(*call, nullptr, 0, InvalidOid, nullptr, nullptr);
    MemoryContext const outer = MemoryContextSwitchTo(TopMemoryContext);
    Datum const found = MyProcPort == nullptr ? Datum{0} : inet_client_addr(call);
    MemoryContextSwitchTo(outer);
    if (MyProcPort != nullptr && !call->isnull) address = found;
  }
  *null = address == 0;
  return address;
}

/// The columns of one row of audit_tx.
struct Row {
  static constexpr int kColumns = 13;
  Datum values[kColumns] = {};
  bool nulls[kColumns] = {};

  void set_name(int column, Oid role) {
    const char* const name = GetUserNameFromId(role, true);
    nulls[column] = name == nullptr;
    if (name != nullptr) values[column] = DirectFunctionCall1(namein, CStringGetDatum(name));
  }
  void set_text(int column, const char* text) {
    nulls[column] = text == nullptr || *text == '\0';
    if (!nulls[column]) values[column] = CStringGetTextDatum(text);
  }
};

/// The first context of the same people.
int who_of(int number) {
  Context const& context = transaction.contexts[number];
  int first = 0;
  while (first < number && first < kSearched) {
    Context const& other = transaction.contexts[first];
    if (other.role == context.role && other.session_user == context.session_user &&
        other.claims == context.claims)
      return first;
    ++first;
  }
  return number;
}

void write_context(AuditLog* log, int number) {
  Context const& context = transaction.contexts[number];
  int const who = who_of(number);
  Row row;
  row.values[0] = TimestampTzGetDatum(batch_time(log->transactions));
  row.values[1] = FullTransactionIdGetDatum(transaction.id);
  row.values[2] = Int16GetDatum(static_cast<int16>(number));
  row.values[3] = Int16GetDatum(static_cast<int16>(who));
  row.values[4] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
  row.values[5] = Int64GetDatum(context.query);
  row.nulls[5] = context.query == 0;
  if (who == number) {
    row.set_name(6, context.session_user);
    row.set_name(7, context.role);
    row.set_text(8, context.app_user);
    row.values[9] = context.app_context;
    row.nulls[9] = context.app_context == 0;
    row.values[10] = client_address(&row.nulls[10]);
    row.set_text(11, application_name);
  } else {
    for (int column = 6; column <= 11; ++column)
      row.nulls[column] = true;
  }
  row.set_text(12, context.statement);
  add_to_sink(log->transactions, row.values, row.nulls);
}

void finish_transaction() {
  for (AuditLog* log = first_log(); log != nullptr; log = log->next) {
    if (!log->touched) continue;
    for (int i = 0; i < transaction.count; ++i)
      write_context(log, i);
  }
  flush_sinks();
}

void forget_transaction() {
  clear_sinks();
  for (AuditLog* log = first_log(); log != nullptr; log = log->next)
    log->touched = false;
  transaction = Transaction{};
}

void on_transaction_event(XactEvent event, void*) {
  switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
      if (transaction.count > 0) pg::guard([] { pg::call([] { finish_transaction(); }); });
      break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE:
    case XACT_EVENT_ABORT:
      if (transaction.count > 0) forget_transaction();
      settle_audited(event != XACT_EVENT_ABORT);
      break;
    default:
      break;
  }
}

void on_subtransaction_event(SubXactEvent event, SubTransactionId own, SubTransactionId parent, void*) {
  if (event == SUBXACT_EVENT_ABORT_SUB) settle_audited(false);
  if (sinks_are_empty()) return;
  if (event == SUBXACT_EVENT_COMMIT_SUB || event == SUBXACT_EVENT_ABORT_SUB)
    subtransaction_ended(own, parent, event == SUBXACT_EVENT_COMMIT_SUB);
}

ExecutorStart_hook_type next_start = nullptr;
ExecutorFinish_hook_type next_finish = nullptr;

/// A statement inside a trigger is no end: foreign keys run one for every row, and batches would be rows.
bool at_top_of_triggers() {
  LOCAL_FCINFO(call, 0);
  InitFunctionCallInfoData(*call, nullptr, 0, InvalidOid, nullptr, nullptr);
  return DatumGetInt32(pg_trigger_depth(call)) == 0;
}

void flush_at_end_of_statement() {
  if (!sinks_are_empty() && at_top_of_triggers()) pg::guard([] { pg::call([] { flush_sinks(); }); });
}

/// What commands that run no executor (COPY) have collected, before the next statement reads the log.
void on_executor_start(QueryDesc* query, int flags) {
  flush_at_end_of_statement();
  if (next_start != nullptr)
    next_start(query, flags);
  else
    standard_ExecutorStart(query, flags);
}

void on_executor_finish(QueryDesc* query) {
  if (next_finish != nullptr)
    next_finish(query);
  else
    standard_ExecutorFinish(query);
  flush_at_end_of_statement();
}

Datum jsonb_of(const std::string& json) {
  Datum jsonb = 0;
  // What the server refuses after all (numbers beyond its range) is no reason to fail the write.
  (void)pg::attempt(pg::OnSuccess::commit, [&] { jsonb = pg::jsonb_datum(json); });
  return jsonb;
}

}  // namespace

bool claims_are_current() {
  if (own_claims.setting_version != pg::audit_context_version()) return false;
  // Looking a setting up by its name is dear: once for each statement of the client, and each transaction in
  // it.
  TimestampTz const statement = GetCurrentStatementStartTimestamp();
  if (transaction.count > 0 && own_claims.looked_at == statement) return true;
  own_claims.looked_at = statement;
  return same_text(own_claims.token, token_claims());
}

void read_own_claims() {
  const char* const token = pg::call([] { return token_claims(); });
  audit::Claims const claims =
      audit::read_claims(pg::audit_context(), token == nullptr ? std::string() : std::string(token));
  Datum const json = claims.context ? jsonb_of(*claims.context) : Datum{0};
  pg::call([&] {
    if (own_claims.memory == nullptr)
      own_claims.memory =
          AllocSetContextCreate(TopMemoryContext, "deal_advisor audit claims", ALLOCSET_SMALL_SIZES);
    own_claims.version = own_claims.version + 1;
    own_claims.token = nullptr;
    own_claims.app_user = nullptr;
    own_claims.app_context = 0;
    MemoryContextReset(own_claims.memory);
    own_claims.token = copy_of(token, own_claims.memory);
    own_claims.app_user = copy_of(claims.user ? claims.user->c_str() : nullptr, own_claims.memory);
    MemoryContext const outer = MemoryContextSwitchTo(own_claims.memory);
    if (json != 0) own_claims.app_context = PointerGetDatum(DatumGetJsonbPCopy(json));
    MemoryContextSwitchTo(outer);
    own_claims.setting_version = pg::audit_context_version();
    own_claims.looked_at = GetCurrentStatementStartTimestamp();
  });
}

std::optional<std::string> client_statement() {
  const char* const text = pg::call([] { return statement_copy(StatementText::without_literals); });
  if (text == nullptr) return std::nullopt;
  std::string_view const whole = text;
  size_t const first = std::min(whole.find_first_not_of(kSpaces), whole.size());
  return std::string(whole.substr(first, whole.find_last_not_of(kSpaces) + 1 - first));
}

EventStamp stamp_event(AuditLog* log, StatementText text) {
  if (transaction.count == 0) transaction.id = GetTopFullTransactionId();
  find_context(text);
  log->touched = true;
  return {transaction.id, ++transaction.sequence, static_cast<int16>(transaction.current)};
}

void install_audit_hooks() {
  pg::call([] {
    RegisterXactCallback(on_transaction_event, nullptr);
    RegisterSubXactCallback(on_subtransaction_event, nullptr);
  });
  next_start = std::exchange(ExecutorStart_hook, on_executor_start);
  next_finish = std::exchange(ExecutorFinish_hook, on_executor_finish);
}

void flush_audit() {
  pg::call([] { flush_sinks(); });
}

}  // namespace deal::server
