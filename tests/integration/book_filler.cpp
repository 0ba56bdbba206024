// A node with an address book that outgrows its disk, for book_full_test.py.
//
//   book_filler --path FILE --rows N
//
// It writes up to N rows, and prints, a line each:
//
//   degraded REASON   the disk is full
//   healthy           and no longer
//   saved N           everything is in the file, which was closed and read again; then it ends
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <map>
#include <memory>
#include <string>

#include "addrbook/file/store.h"
#include "conn/runtime/asio_runtime.h"
#include "tests/integration/flags.h"
#include "tests/support/book_source.h"

namespace {

using namespace peerage;
using namespace std::chrono_literals;
using addrbook::Store;

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

// Everything but `main` runs on the shard.
class Filler {
 public:
  Filler(conn::Runtime& runtime, const std::string& path, std::size_t rows)
      : shard_(runtime.shard(0)),
        rows_(rows),
        store_(std::make_unique<Store>(runtime, shard_, path, test::options_with(1), source_)),
        timer_(shard_.make_timer([this] { grow(); })) {
    store_->on_state = [](const Store::State& state) {
      if (state.condition == Store::State::Condition::degraded) {
        say("degraded " + std::string(name(state.failure->reason)));
      } else if (state.condition == Store::State::Condition::healthy) {
        say("healthy");
      }
    };
    store_->open([this](const conn::Result<Store::Loaded>& loaded) {
      if (!loaded) {
        say("bad " + loaded.error().text());
        std::exit(1);
      }
      grow();
    });
  }
  std::future<void> done() { return done_.get_future(); }
  const std::map<conn::NetAddress, addrbook::KnownAddress>& all() const { return source_.all(); }

 private:
  void grow() {
    if (written_ < rows_) {
      source_.set(written_, written_ + 200);
      written_ += 200;
      store_->changed();
    } else if (source_.waiting() == 0) {
      store_->close([this](const conn::Result<void>& closed) {
        if (closed) {
          store_.reset();
          done_.set_value();
        } else {
          say("bad " + closed.error().text());
          std::exit(1);
        }
      });
      return;
    }
    timer_->arm(shard_.now() + 20ms);
  }

  conn::Shard& shard_;
  std::size_t rows_;
  std::size_t written_ = 0;
  test::BookSource source_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<conn::Timer> timer_;
  std::promise<void> done_;
};

}  // namespace

int main(int argc, char** argv) {
  test::Flags flags(argc, argv, 1);
  const std::string path = flags.text("path");
  const auto rows = flags.number<std::size_t>("rows", 20'000);
  flags.expect_no_others();
  conn::AsioRuntime runtime(1);
  std::unique_ptr<Filler> filler;
  std::promise<std::future<void>> begun;
  runtime.shard(0).post([&] {
    filler = std::make_unique<Filler>(runtime, path, rows);
    begun.set_value(filler->done());
  });
  begun.get_future().get().wait();
  addrbook::Report report;
  const auto contents = addrbook::BookFile::read(path, test::kBookNow, report);
  std::size_t found = 0;
  if (contents) {
    for (const auto& row : contents->addresses.at("net")) {
      const auto at = filler->all().find(row.address);
      if (at != filler->all().end() && at->second == row) ++found;
    }
  }
  const bool all = found == filler->all().size();
  say((all ? "saved " : "bad ") + std::to_string(found));
  runtime.stop();
  return all ? 0 : 1;
}
