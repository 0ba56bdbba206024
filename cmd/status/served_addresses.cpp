#include "cmd/status/served_addresses.h"

#include <algorithm>
#include <utility>

#include <sodium.h>

#include "addrbook/file/book_file.h"
#include "addrbook/json/file.h"
#include "cmd/addrbook/addrbook.h"
#include "cmd/base/gzip.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

// The same for the same text.
std::string tag_of(std::string_view text) {
  conn::ByteArray<16> hash;
  crypto_generichash(hash.data(), hash.size(), conn::as_bytes(text).data(), text.size(), nullptr,
                     0);
  return conn::to_hex(hash);
}

conn::Random::Seed fresh_seed() {
  conn::Random::Seed seed;
  randombytes_buf(seed.data(), seed.size());
  return seed;
}

ServedLists nothing_of(const std::vector<std::string>& networks,
                       const std::shared_ptr<const addrbook::BookConfig>& rules) {
  ServedLists lists;
  for (const std::string& chain_id : networks) {
    lists.networks.emplace_back().chain_id = chain_id;
    lists.networks.back().rules = rules;
  }
  return lists;
}

}  // namespace

bool ServedLists::empty() const noexcept {
  return std::all_of(networks.begin(), networks.end(),
                     [](const Network& each) { return each.addresses.empty(); });
}

bool ServedLists::all_short() const noexcept {
  return std::all_of(networks.begin(), networks.end(),
                     [](const Network& each) { return each.addresses.size() <= kShortList; });
}

const ServedLists::Network* ServedLists::find(std::string_view chain_id) const noexcept {
  const auto found = std::find_if(networks.begin(), networks.end(),
                                  [&](const Network& each) { return each.chain_id == chain_id; });
  return found == networks.end() ? nullptr : &*found;
}

ServedLists lists_of(const addrbook::Contents& contents, const std::vector<std::string>& networks,
                     const std::shared_ptr<const addrbook::BookConfig>& rules, conn::Random& random,
                     addrbook::Time now) {
  ServedLists lists = nothing_of(networks, rules);
  const std::size_t most = kMaxServed / std::max<std::size_t>(networks.size(), 1);
  for (ServedLists::Network& network : lists.networks) {
    const auto rows = contents.addresses.find(network.chain_id);
    if (rows == contents.addresses.end()) continue;
    static_cast<ServedNetwork&>(network) =
        draw_served(network.chain_id, rows->second, rules, most, random, now);
    if (network.addresses.empty()) continue;
    std::string text =
        addrbook::export_text(network.addresses, addrbook::json_key(contents.key), now);
    network.book_gzip = std::make_shared<const std::string>(gzip(text));
    network.tag = tag_of(text);
    network.book = std::make_shared<const std::string>(std::move(text));
  }
  return lists;
}

// What the executor's tasks use; of them there is one at a time.
class ServedAddresses::Reader {
 public:
  Reader(Settings settings, conn::Log log)
      : file_(std::move(settings.file)),
        networks_(std::move(settings.networks)),
        rules_(std::make_shared<const addrbook::BookConfig>(std::move(settings.rules))),
        wall_(settings.wall ? std::move(settings.wall) : book_now),
        log_(std::move(log)),
        random_(fresh_seed()),
        lists_(std::make_shared<const ServedLists>(nothing_of(networks_, rules_))) {}

  bool has_file() const { return !file_.empty(); }
  std::shared_ptr<const ServedLists> lists() const { return lists_.read(); }

  // False: a reading is waiting or under way already.
  bool claim() { return !claimed_.exchange(true); }

  void run() {
    read();
    claimed_ = false;
  }

 private:
  void read() {
    const addrbook::Time now = wall_();
    addrbook::Report report;
    const auto contents = addrbook::BookFile::read(file_, now, report);
    if (contents) {
      lists_.publish(std::make_shared<const ServedLists>(
          lists_of(*contents, networks_, rules_, random_, now)));
      if (std::exchange(failing_, false))
        log_.write(conn::LogLevel::info, "lists of addresses are made anew again");
    } else if (!std::exchange(failing_, true)) {
      log_.write(conn::LogLevel::warn,
                 "lists of addresses stay as they are: the book cannot be read",
                 {{"why", contents.error().text()}});
    }
  }

  const std::filesystem::path file_;
  const std::vector<std::string> networks_;
  const std::shared_ptr<const addrbook::BookConfig> rules_;
  const std::function<addrbook::Time()> wall_;
  conn::Log log_;
  conn::Random random_;
  bool failing_ = false;
  std::atomic<bool> claimed_ = false;
  p2p::SnapshotCell<ServedLists> lists_;
};

ServedAddresses::ServedAddresses(conn::Runtime& runtime, Settings settings, conn::Log log)
    : control_(runtime.shard(0)),
      reader_(std::make_shared<Reader>(std::move(settings), std::move(log))),
      executor_(runtime.make_executor()) {}

ServedAddresses::~ServedAddresses() = default;

void ServedAddresses::start() {
  started_ = reader_->has_file();
  (void)read();
}

void ServedAddresses::stop() {
  started_ = false;
  timer_.reset();
}

std::shared_ptr<const ServedLists> ServedAddresses::read() {
  asked_ = control_.now();
  if (!running_.exchange(true)) {
    control_.post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->begin();
    });
  }
  return reader_->lists();
}

void ServedAddresses::begin() {
  if (!started_) {
    running_ = false;
    return;
  }
  if (!timer_) timer_ = control_.make_timer([this] { on_time(); });
  on_time();
}

void ServedAddresses::on_time() {
  const conn::TimePoint now = control_.now();
  if (now - asked_.load() > kInterest) {
    running_ = false;
    return;
  }
  if (!read_at_ || now >= *read_at_ + pace()) {
    read_at_ = now;
    if (reader_->claim()) executor_->post([reader = reader_] { reader->run(); });
  }
  timer_->arm(*read_at_ + pace());
}

conn::Duration ServedAddresses::pace() const {
  const auto lists = reader_->lists();
  if (lists->empty()) return kPaceWhileEmpty;
  return lists->all_short() ? kPaceWhileShort : kPace;
}

}  // namespace peerage::cmd
