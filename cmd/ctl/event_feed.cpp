#include "cmd/ctl/event_feed.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "cmd/ctl/peer_json.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

constexpr std::array<std::string_view, kFeedEventCount> kNames = {
    "connected", "gone", "dial_failed", "refused", "banned", "marked"};

constexpr std::uint8_t bit(std::size_t type) {
  return static_cast<std::uint8_t>(1u << type);
}

struct TypeOf {
  std::optional<FeedEvent> operator()(const p2p::Connected&) const { return FeedEvent::connected; }
  std::optional<FeedEvent> operator()(const p2p::Gone&) const { return FeedEvent::gone; }
  std::optional<FeedEvent> operator()(const p2p::DialFailed&) const {
    return FeedEvent::dial_failed;
  }
  std::optional<FeedEvent> operator()(const p2p::Refused&) const { return FeedEvent::refused; }
  std::optional<FeedEvent> operator()(const p2p::Banned&) const { return FeedEvent::banned; }
  std::optional<FeedEvent> operator()(const p2p::MarkedGood&) const { return FeedEvent::marked; }
  template <typename Other>
  std::optional<FeedEvent> operator()(const Other&) const {
    return std::nullopt;
  }
};

// Adds what the event says of itself.
struct Describe {
  Json& json;
  conn::TimePoint now;
  conn::WallTime wall;

  void operator()(const p2p::Connected& event) const { json["peer"] = peer_json(*event.peer); }
  void operator()(const p2p::Gone& event) const {
    json["peer"] = peer_json(*event.peer);
    json["lasted_s"] = seconds_of(event.lasted);
    json["ended_by"] = event.ended_by == conn::EndedBy::us ? "us" : "others";
    json["failure"] = failure_json(event.why);
  }
  void operator()(const p2p::DialFailed& event) const {
    json["address"] = event.target.to_string();
    json["network"] = conn::printable(event.network);
    json["failure"] = failure_json(event.failure);
  }
  void operator()(const p2p::Refused& event) const {
    json["address"] = event.remote.to_string();
    json["id"] = event.id ? Json(event.id->to_string()) : Json();
    json["failure"] = failure_json(event.failure);
  }
  void operator()(const p2p::Banned& event) const {
    json["target"] = to_string(event.ban.target);
    json["until"] = time_json(event.ban.until, now, wall);
    json["reason"] = conn::printable(event.ban.reason);
    json["origin"] = name(event.ban.origin);
  }
  void operator()(const p2p::MarkedGood& event) const { json["peer"] = peer_json(*event.peer); }
  template <typename Other>
  void operator()(const Other&) const {}
};

}  // namespace

std::string_view name(FeedEvent type) noexcept {
  return kNames[static_cast<std::size_t>(type)];
}

std::uint64_t EventFeed::add(const std::vector<std::string>& types, Listener listener) {
  Entry entry;
  entry.listener = std::make_shared<const Listener>(std::move(listener));
  for (std::size_t i = 0; i < kFeedEventCount; ++i) {
    entry.types[i] =
        types.empty() || std::find(types.begin(), types.end(), kNames[i]) != types.end();
  }
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = next_++;
  listeners_.emplace(number, std::move(entry));
  note_wanted();
  return number;
}

void EventFeed::remove(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  listeners_.erase(number);
  note_wanted();
}

void EventFeed::note_wanted() {
  std::uint8_t wanted = 0;
  for (const auto& [number, entry] : listeners_) {
    for (std::size_t i = 0; i < kFeedEventCount; ++i) {
      if (entry.types[i]) wanted = static_cast<std::uint8_t>(wanted | bit(i));
    }
  }
  wanted_ = wanted;
}

void EventFeed::on_event(const p2p::SwitchEvent& event, conn::TimePoint now, conn::WallTime wall) {
  const auto type = std::visit(TypeOf(), event);
  if (!type) return;
  const auto index = static_cast<std::size_t>(*type);
  if ((wanted_ & bit(index)) == 0) return;
  std::vector<std::shared_ptr<const Listener>> due;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, entry] : listeners_) {
      if (entry.types[index]) due.push_back(entry.listener);
    }
  }
  if (due.empty()) return;
  Json json = {{"event", name(*type)}, {"time", time_text(wall)}};
  std::visit(Describe{json, now, wall}, event);
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (const auto& listener : due) (*listener)(text);
}

}  // namespace peerage::cmd
