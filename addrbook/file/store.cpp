#include "addrbook/file/store.h"

#include <algorithm>
#include <string>
#include <utility>

#include "addrbook/file/own_file.h"
#include "addrbook/record/book_reason.h"
#include "conn/base/file_reason.h"

namespace peerage::addrbook {
namespace {

using namespace std::chrono_literals;
using conn::Failure;
using conn::Reason;
using conn::Result;

Result<void> not_open() {
  return conn::fail(conn::Stage::configuration, BookReason::book_unwritable,
                    "the book is not open");
}

constexpr std::array<std::uint64_t, 5> kRowBounds = {1, 10, 100, 1'000, Store::kBatchRows};
constexpr auto kFlushBounds = conn::time_bounds(1ms, 5ms, 25ms, 100ms, 500ms, 2500ms);

Time seconds_of(conn::WallTime time) {
  return std::chrono::floor<Seconds>(time);
}

}  // namespace

std::string_view name(StoreError error) noexcept {
  static constexpr std::array<std::string_view, kStoreErrorCount> kNames = {"full", "io", "busy",
                                                                            "corrupt", "other"};
  return kNames[static_cast<std::size_t>(error)];
}

StoreError kind_of(const Failure& failure) noexcept {
  const conn::Reason why = failure.reason;
  if (why == BookReason::book_in_use) return StoreError::busy;
  if (why == BookReason::book_corrupt) return StoreError::corrupt;
  if (why == conn::FileReason::disk_full) return StoreError::full;
  const bool is_io = why == BookReason::book_unwritable || why == BookReason::book_unreadable ||
                     why == Reason::io_error || why == conn::FileReason::read_only ||
                     why == conn::FileReason::not_permitted || why == conn::FileReason::missing ||
                     why == conn::FileReason::path_invalid || why == conn::FileReason::no_locks ||
                     why == conn::FileReason::no_shared_memory;
  return is_io ? StoreError::io : StoreError::other;
}

// The file, on the executor's thread alone.
class Store::Worker {
 public:
  Worker(conn::Runtime& runtime, std::filesystem::path path, BookFile::Options options)
      : runtime_(runtime), path_(std::move(path)), options_(options) {}

  Result<Loaded> open() {
    auto opened = open_file();
    if (!opened) return tl::unexpected(std::move(opened.error()));
    auto contents = opened->file.load(now(), opened->report);
    if (!contents) return tl::unexpected(std::move(contents.error()));
    // From now on the key is the one that the book in memory has.
    options_.fresh_key = contents->key;
    options_.key = BookFile::Options::Key::fresh;
    file_.emplace(std::move(opened->file));
    identity_ = identity_of(path_);
    return Loaded{std::move(*contents), std::move(opened->report)};
  }
  Reopened reopen();
  Written write(Batch batch);
  Result<void> merge() { return file_ ? file_->merge() : not_open(); }
  Result<void> close() {
    if (!file_) return not_open();
    auto closed = file_->close();
    file_.reset();
    return closed;
  }

 private:
  Time now() const { return seconds_of(runtime_.wall_now()); }
  Result<BookFile::Opened> open_file() { return BookFile::open(path_, options_, now()); }

  conn::Runtime& runtime_;
  const std::filesystem::path path_;
  BookFile::Options options_;
  std::optional<BookFile> file_;
  Identity identity_;  // of the file that holds what was committed
};

struct Store::Written {
  Result<void> result;
  std::size_t rows = 0;
  bool full = false;     // there was probably more to take
  bool in_place = true;  // the file is the one that was opened
  Batch batch;           // when it failed
};

struct Store::Reopened {
  Result<Report> result;
  bool same = false;  // as far as we can tell, the file holds what was committed
};

Store::Reopened Store::Worker::reopen() {
  if (file_ && !file_->in_place()) identity_ = {};
  file_.reset();  // and its lock
  auto opened = open_file();
  if (!opened) return {tl::unexpected(std::move(opened.error()))};
  const Identity identity = identity_of(path_);
  const bool same = identity_ == identity && opened->report.found == Report::Found::book;
  identity_ = identity;
  file_.emplace(std::move(opened->file));
  return {std::move(opened->report), same};
}

Store::Written Store::Worker::write(Batch batch) {
  Written written;
  written.rows = batch.rows();
  written.full = written.rows >= kBatchRows;
  written.in_place = file_ && file_->in_place();
  if (!file_) {
    written.result = not_open();
  } else if (!written.in_place) {
    written.result =
        conn::fail(conn::Stage::configuration, BookReason::book_unwritable,
                   conn::printable(path_.native(), 1024) + ": the file was moved or deleted");
  } else {
    written.result = file_->apply(batch);
  }
  // What was committed is freed here, not on the shard.
  if (!written.result) written.batch = std::move(batch);
  return written;
}

template <typename Work, typename Then>
void Store::run(Work work, Then then) {
  busy_ = true;
  executor_->post([worker = worker_, &shard = shard_, self = std::weak_ptr(self_),
                   work = std::move(work), then = std::move(then)] {
    // Shared, because a task can be copied and its result should not be.
    auto result = std::make_shared<decltype(work(*worker))>(work(*worker));
    shard.post([result, self, then] {
      const auto store = self.lock();
      if (!store) return;
      (*store)->busy_ = false;
      then(**store, *result);
    });
  });
}

Store::Store(conn::Runtime& runtime, conn::Shard& shard, std::filesystem::path path,
             BookFile::Options options, Source& source)
    : runtime_(runtime),
      shard_(shard),
      source_(source),
      worker_(std::make_shared<Worker>(runtime, std::move(path), options)),
      timer_(shard.make_timer([this] { begin(); })),
      batch_rows_(kRowBounds),
      flush_times_(kFlushBounds),
      self_(std::make_shared<Store*>(this)),
      executor_(runtime.make_executor()) {
  state_.since = shard.now();
}

Store::~Store() = default;

void Store::open(OpenDone done) {
  if (is_open() || busy_) {
    shard_.post([done = std::move(done)] {
      done(conn::fail(conn::Stage::configuration, BookReason::book_in_use, "it is open already"));
    });
    return;
  }
  run([](Worker& worker) { return worker.open(); },
      [done = std::move(done)](Store& store, Result<Loaded>& loaded) {
        if (!loaded) {
          store.count(loaded.error());
          store.set_condition(State::Condition::closed, loaded.error());
        } else {
          store.closing_ = false;
          store.set_condition(State::Condition::healthy, std::nullopt);
          store.arm();
        }
        done(std::move(loaded));
      });
}

void Store::set_condition(State::Condition condition, std::optional<Failure> failure) {
  const bool is_new = state_.condition != condition;
  state_.condition = condition;
  state_.failure = std::move(failure);
  if (!is_new) return;
  state_.since = shard_.now();
  if (on_state) on_state(state_);
}

// Makes `begin` run when there is something to do and its time has come.
void Store::arm() {
  if (!is_open() || busy_ || closing_) return;
  if (changed_ || !waiters_.empty() || !merges_.empty()) timer_->arm(std::max(next_, shard_.now()));
}

void Store::changed() {
  if (std::exchange(changed_, true)) return;
  arm();
}

void Store::flush(FlushDone done) {
  if (!is_open() || closing_) {
    shard_.post([done = std::move(done)] { done(not_open()); });
    return;
  }
  waiters_.push_back({std::move(done), false});
  next_ = shard_.now();
  arm();
}

void Store::save(FlushDone done) {
  flush([self = std::weak_ptr(self_), done = std::move(done)](const Result<void>& flushed) {
    const auto store = self.lock();
    if (!store || !flushed || !(*store)->is_open() || (*store)->closing_) {
      done(flushed ? not_open() : flushed);
      return;
    }
    (*store)->merges_.push_back(done);
    (*store)->next_ = (*store)->shard_.now();
    (*store)->arm();
  });
}

void Store::begin() {
  if (!is_open() || busy_ || closing_) return;
  if (reopen_) {
    reopen();
    return;
  }
  if (!merges_.empty()) {
    merge();
    return;
  }
  Batch batch = source_.take(kBatchRows);
  changed_ = batch.rows() >= kBatchRows;
  if (!changed_) {
    for (Waiter& waiter : waiters_) waiter.drained = true;
  }
  if (batch.empty()) {
    // The caller of `changed` need not know that it is so: not every call looks.
    next_ = shard_.now() + kLookPause;
    finish_flushes({}, Waiting::drained);
    return;
  }
  write(std::move(batch));
}

void Store::write(Batch batch) {
  taken_at_ = shard_.now();
  next_ = taken_at_ + kPace;
  auto shared = std::make_shared<Batch>(std::move(batch));
  run([shared](Worker& worker) { return worker.write(std::move(*shared)); },
      [](Store& store, Written& written) { store.finished(written); });
}

void Store::merge() {
  run([](Worker& worker) { return worker.merge(); },
      [due = std::exchange(merges_, {})](Store& store, const Result<void>& merged) {
        for (const FlushDone& done : due) {
          store.shard_.post([done, merged] { done(merged); });
        }
        store.arm();
      });
}

void Store::finished(Written& written) {
  if (!written.result) {
    source_.put_back(std::move(written.batch));
    changed_ = true;
    if (!written.in_place) reopen_ = true;
    failed(std::move(written.result.error()));
    return;
  }
  state_.rows_written += written.rows;
  ++state_.batches;
  state_.last_success = runtime_.wall_now();
  batch_rows_.observe(written.rows);
  flush_times_.observe(shard_.now() - taken_at_);
  failures_in_a_row_ = 0;
  retry_ = kFirstRetry;
  set_condition(State::Condition::healthy, std::nullopt);
  if (written.full || !waiters_.empty()) next_ = shard_.now();
  finish_flushes({}, Waiting::drained);
  arm();
}

void Store::count(const Failure& failure) {
  ++state_.failures;
  ++state_.errors[static_cast<std::size_t>(kind_of(failure))];
}

void Store::failed(Failure failure) {
  count(failure);
  // Behind another program's lock the file stays open: closing it would release our lock.
  if (++failures_in_a_row_ >= 2 && failure.reason != BookReason::book_in_use) reopen_ = true;
  next_ = shard_.now() + retry_;
  retry_ = std::min(2 * retry_, kLastRetry);
  set_condition(State::Condition::degraded, failure);
  finish_flushes(tl::unexpected(std::move(failure)), Waiting::all);
  arm();
}

void Store::reopen() {
  run([](Worker& worker) { return worker.reopen(); },
      [](Store& store, Reopened& result) { store.reopened(result); });
}

void Store::reopened(Reopened& result) {
  if (!result.result) {
    failed(std::move(result.result.error()));
    return;
  }
  reopen_ = false;
  next_ = shard_.now();
  changed_ = true;
  if (!result.same) source_.everything_changed();
  if (on_reopened) on_reopened(*result.result);
  arm();
}

void Store::finish_flushes(const Result<void>& result, Waiting which) {
  std::vector<Waiter> due;
  std::vector<Waiter> waiting;
  for (Waiter& waiter : std::exchange(waiters_, {})) {
    (waiter.drained || which == Waiting::all ? due : waiting).push_back(std::move(waiter));
  }
  waiters_ = std::move(waiting);
  if (which == Waiting::all) {
    for (FlushDone& done : std::exchange(merges_, {})) due.push_back({std::move(done), true});
  }
  // Each is a task of its own: it may even destroy us.
  for (Waiter& waiter : due) {
    shard_.post([done = std::move(waiter.done), result] { done(result); });
  }
}

void Store::close(FlushDone done) {
  if (!is_open() || closing_) {
    shard_.post([done = std::move(done)] { done(not_open()); });
    return;
  }
  flush([self = std::weak_ptr(self_), done = std::move(done)](Result<void> flushed) {
    if (const auto store = self.lock()) (*store)->shut(std::move(flushed), done);
  });
}

void Store::shut(Result<void> flushed, FlushDone done) {
  if (!is_open() || closing_) {
    done(not_open());
    return;
  }
  closing_ = true;
  run([](Worker& worker) { return worker.close(); },
      [flushed = std::move(flushed), done = std::move(done)](Store& store, Result<void>& closed) {
        store.set_condition(State::Condition::closed, std::nullopt);
        store.finish_flushes(not_open(), Waiting::all);
        done(flushed ? closed : flushed);
      });
}

}  // namespace peerage::addrbook
