// From the book's records to the text of an addrbook.json.
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>
#include <tuple>

#include <sodium.h>

#include "addrbook/json/file.h"

namespace peerage::addrbook {
namespace {

// The address makes the order total, so that equal books give equal files.
bool better(const KnownAddress& one, const KnownAddress& other) {
  return std::tuple(one.kind == Kind::tried, one.last_verified, one.last_seen, other.address) >
         std::tuple(other.kind == Kind::tried, other.last_verified, other.last_seen, one.address);
}

// Which of two addresses of an ID stands for it.
bool stands_for_id(const KnownAddress& one, const KnownAddress& other) {
  const auto claim = [](const KnownAddress& known) {
    return std::tuple(known.last_connected != kNever, last_shown(known), known.last_seen,
                      known.address);
  };
  return claim(one) > claim(other);
}

// Gives out the places in the buckets of one kind.
class Buckets {
 public:
  Buckets(std::uint16_t count, std::string_view key) : held_(count) {
    crypto_generichash(key_.data(), key_.size(), conn::as_bytes(key).data(), key.size(), nullptr,
                       0);
  }
  // The bucket that the hash gives, or the next that has room. False when all are full.
  bool place(JsonEntry& entry) {
    const std::string text = entry.address.to_string();
    std::array<unsigned char, crypto_shorthash_BYTES> hash;
    crypto_shorthash(hash.data(), conn::as_bytes(text).data(), text.size(), key_.data());
    std::uint64_t number = 0;
    std::memcpy(&number, hash.data(), sizeof number);
    for (std::size_t i = 0; i < held_.size(); ++i) {
      const std::size_t bucket = (number + i) % held_.size();
      if (held_[bucket] == kCometBucketSize) continue;
      ++held_[bucket];
      entry.buckets = {static_cast<std::uint16_t>(bucket)};
      return true;
    }
    return false;
  }

 private:
  std::vector<std::size_t> held_;
  std::array<unsigned char, crypto_shorthash_KEYBYTES> key_;
};

JsonEntry entry_of(const KnownAddress& known) {
  static constexpr std::uint32_t kMaxAttempts = std::numeric_limits<std::int32_t>::max();
  JsonEntry entry;
  entry.address = known.address;
  // The book keeps the IP of the source, and nothing else of it.
  entry.source.endpoint.ip = known.source;
  if (known.source == known.address.endpoint.ip) entry.source = known.address;
  entry.kind = known.kind;
  entry.attempts = std::min(known.failures, kMaxAttempts);
  entry.last_attempt =
      conn::to_timestamp(known.last_attempt != kNever ? known.last_attempt : known.last_seen);
  entry.last_success = conn::to_timestamp(known.last_verified);
  return entry;
}

void put_address(std::string& text, std::string_view name, const conn::NetAddress& address) {
  text.append("\t\t\t\"").append(name).append("\": {\n\t\t\t\t\"id\": \"");
  text.append(address.id.to_string()).append("\",\n\t\t\t\t\"ip\": \"");
  text.append(address.endpoint.ip.to_string()).append("\",\n\t\t\t\t\"port\": ");
  text.append(std::to_string(address.endpoint.port)).append("\n\t\t\t},\n");
}

void put_entry(std::string& text, const JsonEntry& entry) {
  text += "\t\t{\n";
  put_address(text, "addr", entry.address);
  put_address(text, "src", entry.source);
  text += "\t\t\t\"buckets\": [";
  for (std::size_t i = 0; i < entry.buckets.size(); ++i) {
    text.append(i == 0 ? "\n\t\t\t\t" : ",\n\t\t\t\t").append(std::to_string(entry.buckets[i]));
  }
  text += entry.buckets.empty() ? "],\n" : "\n\t\t\t],\n";
  const auto put = [&text](std::string_view name, const std::string& value, std::string_view end) {
    text.append("\t\t\t\"").append(name).append("\": ").append(value).append(end);
  };
  put("attempts", std::to_string(entry.attempts), ",\n");
  put("bucket_type", entry.kind == Kind::tried ? "2" : "1", ",\n");
  put("last_attempt", "\"" + conn::rfc3339_text(entry.last_attempt) + "\"", ",\n");
  put("last_success", "\"" + conn::rfc3339_text(entry.last_success) + "\"", ",\n");
  put("last_ban_time", "\"" + conn::rfc3339_text(entry.last_ban_time) + "\"", "\n");
  text += "\t\t}";
}

}  // namespace

void best_first(std::vector<JsonEntry>& entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const JsonEntry& one, const JsonEntry& other) {
                     const auto merit = [](const JsonEntry& entry) {
                       return std::tuple(entry.kind == Kind::tried, entry.last_success,
                                         -std::int64_t{entry.attempts});
                     };
                     return merit(one) > merit(other);
                   });
}

std::string json_text(std::string_view key, const std::vector<JsonEntry>& entries) {
  std::string text = "{\n\t\"key\": \"";
  text.append(key).append("\",\n\t\"addrs\": [");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    text += i == 0 ? "\n" : ",\n";
    put_entry(text, entries[i]);
  }
  text += entries.empty() ? "]\n}" : "\n\t]\n}";
  return text;
}

Exported choose_for_json(std::span<const KnownAddress> rows, std::string_view key, Time now) {
  std::map<conn::NodeId, const KnownAddress*> by_id;
  for (const KnownAddress& row : rows) {
    if (row.bad_until > now) continue;
    const KnownAddress*& stands = by_id[row.address.id];
    if (stands == nullptr || stands_for_id(row, *stands)) stands = &row;
  }
  std::vector<const KnownAddress*> chosen;
  chosen.reserve(by_id.size());
  for (const auto& [id, row] : by_id) chosen.push_back(row);
  std::sort(chosen.begin(), chosen.end(),
            [](const auto* one, const auto* other) { return better(*one, *other); });

  Buckets new_ones(kCometNewBuckets, key), tried(kCometOldBuckets, key);
  Exported exported;
  for (const KnownAddress* row : chosen) {
    JsonEntry entry = entry_of(*row);
    bool placed = entry.kind == Kind::tried && tried.place(entry);
    if (!placed) {
      entry.kind = Kind::new_;
      placed = new_ones.place(entry);
    }
    if (placed) exported.entries.push_back(std::move(entry));
  }
  exported.left_out = rows.size() - exported.entries.size();
  return exported;
}

std::string json_key(const BookKey& key) {
  static constexpr std::string_view kContext = "peerage: the key in addrbook.json";
  conn::ByteArray<crypto_generichash_BYTES> hash;
  crypto_generichash(hash.data(), hash.size(), conn::as_bytes(kContext).data(), kContext.size(),
                     key.data(), key.size());
  return conn::to_hex(conn::ByteView(hash).first(12));
}

std::string export_text(std::span<const KnownAddress> rows, std::string_view key, Time now) {
  return json_text(key, choose_for_json(rows, key, now).entries);
}

}  // namespace peerage::addrbook
