#include "cmd/addrbook/mirror.h"

#include <utility>

#include "addrbook/file/book_file.h"
#include "addrbook/json/file.h"
#include "cmd/addrbook/addrbook.h"

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

struct JsonMirror::Task {
  std::filesystem::path from;
  std::string network;
  std::filesystem::path to;
  std::function<void(const conn::Failure&)> failed;

  bool run() const {
    const addrbook::Time now = book_now();
    addrbook::Report report;
    const auto contents = addrbook::BookFile::read(from, now, report);
    if (!contents) return fail(contents.error());
    const auto rows = contents->addresses.find(network);
    const std::vector<addrbook::KnownAddress> none;
    const auto& of_it = rows == contents->addresses.end() ? none : rows->second;
    const auto saved = addrbook::save_json_book(to, mirror_text(of_it, contents->key, now));
    return saved ? true : fail(saved.error());
  }

 private:
  bool fail(const conn::Failure& why) const {
    failed(why);
    return false;
  }
};

JsonMirror::JsonMirror(conn::Runtime& runtime, std::filesystem::path from, std::string network,
                       std::filesystem::path to, std::function<void(const conn::Failure&)> failed)
    : control_(runtime.shard(0)),
      task_(std::make_shared<Task>(
          Task{std::move(from), std::move(network), std::move(to), std::move(failed)})),
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

bool JsonMirror::finish() {
  executor_.reset();  // a write under way would otherwise overwrite this one
  return task_->run();
}

}  // namespace peerage::cmd
