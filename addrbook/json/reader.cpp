// The reading of addrbook.json: one pass over the text, event by event.
//
// `where_` is where we are in the file; `field_` is what the next value means. Values inside
// unknown members are skipped by counting brackets (`skipping_`).
#include <array>
#include <bitset>
#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "addrbook/json/file.h"
#include "addrbook/record/book_reason.h"

namespace peerage::addrbook {
namespace {

using conn::IpAddress;
using conn::NodeId;
using conn::printable;

enum class Field : std::uint8_t {
  unknown,
  key,
  addrs,
  addr,
  src,
  buckets,
  attempts,
  bucket_type,
  last_attempt,
  last_success,
  last_ban_time,
  id,
  ip,
  port,
  // The members of src, distinct from those of addr only to notice that one stands there twice.
  src_id,
  src_ip,
  src_port,
};
constexpr std::array<std::string_view, 17> kFieldNames = {
    "",         "key",         "addrs",        "addr",         "src",           "buckets",
    "attempts", "bucket_type", "last_attempt", "last_success", "last_ban_time", "addr.id",
    "addr.ip",  "addr.port",   "src.id",       "src.ip",       "src.port"};
constexpr std::size_t index_of(Field field) {
  return static_cast<std::size_t>(field);
}

struct Position {
  std::size_t line = 1;
  std::size_t column = 0;  // of the byte read last
};

// Counts lines and columns of what a parser takes: the parser's events do not tell where they are.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, Position* position) : at_(at), position_(position) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    if (*at_ == '\n') {
      ++position_->line;
      position_->column = 0;
    } else {
      ++position_->column;
    }
    ++at_;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  Position* position_;
};

class Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Reader(Time now) : now_(conn::to_timestamp(now)) {}
  Position position;

  conn::Result<JsonBook> finish(bool accepted) {
    if (accepted && addrs_seen_) return std::move(book_);
    if (accepted) stop("there is no list \"addrs\" in it");
    return conn::fail(conn::Stage::configuration, BookReason::address_file_malformed,
                      "line " + std::to_string(failed_at_.line) + ", column " +
                          std::to_string(failed_at_.column) + ": " + failure_);
  }

  // --- values ---

  bool null() override {
    if (skipping_ > 0) return true;
    if (where_ == Where::root && field_ == Field::addrs) {  // an empty Go slice may be written so
      addrs_seen_ = true;
      return true;
    }
    if (where_ == Where::entry && (field_ == Field::src || field_ == Field::buckets)) return true;
    if (where_ == Where::entry && field_ == Field::addr) return problem("is null");
    return odd_value();
  }
  bool boolean(bool) override { return odd_value(); }
  bool number_integer(number_integer_t) override { return number(std::nullopt); }
  bool number_float(number_float_t, const string_t&) override { return number(std::nullopt); }
  bool number_unsigned(number_unsigned_t value) override { return number(value); }
  bool binary(binary_t&) override { return odd_value(); }

  bool string(string_t& text) override {
    if (skipping_ > 0) return true;
    if (where_ == Where::root && field_ == Field::key) {
      if (text.size() == 24 && conn::from_hex(text)) book_.key = text;
      return true;
    }
    switch (field_) {
      case Field::id:
        return take_id(text, entry_.address.id);
      case Field::src_id:
        // Text that is no ID counts as none: the IP identifies the source.
        if (const auto id = NodeId::parse(text)) entry_.source.id = *id;
        return true;
      case Field::ip:
        return take_ip(text, entry_.address.endpoint.ip);
      case Field::src_ip:
        return text.empty() || take_ip(text, entry_.source.endpoint.ip);
      case Field::last_attempt:
        return take_time(text, entry_.last_attempt);
      case Field::last_success:
        return take_time(text, entry_.last_success);
      case Field::last_ban_time:
        return take_time(text, entry_.last_ban_time);
      default:
        return odd_value();
    }
  }

  // --- structure ---

  bool start_object(std::size_t) override {
    if (!deeper()) return false;
    if (skipping_ > 0) return skip();
    if (where_ == Where::outside) return enter(Where::root);
    if (where_ == Where::list) {
      entry_ = {};
      seen_.reset();
      why_bad_.clear();
      entry_line_ = position.line;
      return count_entry() && enter(Where::entry);
    }
    if (where_ == Where::entry && (field_ == Field::addr || field_ == Field::src)) {
      in_source_ = field_ == Field::src;
      return enter(Where::address);
    }
    return odd_value() && skip();
  }

  bool end_object() override {
    --depth_;
    if (skipping_ > 0) return leave_skipped();
    if (where_ == Where::entry) {
      end_entry();
      return enter(Where::list);
    }
    return enter(where_ == Where::address ? Where::entry : Where::outside);
  }

  bool start_array(std::size_t) override {
    if (!deeper()) return false;
    if (skipping_ > 0) return skip();
    if (where_ == Where::root && field_ == Field::addrs) {
      addrs_seen_ = true;
      return enter(Where::list);
    }
    if (where_ == Where::entry && field_ == Field::buckets) return enter(Where::buckets);
    if (where_ == Where::outside) return stop("it holds no object");
    return odd_value() && skip();
  }

  bool end_array() override {
    --depth_;
    if (skipping_ > 0) return leave_skipped();
    return enter(where_ == Where::list ? Where::root : Where::entry);
  }

  bool key(string_t& text) override {
    if (skipping_ > 0) return true;
    field_ = field_named(text);
    if (field_ == Field::unknown) return true;
    if (where_ == Where::root) {
      if (root_seen_[index_of(field_)]) return stop(std::string(name()) + " stands there twice");
      root_seen_.set(index_of(field_));
    } else {
      if (seen_[index_of(field_)]) problem("stands there twice");
      seen_.set(index_of(field_));
    }
    return true;
  }

  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ..."
    std::string_view text = error.what();
    text.remove_prefix(std::min(text.size(), text.find("] ") + 2));
    if (text.starts_with("parse error at")) {
      text.remove_prefix(std::min(text.size(), text.find(": ") + 2));
    }
    return stop(printable(text, 160));
  }

 private:
  enum class Where : std::uint8_t { outside, root, list, entry, address, buckets };

  std::string_view name() const { return kFieldNames[index_of(field_)]; }

  Field field_named(std::string_view text) const {
    const auto among = [text](Field first, Field last, std::string_view before) {
      for (std::size_t i = index_of(first); i <= index_of(last); ++i) {
        if (kFieldNames[i].substr(before.size()) == text) return static_cast<Field>(i);
      }
      return Field::unknown;
    };
    if (where_ == Where::root) return among(Field::key, Field::addrs, "");
    if (where_ == Where::entry) return among(Field::addr, Field::last_ban_time, "");
    return in_source_ ? among(Field::src_id, Field::src_port, "src.")
                      : among(Field::id, Field::port, "addr.");
  }

  bool deeper() { return ++depth_ <= kMaxJsonDepth || stop("it is nested too deeply"); }
  // Also back into what surrounds it, where the next thing is a key or the next element.
  bool enter(Where where) {
    where_ = where;
    field_ = Field::unknown;
    return true;
  }
  bool skip() {
    ++skipping_;
    return true;
  }
  bool leave_skipped() {
    --skipping_;
    return true;
  }
  // The whole file is of no use.
  bool stop(std::string why) {
    failure_ = std::move(why);
    failed_at_ = position;
    return false;
  }
  // This entry is of no use; the first reason is reported.
  bool problem(std::string_view what) {
    if (why_bad_.empty()) why_bad_ = std::string(name()) + " " + std::string(what);
    return true;
  }
  bool problem(std::string_view text, std::string_view what) {
    return problem("\"" + printable(text, 64) + "\" " + std::string(what));
  }
  // A value that does not belong here, or one of the wrong type.
  bool odd_value() {
    if (skipping_ > 0) return true;
    if (where_ == Where::outside) return stop("it holds no object");
    if (where_ == Where::list) {
      entry_line_ = position.line;
      if (!count_entry()) return false;
      bad_entry("it is no object");
      return true;
    }
    if (where_ == Where::root) {
      return field_ != Field::addrs || stop("\"addrs\" is no list");
    }
    if (where_ == Where::buckets) field_ = Field::buckets;
    return field_ == Field::unknown || problem("is of the wrong type");
  }

  bool number(std::optional<std::uint64_t> value) {
    if (skipping_ > 0) return true;
    static constexpr std::uint64_t kMaxInt32 = std::numeric_limits<std::int32_t>::max();
    if (where_ == Where::buckets) {
      field_ = Field::buckets;
      if (!value || *value >= kCometNewBuckets || entry_.buckets.size() >= kCometNewBuckets) {
        return problem("has one that a comet node does not have");
      }
      entry_.buckets.push_back(static_cast<std::uint16_t>(*value));
      return true;
    }
    switch (field_) {
      case Field::port:
        if (!value || *value == 0 || *value > 65535) return problem("is no port");
        entry_.address.endpoint.port = static_cast<std::uint16_t>(*value);
        return true;
      case Field::src_port:
        if (!value || *value > 65535) return problem("is no port");
        entry_.source.endpoint.port = static_cast<std::uint16_t>(*value);
        return true;
      case Field::attempts:
        if (!value || *value > kMaxInt32) return problem("is no count");
        entry_.attempts = static_cast<std::uint32_t>(*value);
        return true;
      case Field::bucket_type:
        if (value != 1u && value != 2u) return problem("is neither 1 nor 2");
        entry_.kind = *value == 2 ? Kind::tried : Kind::new_;
        return true;
      default:
        return odd_value();
    }
  }

  bool take_id(std::string_view text, NodeId& into) {
    const auto id = NodeId::parse(text);
    if (!id || *id == NodeId()) return problem(text, "is no node ID");
    into = *id;
    return true;
  }
  bool take_ip(std::string_view text, IpAddress& into) {
    const auto ip = IpAddress::parse(text);
    if (!ip) return problem(text, "is no IP address");
    into = *ip;
    return true;
  }
  bool take_time(std::string_view text, conn::Timestamp& into) {
    const auto time = conn::parse_rfc3339(text);
    if (!time) return problem(text, "is no time");
    into = *time;
    return true;
  }

  bool count_entry() {
    return ++entries_ <= kMaxJsonEntries ||
           stop("more than " + std::to_string(kMaxJsonEntries) + " entries");
  }
  void bad_entry(std::string why) {
    ++book_.bad_count;
    if (book_.bad.size() < kMaxBadListed) {
      book_.bad.push_back({entries_ - 1, entry_line_, std::move(why)});
    }
  }

  // What is missing, and what can be checked only when everything is there.
  void judge_entry() {
    for (const Field needed : {Field::addr, Field::id, Field::ip, Field::port}) {
      field_ = needed;
      if (!seen_[index_of(needed)]) problem("is missing");
    }
    field_ = Field::bucket_type;
    if (!seen_[index_of(field_)]) problem("is missing");
    field_ = Field::buckets;
    if (entry_.buckets.empty()) problem("is empty");
    for (const std::uint16_t bucket : entry_.buckets) {
      if (entry_.kind == Kind::tried && bucket >= kCometOldBuckets) {
        problem("has one that a comet node does not have");
      }
    }
  }

  void end_entry() {
    judge_entry();
    if (!why_bad_.empty()) return bad_entry(std::exchange(why_bad_, {}));
    if (entry_.source.endpoint.ip == IpAddress()) entry_.source = entry_.address;
    entry_.last_attempt = std::min(entry_.last_attempt, now_);
    entry_.last_success = std::min(entry_.last_success, now_);
    book_.entries.push_back(std::move(entry_));
  }

  conn::Timestamp now_;
  JsonBook book_;
  Where where_ = Where::outside;
  Field field_ = Field::unknown;
  bool in_source_ = false;
  bool addrs_seen_ = false;
  std::size_t depth_ = 0;
  std::size_t skipping_ = 0;  // brackets that are open in what is skipped
  std::size_t entries_ = 0;   // begun, good and bad
  std::bitset<kFieldNames.size()> root_seen_;

  // Of the entry that is being read.
  JsonEntry entry_;
  std::bitset<kFieldNames.size()> seen_;
  std::size_t entry_line_ = 0;
  std::string why_bad_;

  std::string failure_;
  Position failed_at_;
};

}  // namespace

conn::Result<JsonBook> parse_json_book(std::string_view text, Time now) {
  Reader reader(now);
  if (text.size() > kMaxJsonFile) {
    return conn::fail(conn::Stage::configuration, BookReason::address_file_malformed,
                      "it is longer than " + std::to_string(kMaxJsonFile >> 20) + " MiB");
  }
  const CountingIterator begin(text.data(), &reader.position);
  const CountingIterator end(text.data() + text.size(), &reader.position);
  return reader.finish(nlohmann::json::sax_parse(begin, end, &reader));
}

}  // namespace peerage::addrbook
