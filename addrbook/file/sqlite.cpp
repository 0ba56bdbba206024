#include "addrbook/file/sqlite.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "addrbook/file/own_file.h"
#include "addrbook/record/book_reason.h"
#include "conn/base/file_reason.h"

namespace peerage::addrbook::sqlite {
namespace {

// Far above what our own statements and tables have.
constexpr int kMaxSqlLength = 16 << 10;
constexpr int kMaxColumns = 64;

// Of a code that SQLite has for what the system refuses it; `error` is the errno, or 0.
conn::Reason reason_of_io(int code, int error) {
  // Left by its look for a log or a journal.
  if (error == ENOENT || code == SQLITE_IOERR_SHORT_READ) error = 0;
  switch (code) {
    case SQLITE_IOERR_LOCK:
    case SQLITE_IOERR_RDLOCK:
    case SQLITE_IOERR_UNLOCK:
    case SQLITE_IOERR_CHECKRESERVEDLOCK:
    case SQLITE_IOERR_SHMLOCK:
      return conn::no_locks_by(error) ? conn::Reason(conn::FileReason::no_locks)
                                      : conn::file_reason(error, BookReason::book_unwritable);
    case SQLITE_IOERR_SHMOPEN:
    case SQLITE_IOERR_SHMSIZE:
    case SQLITE_IOERR_SHMMAP: {
      const conn::Reason why = conn::file_reason(error, conn::FileReason::no_shared_memory);
      return why == conn::FileReason::disk_full ? why
                                                : conn::Reason(conn::FileReason::no_shared_memory);
    }
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_ACCESS:
    case SQLITE_IOERR_FSTAT:
      return conn::file_reason(error, BookReason::book_unreadable);
    default:
      return conn::file_reason(error, BookReason::book_unwritable);
  }
}

conn::Reason reason_of(int code, int error) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
      // SQLite takes a lock that the file system does not have for one that another holds.
      return error == ENOLCK ? conn::Reason(conn::FileReason::no_locks)
                             : conn::Reason(BookReason::book_in_use);
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return BookReason::book_in_use;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_TOOBIG:
    case SQLITE_SCHEMA:
      return BookReason::book_corrupt;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return conn::file_reason(error, BookReason::book_unreadable);
    case SQLITE_IOERR:
      return reason_of_io(code, error);
    case SQLITE_FULL:
      return conn::FileReason::disk_full;
    case SQLITE_READONLY:
      // A write that was interrupted, which a guest cannot undo.
      return code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY
                 ? BookReason::book_unreadable
                 : BookReason::book_unwritable;
    default:
      return conn::Reason::internal_error;
  }
}

conn::Failure failure_of(sqlite3* handle, int code, const std::string& shown) {
  const int last_error = errno;
  std::string detail = shown + ": " + sqlite3_errstr(code);
  if (handle != nullptr && sqlite3_errcode(handle) == code) {
    if (const char* said = sqlite3_errmsg(handle)) {
      detail = shown + ": " + conn::printable(said, 256);
    }
    const int extended = sqlite3_extended_errcode(handle);
    if (extended != code) code = extended;
  }
  detail += ", code " + std::to_string(code);
  const bool busy = (code & 0xff) == SQLITE_BUSY;
  // Of a lock SQLite keeps no errno; before each call it was 0.
  const int error = busy ? last_error : handle != nullptr ? sqlite3_system_errno(handle) : 0;
  const conn::Reason reason = reason_of(code, error);
  if (reason == conn::FileReason::no_locks) {
    const auto slash = shown.rfind('/');
    return {conn::Stage::configuration, reason,
            without_locks(std::string_view(shown).substr(0, slash == std::string::npos ? 0 : slash),
                          error)};
  }
  if (error != 0 && !busy) detail += std::string(", ") + std::strerror(error);
  if (code == SQLITE_READONLY_ROLLBACK) {
    detail += ": a write was interrupted, which a node that starts undoes";
  }
  return {conn::Stage::configuration, reason, std::move(detail)};
}

// "file:" with what URIs give a meaning to written as %XX.
std::string uri_of(const std::filesystem::path& path, std::string_view parameters) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string uri = "file:";
  std::error_code failed;  // then the path stays as it is
  std::filesystem::path full = std::filesystem::absolute(path, failed);
  if (failed) full = path;
  for (const char c : full.native()) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%' || c == '?' || c == '#' || byte < 0x21 || byte > 0x7e) {
      uri.append(1, '%').append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 0xf]);
    } else {
      uri += c;
    }
  }
  return uri.append(parameters);
}

}  // namespace

bool Database::keeps_log() const noexcept {
  // In its header, which is read by SQLite: closing a descriptor of our own would give up the locks
  // that this process has on the file.
  static constexpr int kAt = 18;  // the versions of the format that write and read it
  static constexpr unsigned char kJournal = 1;
  sqlite3_file* file = nullptr;
  std::array<unsigned char, 2> versions{};
  const bool read = sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_FILE_POINTER,
                                         static_cast<void*>(&file)) == SQLITE_OK &&
                    file != nullptr && file->pMethods != nullptr &&
                    file->pMethods->xRead(file, versions.data(), versions.size(), kAt) == SQLITE_OK;
  return !read || versions[0] != kJournal || versions[1] != kJournal;
}

Result<Guest> open_as_guest(const std::filesystem::path& path) {
  const bool has_log = ::access(with_suffix(path, "-wal").c_str(), F_OK) == 0;
  auto database = Database::open(path, has_log ? Access::read : Access::immutable);
  if (!database) return tl::unexpected(std::move(database.error()));
  Guest guest{std::move(*database), has_log ? Guest::Beside::writer : Guest::Beside::nobody};
  if (!has_log && !guest.database.keeps_log()) {
    auto locked = Database::open(path, Access::read);
    if (!locked) return tl::unexpected(std::move(locked.error()));
    guest = {std::move(*locked), Guest::Beside::writer};
  }
  guest.database.set_patience(kGuestPatienceMs);
  return guest;
}

void Database::Close::operator()(sqlite3* handle) const noexcept {
  sqlite3_close_v2(handle);
}

Result<Database> Database::open(const std::filesystem::path& path, Access access, const char* vfs) {
  std::string shown = conn::printable(path.native(), 1024);
  switch (access) {
    case Access::write:
      return open_name(uri_of(path, "?mode=rw"), SQLITE_OPEN_READWRITE, vfs, std::move(shown));
    case Access::read:
      return open_name(uri_of(path, "?mode=ro"), SQLITE_OPEN_READONLY, vfs, std::move(shown));
    case Access::immutable:
      break;
  }
  return open_name(uri_of(path, "?mode=ro&immutable=1"), SQLITE_OPEN_READONLY, vfs,
                   std::move(shown));
}

Result<Database> Database::in_memory() {
  return open_name(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, nullptr, ":memory:");
}

Result<Database> Database::open_name(const std::string& name, int flags, const char* vfs,
                                     std::string shown) {
  Database database;
  database.shown_ = std::make_shared<const std::string>(std::move(shown));
  sqlite3* handle = nullptr;
  errno = 0;
  const int code =
      sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, vfs);
  database.handle_.reset(handle);
  if (code != SQLITE_OK) return tl::unexpected(database.failure(code));
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMaxLength);
  sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, kMaxSqlLength);
  sqlite3_limit(handle, SQLITE_LIMIT_COLUMN, kMaxColumns);
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(handle, SQLITE_LIMIT_WORKER_THREADS, 0);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  // None of these reads the file.
  if (auto set = database.execute("PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON;"
                                  "PRAGMA temp_store = MEMORY");
      !set) {
    return tl::unexpected(std::move(set.error()));
  }
  return database;
}

conn::Failure Database::failure(int code) const {
  return failure_of(handle_.get(), code, *shown_);
}

Result<void> Database::execute(const std::string& sql) {
  errno = 0;
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(failure(code));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  errno = 0;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(failure(code));
  return Statement(statement, shown_);
}

Result<std::int64_t> Database::number(std::string_view sql) const {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected(std::move(statement.error()));
  const auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  const Value value = *row ? statement->column(0) : Value();
  const auto* found = std::get_if<std::int64_t>(&value);
  return found == nullptr ? 0 : *found;
}

Result<std::string> Database::text(std::string_view sql) const {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected(std::move(statement.error()));
  const auto row = statement->step();
  if (!row) return tl::unexpected(row.error());
  const Value value = *row ? statement->column(0) : Value();
  const auto* found = std::get_if<std::string_view>(&value);
  return found == nullptr ? std::string() : std::string(*found);
}

bool Database::in_transaction() const noexcept {
  return sqlite3_get_autocommit(handle_.get()) == 0;
}

bool Database::read_only() const noexcept {
  return sqlite3_db_readonly(handle_.get(), "main") == 1;
}

bool Database::moved() const noexcept {
  int moved = 0;
  return sqlite3_file_control(handle_.get(), nullptr, SQLITE_FCNTL_HAS_MOVED, &moved) ==
             SQLITE_OK &&
         moved != 0;
}

std::int64_t Database::changes() const noexcept {
  return sqlite3_changes(handle_.get());
}

void Database::close() noexcept {
  handle_.reset();
}

void Database::set_patience(int milliseconds) noexcept {
  sqlite3_busy_timeout(handle_.get(), milliseconds);
}

void Database::on_close(Log log) noexcept {
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, log == Log::kept ? 1 : 0,
                    nullptr);
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Statement& Statement::note(int code) noexcept {
  if (code != SQLITE_OK && bind_error_ == SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::bind(int index, std::int64_t value) {
  return note(sqlite3_bind_int64(statement_.get(), index, value));
}
// An empty view may have no address, which SQLite would take for NULL.
Statement& Statement::bind(int index, std::string_view text) {
  return note(sqlite3_bind_text64(statement_.get(), index, text.data() ? text.data() : "",
                                  text.size(), SQLITE_STATIC, SQLITE_UTF8));
}
Statement& Statement::bind(int index, conn::ByteView blob) {
  if (blob.empty()) return note(sqlite3_bind_zeroblob(statement_.get(), index, 0));
  return note(
      sqlite3_bind_blob64(statement_.get(), index, blob.data(), blob.size(), SQLITE_STATIC));
}
Statement& Statement::bind_null(int index) {
  return note(sqlite3_bind_null(statement_.get(), index));
}

Result<bool> Statement::step() {
  sqlite3* const handle = sqlite3_db_handle(statement_.get());
  if (const int error = std::exchange(bind_error_, SQLITE_OK); error != SQLITE_OK) {
    return tl::unexpected(failure_of(nullptr, error, *shown_));
  }
  errno = 0;
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return tl::unexpected(failure_of(handle, code, *shown_));
}

Result<void> Statement::run() {
  const auto stepped = step();
  reset();
  if (!stepped) return tl::unexpected(stepped.error());
  return {};
}

void Statement::reset() noexcept {
  sqlite3_reset(statement_.get());
}

Value Statement::column(int index) const {
  sqlite3_stmt* const statement = statement_.get();
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(statement, index);
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, index);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      return text == nullptr ? Value() : Value(std::string_view(text, size));
    }
    case SQLITE_BLOB: {
      const auto* blob = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, index));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      return Value(conn::ByteView(blob, blob == nullptr ? 0 : size));
    }
    default:
      return std::monostate();
  }
}

Result<Transaction> Transaction::begin(Database& database) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) {
    return tl::unexpected(std::move(begun.error()));
  }
  return Transaction(database);
}

Transaction::~Transaction() {
  // After some errors SQLite has rolled back by itself.
  if (database_ != nullptr && database_->in_transaction()) (void)database_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
  auto committed = database_->execute("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace peerage::addrbook::sqlite
