#include "core/store/sqlite.h"

#include <chrono>

#include "core/base/check.h"

namespace levi::store {

Error sqlite_error(sqlite3* database, int code, const std::string& attempted) {
  const char* why = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  Error failed = error(ErrorCode::kIo, attempted + ": " + why);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      failed.code = ErrorCode::kBusy;
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      failed.code = ErrorCode::kCorrupt;
      break;
    default:
      break;
  }
  return failed;
}

Result<Connection> Connection::open(const std::string& path, bool read_only) {
  const int mode = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, mode | SQLITE_OPEN_NOMUTEX, nullptr);
  Connection connection(path, raw);
  if (code != SQLITE_OK) return sqlite_error(raw, code, "cannot open database " + path);
  sqlite3_extended_result_codes(raw, 1);
  return connection;
}

Status Connection::run(const char* sql) {
  const int code = sqlite3_exec(get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(get(), code, "database " + path_);
  return ok();
}

void Connection::set_busy_timeout(Nanos timeout) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout);
  sqlite3_busy_timeout(get(), static_cast<int>(ms.count()));
}

Result<Statement> Statement::prepare(const Connection& connection, const char* sql) {
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v3(connection.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) {
    return sqlite_error(connection.get(), code, "database " + connection.path());
  }
  return Statement(raw);
}

Statement& Statement::bind(std::int64_t value) {
  LEVI_CHECK(sqlite3_bind_int64(statement_.get(), ++bound_, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  LEVI_CHECK(sqlite3_bind_text(statement_.get(), ++bound_, text.data(),
                               static_cast<int>(text.size()), SQLITE_STATIC) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_null() {
  LEVI_CHECK(sqlite3_bind_null(statement_.get(), ++bound_) == SQLITE_OK);
  return *this;
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  bound_ = 0;
}

Status Statement::run() {
  for (;;) {
    LEVI_TRY(more, next());
    if (!more) return ok();
  }
}

Result<bool> Statement::next() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  sqlite3* database = sqlite3_db_handle(statement_.get());
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  const char* file = sqlite3_db_filename(database, "main");
  Error failed =
      sqlite_error(database, code, std::string("database ") + (file != nullptr ? file : ""));
  reset();
  return failed;
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return {};
  return std::string(reinterpret_cast<const char*>(bytes),
                     static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

}  // namespace levi::store
