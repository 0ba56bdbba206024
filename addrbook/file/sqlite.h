// SQLite as values: a database, a prepared statement and a transaction that end themselves, and
// errors that are Failures.
//
// A Database distrusts its file: what is read has a greatest length, the file's own schema can call
// nothing (no triggers, no views, no extensions), pages are checked as they are read, and nothing
// is mapped into memory, where an error of the disk would be a signal.
//
// A Failure says whether the file is at fault (book_corrupt) or its surroundings (a lock, a full
// disk, one that fails): only the first is ever a reason to move a file aside. What the system said
// is a reason of its own (conn/base/file_reason.h).
//
// Source: sqlite.org/security.html, "Untrusted SQLite Database Files".
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "conn/base/bytes.h"
#include "conn/base/failure.h"

struct sqlite3;
struct sqlite3_stmt;

namespace peerage::addrbook::sqlite {

using conn::Result;

// What a column holds. A view is valid until its statement moves on.
using Value = std::variant<std::monostate, std::int64_t, double, std::string_view, conn::ByteView>;

enum class Access : std::uint8_t {
  write,      // the file must exist
  read,       // read-only, beside a writer
  immutable,  // there is no writer: no locks, and no files beside it
};

class Statement;

class Database {
 public:
  // The longest text, blob or row that is read or written, in bytes.
  static constexpr int kMaxLength = 64 << 10;

  // `vfs` names one of SQLite's virtual file systems; null is the default one.
  static Result<Database> open(const std::filesystem::path& path, Access access,
                               const char* vfs = nullptr);
  static Result<Database> in_memory();

  // Any number of statements; rows are ignored.
  Result<void> execute(const std::string& sql);
  Result<Statement> prepare(std::string_view sql) const;
  // The first column of the first row; 0, or nothing, when there is none of that type.
  Result<std::int64_t> number(std::string_view sql) const;
  Result<std::string> text(std::string_view sql) const;

  bool in_transaction() const noexcept;
  // The file cannot be written, by its mode or by what its header says. Known once it was read.
  bool read_only() const noexcept;
  // The file that was opened is no longer the one at its path.
  bool moved() const noexcept;
  // Whether it has, or would have, a write-ahead log beside it (-wal); else it has a rollback
  // journal (-journal) while it is written, and readers and the writer wait for each other.
  bool keeps_log() const noexcept;
  // Ends it before its time; nothing else may be called then.
  void close() noexcept;
  // Rows that the last INSERT, UPDATE or DELETE has changed.
  std::int64_t changes() const noexcept;
  // How long to wait for another program's lock.
  void set_patience(int milliseconds) noexcept;
  // Whether closing merges the write-ahead log into the file, which is the default: a file that is
  // at fault is not written to, and closing must be able to be quick.
  enum class Log : std::uint8_t { kept, merged };
  void on_close(Log log) noexcept;

  // What an error code of the last call means.
  conn::Failure failure(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept;
  };
  Database() = default;
  static Result<Database> open_name(const std::string& name, int flags, const char* vfs,
                                    std::string shown);

  std::unique_ptr<sqlite3, Close> handle_;
  std::shared_ptr<const std::string> shown_;  // the path, printable
};

// A database that is only read, perhaps beside the node that writes it.
struct Guest {
  Database database;
  // Of a file that has a log and none beside it no program has it open, and reading it with locks
  // would make one: `nobody`. Should a node start meanwhile, what was read may be neither old nor
  // new.
  enum class Beside : std::uint8_t { writer, nobody } beside = Beside::writer;
};
Result<Guest> open_as_guest(const std::filesystem::path& path);

// How long a guest waits for a writer. In milliseconds: a batch on a slow disk.
inline constexpr int kGuestPatienceMs = 2000;

// Must not outlive its database.
class Statement {
 public:
  // Parameters count from 1, as SQLite's do. What is bound must stay until the statement is reset.
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, conn::ByteView blob);
  Statement& bind_null(int index);

  // True: there is a row. False: that was all.
  Result<bool> step();
  // A statement without rows: runs it, and makes it ready to be run again.
  Result<void> run();
  void reset() noexcept;

  // Columns count from 0.
  Value column(int index) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  Statement(sqlite3_stmt* statement, std::shared_ptr<const std::string> shown)
      : statement_(statement), shown_(std::move(shown)) {}
  Statement& note(int code) noexcept;

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::shared_ptr<const std::string> shown_;
  int bind_error_ = 0;
};

// Undone unless committed. Must not outlive its database.
class Transaction {
 public:
  // Takes the lock for writing at once, so that no statement in the middle fails for another's.
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // When it fails, nothing of the transaction has happened.
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace peerage::addrbook::sqlite
