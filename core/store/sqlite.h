// SQLite's C interface with owners and Results. Private to core/store.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi::store {

// kBusy: locked by another connection; kCorrupt: no database, or a damaged one; kIo: the rest.
Error sqlite_error(sqlite3* database, int code, const std::string& attempted);

class Connection {
 public:
  static Result<Connection> open(const std::string& path, bool read_only);
  Connection(Connection&&) noexcept = default;
  Connection& operator=(Connection&&) noexcept = default;

  sqlite3* get() const { return database_.get(); }
  const std::string& path() const { return path_; }
  Status run(const char* sql);  // one or several statements, results dropped
  void set_busy_timeout(Nanos timeout);

 private:
  struct Closer {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  Connection(std::string path, sqlite3* database) : path_(std::move(path)), database_(database) {}
  std::string path_;
  std::unique_ptr<sqlite3, Closer> database_;
};

// A prepared statement. Bound text must live until `run` or the last `next`.
class Statement {
 public:
  static Result<Statement> prepare(const Connection& connection, const char* sql);
  Statement(Statement&&) noexcept = default;
  Statement& operator=(Statement&&) noexcept = default;

  // In the order of the question marks.
  Statement& bind(std::int64_t value);
  Statement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::string_view text);
  Statement& bind(const char* text) { return bind(std::string_view(text)); }
  Statement& bind_null();
  Statement& bind_or_null(std::string_view text) { return text.empty() ? bind_null() : bind(text); }

  Status run();         // to its end, then ready to be bound again
  Result<bool> next();  // false: no more rows, and ready to be bound again
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  bool is_null(int column) const;
  std::string text(int column) const;

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  void reset();
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
  int bound_ = 0;
};

}  // namespace levi::store
