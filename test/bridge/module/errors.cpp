/// Errors in both directions: thrown in C++, raised by the server, and one through the other.

#include <malloc.h>
#include <unistd.h>

#include <new>
#include <stdexcept>

#include "core/base/error.hpp"
#include "module/live.hpp"
#include "server/bridge/bridge.hpp"

extern "C" {
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
}

using deal_test::Live;

namespace {

struct Footprint {
  int64_t resident;   // bytes of RAM
  int64_t allocated;  // bytes in use from malloc
  int64_t contexts;   // bytes in the server's memory contexts
};

Footprint footprint() {
  long pages = 0;
  if (FILE* const file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  auto const heap = mallinfo2();
  return {pages * sysconf(_SC_PAGESIZE), static_cast<int64_t>(heap.uordblks + heap.hblkhd),
          static_cast<int64_t>(MemoryContextMemAllocated(TopMemoryContext, true))};
}

/// One server error out of four kinds: plain, with a DETAIL, an advisor error out of a nested entry point,
/// and a server error that passed a nested entry point.
void fail_in_server(int64_t turn, Oid thrower, Oid divider) {
  Live const here;
  switch (turn % 4) {
    case 0:
      pg::call([] { DirectFunctionCall2(int4div, Int32GetDatum(1), Int32GetDatum(0)); });
      break;
    case 1: {
      pg::Memory const parser(
          "deal_test parser");  // what the server's parser leaves behind is not ours to count
      pg::InContext const in(parser.context());
      pg::call([] { DirectFunctionCall1(jsonb_in, CStringGetDatum("{\"a\": nothing}")); });
      break;
    }
    case 2:
      pg::call([&] { OidFunctionCall0(thrower); });
      break;
    default:
      pg::call([&] { OidFunctionCall0(divider); });
      break;
  }
}

}  // namespace

/// (sqlstate, message, detail, hint)
DEAL_FUNCTION(deal_advisor_test_throw_error) {
  Live const here;
  deal::Error error(args.text(0), args.text(1));
  error.detail(args.optional_text(2).value_or("")).hint(args.optional_text(3).value_or(""));
  throw error;
}

DEAL_FUNCTION(deal_advisor_test_throw_kind) {
  Live const here;
  std::string const kind = args.text(0);
  if (kind == "int") throw 42;
  if (kind == "runtime_error") throw std::runtime_error("a standard exception");
  if (kind == "bad_alloc") throw std::bad_alloc();
  if (kind == "huge vector") {
    std::vector<char> const huge(kind.size() << 50);  // a size that the compiler cannot know
    return Int64GetDatum(huge[kind.size()]);
  }
  if (kind == "bad sqlstate") throw deal::Error("nonsense", "an error whose SQLSTATE is none");
  if (kind == "success sqlstate") throw deal::Error("00000", "an error whose SQLSTATE is success");
  throw deal::Error("22023", "unknown kind \"" + kind + "\"");
}

DEAL_FUNCTION(deal_advisor_test_throw_plain) {
  throw deal::Error("DA001", "nested advisor error").detail("Its detail.").hint("Its hint.");
}

DEAL_FUNCTION(deal_advisor_test_divide) {
  Live const here;
  return pg::call([] { return DirectFunctionCall2(int4div, Int32GetDatum(1), Int32GetDatum(0)); });
}

/// Runs SQL in a session of its own; what the server raises passes through C++ frames and out again.
DEAL_FUNCTION(deal_advisor_test_relay) {
  Live const here;
  pg::Spi spi(pg::SearchPath::callers);
  return Int64GetDatum(spi.execute(args.text(0)));
}

/// What C++ sees of a server error: sqlstate, message, detail, hint, context, schema, table, constraint.
DEAL_FUNCTION(deal_advisor_test_describe) {
  Live const here;
  std::vector<std::string> seen;
  auto const put = [&](const char* text) { seen.emplace_back(text != nullptr ? text : ""); };
  try {
    pg::rolled_back([&] {
      pg::Spi spi(pg::SearchPath::callers);
      spi.execute(args.text(0));
    });
  } catch (const pg::ServerError& error) {
    pg::ServerError const copy = error;
    seen.push_back(copy.sqlstate());
    put(copy.what());
    put(copy.data().detail);
    put(copy.data().hint);
    put(copy.data().context);
    put(copy.data().schema_name);
    put(copy.data().table_name);
    put(copy.data().constraint_name);
  }
  return pg::text_array_datum(seen);
}

/// `n` server errors, each caught in C++, with a subtransaction each if asked; the growth that is left.
DEAL_FUNCTION(deal_advisor_test_storm) {
  pg::RowSet rows(args);
  int64_t const count = args.int8(0);
  bool const subtransaction = args.boolean(1);
  Oid const thrower = args.oid(2);
  Oid const divider = args.oid(3);
  int64_t caught = 0;
  auto const run = [&](int64_t turns) {
    for (int64_t turn = 0; turn < turns; ++turn) {
      try {
        if (subtransaction)
          pg::rolled_back([&] { fail_in_server(turn, thrower, divider); });
        else
          fail_in_server(turn, thrower, divider);
      } catch (const pg::ServerError&) {
        ++caught;
      }
    }
  };
  run(1000);  // caches of the server and of malloc fill once
  int64_t const warm = caught;
  Footprint const before = footprint();
  run(count);
  Footprint const after = footprint();
  rows.add({pg::value(caught - warm), pg::value(after.resident - before.resident),
            pg::value(after.allocated - before.allocated), pg::value(after.contexts - before.contexts),
            pg::value(Live::count())});
  return rows.result();
}

/// Resident bytes of this backend.
DEAL_FUNCTION(deal_advisor_test_resident) {
  return Int64GetDatum(footprint().resident);
}
