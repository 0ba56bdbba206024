// Makes the book, which stays in memory, durable: writes what has changed behind it, on a thread of
// its own.
//
// It pulls. The book says `changed`; at most once in kPace the store takes a batch, and the next
// one when that is committed. At most one batch is under way: what waits, waits in the book, where
// a row that changes again is still one row. A full batch is followed by the next at once, so that
// the store keeps up.
//
// A batch that could not be committed goes back to the book, which merges it with what has changed
// since: nothing is half written, and nothing is lost while the process lives. The store tries
// again after 1 s, then 2, up to 30; after the second failure in a row, and when the file is no
// longer in its place, it reopens the file. If that had to begin a new file, the book gives
// everything again.
//
// What `flush` acknowledges is committed: it survives a crash of the process.
//
// Threads: one shard for all of it: calls, the source and every callback. Only the destructor
// blocks the shard: it waits for a batch that is being written. The shard pays for the copy of the
// rows that are taken: half a millisecond for kBatchRows, 25 ms for a full book when the file was
// lost (tests/bench/addrbook_bench.cpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "addrbook/file/book_file.h"
#include "conn/base/histogram.h"
#include "conn/runtime/runtime.h"

namespace peerage::addrbook {

// What a batch or an opening failed of, for figures.
enum class StoreError : std::uint8_t { full, io, busy, corrupt, other };
inline constexpr std::size_t kStoreErrorCount = 5;
std::string_view name(StoreError error) noexcept;
StoreError kind_of(const conn::Failure& failure) noexcept;

class Store {
 public:
  static constexpr std::size_t kBatchRows = 5'000;
  static constexpr conn::Duration kPace = std::chrono::seconds(1);
  // After the book had nothing to write.
  static constexpr conn::Duration kLookPause = std::chrono::milliseconds(100);
  static constexpr conn::Duration kFirstRetry = std::chrono::seconds(1);
  static constexpr conn::Duration kLastRetry = std::chrono::seconds(30);

  // The book, as the store sees it.
  class Source {
   public:
    virtual ~Source() = default;
    // Changes since those taken before, `rows` of them: fewer only when there are no more, and more
    // only for a rewrite, which cannot be split. The networks must be valid in the file (BookFile).
    virtual Batch take(std::size_t rows) = 0;
    // What was taken last and is not in the file. A row that has changed since is as it is now.
    virtual void put_back(Batch batch) = 0;
    // The file is a new one, or an old one: everything is to be taken again.
    virtual void everything_changed() = 0;
  };

  struct State {
    enum class Condition : std::uint8_t { closed, healthy, degraded };
    Condition condition = Condition::closed;
    std::optional<conn::Failure> failure;                  // the last one, when degraded
    conn::TimePoint since{};                               // of the condition
    std::size_t rows_written = 0;                          // committed, in all
    std::size_t batches = 0;                               // committed
    std::size_t failures = 0;                              // batches and openings that failed
    std::array<std::uint64_t, kStoreErrorCount> errors{};  // of them, by what failed
    conn::WallTime last_success{};                         // of the last batch; the epoch: none yet
  };

  // `source` and `runtime` must outlive the store.
  Store(conn::Runtime& runtime, conn::Shard& shard, std::filesystem::path path,
        BookFile::Options options, Source& source);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // What the file held; nothing is written before it. A failure leaves the store closed, and `open`
  // may be called again.
  struct Loaded {
    Contents contents;
    Report report;
  };
  using OpenDone = std::function<void(conn::Result<Loaded>)>;
  void open(OpenDone done);

  // There is something to take.
  void changed();

  // Writes what has changed without waiting for its time, even for that of a retry. Success: all
  // that the source held at this call is committed.
  using FlushDone = std::function<void(conn::Result<void>)>;
  void flush(FlushDone done);

  // The same, and the log is merged into the file: a copy of the file alone, made before much more
  // is written, has all of it and can be opened. Refused (book_in_use) while another program reads.
  void save(FlushDone done);

  // Flushes, merges the log into the file, and closes it, even when one of them fails.
  void close(FlushDone done);

  const State& state() const noexcept { return state_; }
  // Rows of committed batches, and how long each took from its taking.
  conn::HistogramCounts batch_rows() const { return batch_rows_.read(); }
  conn::HistogramCounts flush_times() const { return flush_times_.read(); }
  // Called when the condition has changed, and when the file was reopened, perhaps having been
  // moved aside. They must not destroy the store.
  std::function<void(const State&)> on_state;
  std::function<void(const Report&)> on_reopened;

 private:
  class Worker;
  struct Written;
  struct Reopened;
  // A flush that waits; `drained`: the batch under way is the last that it waits for.
  struct Waiter {
    FlushDone done;
    bool drained;
  };

  // Runs `work` on the executor with the worker, and then `then` here with its result, if the store
  // still exists.
  template <typename Work, typename Then>
  void run(Work work, Then then);

  bool is_open() const noexcept { return state_.condition != State::Condition::closed; }
  void set_condition(State::Condition condition, std::optional<conn::Failure> failure);
  void arm();
  void begin();
  void merge();
  void write(Batch batch);
  void reopen();
  void finished(Written& written);
  void reopened(Reopened& result);
  void failed(conn::Failure failure);
  enum class Waiting : std::uint8_t { drained, all };
  void count(const conn::Failure& failure);
  void finish_flushes(const conn::Result<void>& result, Waiting which);
  void shut(conn::Result<void> flushed, FlushDone done);

  conn::Runtime& runtime_;
  conn::Shard& shard_;
  Source& source_;
  std::shared_ptr<Worker> worker_;
  std::unique_ptr<conn::Timer> timer_;
  State state_;
  conn::Histogram batch_rows_;
  conn::Histogram flush_times_;
  conn::TimePoint taken_at_{};  // the batch that is under way
  bool busy_ = false;           // the executor has a task of ours
  bool changed_ = false;        // there may be something to take
  bool reopen_ = false;         // before the next batch
  bool closing_ = false;        // no more batches
  conn::TimePoint next_{};      // no batch before
  conn::Duration retry_ = kFirstRetry;
  std::size_t failures_in_a_row_ = 0;
  std::vector<Waiter> waiters_;
  std::vector<FlushDone> merges_;  // flushed; the log is to be merged
  std::shared_ptr<Store*> self_;   // tasks posted to the shard look here whether we exist
  std::unique_ptr<conn::Executor> executor_;  // destroyed first: it waits for what has begun
};

}  // namespace peerage::addrbook
