#include "cmd/ctl/operator_lists.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace peerage::cmd {
namespace {

template <typename Entry>
bool say_each(ListWords<Entry>& words, const ListWords<Entry>& more) {
  bool changed = false;
  for (const auto& [text, each] : more.said()) changed |= words.say(each.entry, each.word);
  return changed;
}

template <typename Entry>
void drop_needless(ListWords<Entry>& words, const std::vector<Entry>& list) {
  std::vector<Entry> needless;
  for (const auto& [text, each] : words.said()) {
    const bool there = std::find(list.begin(), list.end(), each.entry) != list.end();
    if (there == (each.word == Word::added)) needless.push_back(each.entry);
  }
  for (const Entry& each : needless) words.take_back(each);
}

}  // namespace

bool say_all(ControlWords& words, const ControlWords& more) {
  const bool persistent = say_each(words.persistent_peers, more.persistent_peers);
  const bool seeds = say_each(words.seeds, more.seeds);
  const bool unconditional = say_each(words.unconditional_ids, more.unconditional_ids);
  const bool is_private = say_each(words.private_ids, more.private_ids);
  return persistent || seeds || unconditional || is_private;
}

void OperatorLists::set_settings(pex::NodeLists settings) {
  settings_ = std::move(settings);
  drop_needless();
}

bool OperatorLists::say(const ControlWords& words) {
  const ControlWords before = since_start_;
  say_all(since_start_, words);
  drop_needless();
  return !(since_start_ == before);
}

void OperatorLists::saved(const ControlWords& words) {
  say_all(since_start_, words);
  settings_ = words.on(std::move(settings_));
  drop_needless();
}

ControlWords OperatorLists::worth_saving(ControlWords words) const {
  for_each_list(words, settings_, [](const char*, auto& of_list, const auto& list) {
    auto all = of_list;
    for (const auto& [text, each] : all.said()) {
      const bool there = std::find(list.begin(), list.end(), each.entry) != list.end();
      if (!there && each.word == Word::removed) of_list.take_back(each.entry);
    }
  });
  return words;
}

void OperatorLists::drop_needless() {
  for_each_list(since_start_, settings_, [](const char*, auto& words, const auto& list) {
    cmd::drop_needless(words, list);
  });
}

}  // namespace peerage::cmd
