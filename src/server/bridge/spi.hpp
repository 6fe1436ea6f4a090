/// SQL from C++: a session of the server programming interface with results copied into C++ values.
#pragma once

#include "server/bridge/datum.hpp"

namespace pg {

/// One result cell as the type's output text; empty for NULL.
using Cell = std::optional<std::string>;

/// All rows of a query, cells in row-major order.
class SqlResult {
 public:
  SqlResult(size_t rows, int columns, std::vector<Cell> cells)
      : rows_(rows), columns_(columns), cells_(std::move(cells)) {}
  /// Rows; they may have no columns.
  size_t size() const { return rows_; }
  bool empty() const { return rows_ == 0; }
  const Cell& cell(size_t row, int column) const {
    return cells_[row * static_cast<size_t>(columns_) + static_cast<size_t>(column)];
  }
  bool is_null(size_t row, int column) const { return !cell(row, column).has_value(); }
  /// Text of a cell; empty for NULL.
  std::string text(size_t row, int column) const { return cell(row, column).value_or(std::string()); }
  /// Numbers of a cell; 0 for NULL.
  int64_t int8(size_t row, int column) const;
  double float8(size_t row, int column) const;
  Oid oid(size_t row, int column) const { return static_cast<Oid>(int8(row, column)); }
  bool boolean(size_t row, int column) const { return text(row, column) == "t"; }

 private:
  size_t rows_;
  int columns_;
  std::vector<Cell> cells_;
};

/// Which search_path a session's statements see.
enum class SearchPath {
  safe,    ///< pg_catalog, pg_temp: for the advisor's own statements
  callers  ///< whatever is in force: for statements that read the user's names
};

/// A connected SPI session. The destructor finishes it, except on the way out of a server error: then the
/// (sub)transaction's abort does, and finishing here would pop somebody else's level. The current memory
/// context stays the caller's: Datums built while a session is open outlive it.
class Spi {
 public:
  explicit Spi(SearchPath path = SearchPath::safe);
  ~Spi();
  Spi(const Spi&) = delete;
  Spi& operator=(const Spi&) = delete;

  /// Runs a statement that returns rows. Parameters are text, bound as $1.. and cast in the SQL. Read only:
  /// the statement sees the snapshot of the calling query and may change nothing.
  SqlResult query(const std::string& sql, std::span<const Cell> parameters = {});
  SqlResult query(const std::string& sql, std::initializer_list<Cell> parameters) {
    return query(sql, std::span(parameters.begin(), parameters.size()));
  }
  /// Runs a statement that may write; the number of rows processed.
  int64_t execute(const std::string& sql, std::span<const Cell> parameters = {});
  int64_t execute(const std::string& sql, std::initializer_list<Cell> parameters) {
    return execute(sql, std::span(parameters.begin(), parameters.size()));
  }
  /// Runs a statement that writes and returns rows (RETURNING, or DELETE in WITH).
  SqlResult change(const std::string& sql, std::initializer_list<Cell> parameters) {
    return run(sql, std::span(parameters.begin(), parameters.size()), false, nullptr);
  }

 private:
  SqlResult run(const std::string& sql, std::span<const Cell> parameters, bool read_only, int64_t* processed);

  detail::Unwinding unwinding_;
  int guc_level_ = 0;
};

}  // namespace pg
