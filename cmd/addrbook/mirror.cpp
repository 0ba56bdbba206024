#include "cmd/addrbook/mirror.h"

#include <utility>

#include "addrbook/file/book_file.h"
#include "addrbook/json/file.h"
#include "cmd/addrbook/addrbook.h"
#include "conn/base/file_reason.h"

namespace peerage::cmd {

std::string mirror_text(std::span<const addrbook::KnownAddress> rows, const addrbook::BookKey& key,
                        addrbook::Time now) {
  return addrbook::export_text(rows, addrbook::json_key(key), now) + '\n';
}

bool is_mirror(std::string_view text, const addrbook::BookKey& key) {
  // A text of ours begins as every text written under this key.
  const std::string whole = addrbook::json_text(addrbook::json_key(key), {});
  const std::string_view begin = std::string_view(whole).substr(0, whole.find(','));
  return text.starts_with(begin) && text.ends_with('\n');
}

namespace {

// Of a failure that stays until somebody changes a directory or a mount.
bool stays(const conn::Failure& why) {
  using conn::FileReason;
  return why.reason == FileReason::read_only || why.reason == FileReason::not_permitted ||
         why.reason == FileReason::path_invalid || why.reason == FileReason::missing;
}

}  // namespace

// On the executor's thread; when that has ended, on that of finish().
class JsonMirror::Task {
 public:
  Task(std::filesystem::path from, std::string network, std::filesystem::path to, OnEvent on_event)
      : from_(std::move(from)),
        network_(std::move(network)),
        to_(std::move(to)),
        on_event_(std::move(on_event)) {}

  bool run() {
    if (given_up_) return true;
    const conn::Result<void> outcome = write();
    const bool failed = !outcome;
    const bool for_good = failed && stays(outcome.error());
    if (for_good && !has_written_ && !failing_) {
      given_up_ = true;
      on_event_(Event::not_kept, outcome.error());
      return true;
    }
    if (failed != failing_) {
      failing_ = failed;
      on_event_(failed ? Event::failing : Event::written,
                failed ? outcome.error() : conn::Failure{});
    }
    has_written_ = has_written_ || !failed;
    return !failed || for_good;
  }

 private:
  conn::Result<void> write() const {
    const addrbook::Time now = book_now();
    addrbook::Report report;
    const auto contents = addrbook::BookFile::read(from_, now, report);
    if (!contents) return tl::unexpected(contents.error());
    const auto rows = contents->addresses.find(network_);
    const std::vector<addrbook::KnownAddress> none;
    const auto& of_it = rows == contents->addresses.end() ? none : rows->second;
    return addrbook::save_json_book(to_, mirror_text(of_it, contents->key, now));
  }

  const std::filesystem::path from_;
  const std::string network_;
  const std::filesystem::path to_;
  const OnEvent on_event_;
  bool has_written_ = false;
  bool failing_ = false;
  bool given_up_ = false;
};

JsonMirror::JsonMirror(conn::Runtime& runtime, std::filesystem::path from, std::string network,
                       std::filesystem::path to, OnEvent on_event)
    : control_(runtime.shard(0)),
      task_(std::make_shared<Task>(std::move(from), std::move(network), std::move(to),
                                   std::move(on_event))),
      executor_(runtime.make_executor()) {}

void JsonMirror::start() {
  timer_ = control_.make_timer([this] { write(); });
  write();
}

void JsonMirror::stop() {
  timer_.reset();
}

void JsonMirror::write() {
  executor_->post([task = task_] { task->run(); });
  timer_->arm(control_.now() + kPace);
}

void JsonMirror::settle() {
  executor_.reset();
}
bool JsonMirror::finish() {
  settle();  // a write under way would otherwise overwrite this one
  return task_->run();
}

}  // namespace peerage::cmd
