#include "server/bridge/spi.hpp"

#include <charconv>

#include "core/base/error.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
}

namespace pg {

namespace {

constexpr int kMaxParameters = 16;

/// Where SPI left the rows of the last statement.
struct RawResult {
  int code;
  uint64 processed;
  SPITupleTable* table;
};

RawResult run_statement(const std::string& sql, std::span<const Cell> parameters, bool read_only) {
  return call([&] {
    Oid types[kMaxParameters];
    Datum values[kMaxParameters];
    char nulls[kMaxParameters];
    for (size_t i = 0; i < parameters.size(); ++i) {
      types[i] = TEXTOID;
      nulls[i] = parameters[i] ? ' ' : 'n';
      values[i] = parameters[i] ? PointerGetDatum(cstring_to_text_with_len(
                                      parameters[i]->data(), static_cast<int>(parameters[i]->size())))
                                : Datum{0};
    }
    int const code = SPI_execute_with_args(sql.c_str(), static_cast<int>(parameters.size()), types, values,
                                           nulls, read_only, 0);
    return RawResult{code, SPI_processed, SPI_tuptable};
  });
}

void append_row(const SPITupleTable& table, uint64 row, std::vector<Cell>& cells) {
  for (int column = 1; column <= table.tupdesc->natts; ++column) {
    const char* const text =
        call([&]() -> const char* { return SPI_getvalue(table.vals[row], table.tupdesc, column); });
    if (text == nullptr) {
      cells.emplace_back();
      continue;
    }
    cells.emplace_back(text);
    pfree(const_cast<char*>(text));
  }
}

template <class Number>
Number parse_number(const std::string& text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

int64_t SqlResult::int8(size_t row, int column) const {
  auto const& value = cell(row, column);
  return value ? parse_number<int64_t>(*value) : 0;
}

double SqlResult::float8(size_t row, int column) const {
  auto const& value = cell(row, column);
  return value ? std::strtod(value->c_str(), nullptr) : 0.0;
}

Spi::Spi(SearchPath path) {
  guc_level_ = call([&] {
    if (SPI_connect() != SPI_OK_CONNECT) return -1;
    int const level = NewGUCNestLevel();
    if (path == SearchPath::safe)
      (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                              GUC_ACTION_SAVE, true, 0, false);
    return level;
  });
  if (guc_level_ < 0) throw deal::Error("XX000", "could not connect to the server programming interface");
}

Spi::~Spi() {
  if (unwinding_.by_server_error()) return;
  int const level = guc_level_;
  try {
    call([&] {
      AtEOXact_GUC(true, level);
      SPI_finish();
    });
  } catch (const std::exception&) {
    // Leaving the session to the transaction's end is safe; a destructor must not throw.
    return;
  }
}

SqlResult Spi::run(const std::string& sql, std::span<const Cell> parameters, bool read_only,
                   int64_t* processed) {
  if (parameters.size() > kMaxParameters) throw deal::Error("XX000", "too many statement parameters");
  RawResult const raw = run_statement(sql, parameters, read_only);
  if (raw.code < 0)
    throw deal::Error("XX000", std::string("statement failed: ") + SPI_result_code_string(raw.code));
  if (processed != nullptr) *processed = static_cast<int64_t>(raw.processed);
  if (raw.table == nullptr) return {0, 0, {}};
  std::vector<Cell> cells;
  int const columns = raw.table->tupdesc->natts;
  cells.reserve(raw.processed * static_cast<size_t>(columns));
  for (uint64 row = 0; row < raw.table->numvals; ++row) {
    check_for_interrupts();
    append_row(*raw.table, row, cells);
  }
  auto const rows = static_cast<size_t>(raw.table->numvals);
  call([&] { SPI_freetuptable(raw.table); });
  return {rows, columns, std::move(cells)};
}

SqlResult Spi::query(const std::string& sql, std::span<const Cell> parameters) {
  return run(sql, parameters, true, nullptr);
}

int64_t Spi::execute(const std::string& sql, std::span<const Cell> parameters) {
  int64_t processed = 0;
  run(sql, parameters, false, &processed);
  return processed;
}

}  // namespace pg
