#include "pex/discovery/bucket.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace peerage::pex {
namespace {

// Of a vector of nodes, const or not.
template <typename Nodes>
auto find_in(Nodes& nodes, const EnodeId& id) -> decltype(nodes.data()) {
  const auto found = std::find_if(nodes.begin(), nodes.end(),
                                  [&id](const TableNode& node) { return node.contact.id == id; });
  return found == nodes.end() ? nullptr : &*found;
}

std::ptrdiff_t place_of(const std::vector<TableNode>& nodes, const TableNode& node) {
  return &node - nodes.data();
}

}  // namespace

TableNode* Bucket::entry(const EnodeId& id) {
  return find_in(entries, id);
}

const TableNode* Bucket::entry(const EnodeId& id) const {
  return find_in(entries, id);
}

TableNode* Bucket::replacement(const EnodeId& id) {
  return find_in(replacements, id);
}

TableNode* Bucket::any(const EnodeId& id) {
  TableNode* const found = entry(id);
  return found != nullptr ? found : replacement(id);
}

const TableNode* Bucket::any(const EnodeId& id) const {
  const TableNode* const found = entry(id);
  return found != nullptr ? found : find_in(replacements, id);
}

std::size_t Bucket::inbound() const {
  return static_cast<std::size_t>(
      std::count_if(entries.begin(), entries.end(),
                    [](const TableNode& node) { return node.heard_by == HeardBy::inbound; }));
}

bool Bucket::has_room(HeardBy how, const DiscoveryLimits& limits) const {
  return entries.size() < limits.bucket_entries &&
         (how != HeardBy::inbound || inbound() < limits.bucket_inbound);
}

void Bucket::add_entry(TableNode node) {
  entries.insert(entries.begin(), std::move(node));
}

void Bucket::settle(const TableNode& entry) {
  auto at = entries.begin() + place_of(entries, entry);
  while (std::next(at) != entries.end() && std::next(at)->live_at() <= at->live_at()) {
    std::iter_swap(at, std::next(at));
    ++at;
  }
  while (at != entries.begin() && std::prev(at)->live_at() > at->live_at()) {
    std::iter_swap(at, std::prev(at));
    --at;
  }
}

void Bucket::erase_entry(const TableNode& entry) {
  entries.erase(entries.begin() + place_of(entries, entry));
}

std::optional<TableNode> Bucket::add_replacement(TableNode node, const DiscoveryLimits& limits) {
  replacements.insert(replacements.begin(), std::move(node));
  if (replacements.size() <= limits.bucket_replacements) return std::nullopt;
  std::optional<TableNode> oldest(std::move(replacements.back()));
  replacements.pop_back();
  return oldest;
}

TableNode Bucket::take_replacement(const TableNode& replacement) {
  const auto at = replacements.begin() + place_of(replacements, replacement);
  TableNode taken = std::move(*at);
  replacements.erase(at);
  return taken;
}

const TableNode* Bucket::draw_replacement(const DiscoveryLimits& limits,
                                          const conn::RandomBelow& random) const {
  std::vector<const TableNode*> eligible;
  for (const TableNode& each : replacements) {
    if (has_room(each.heard_by, limits)) eligible.push_back(&each);
  }
  return eligible.empty() ? nullptr : eligible[random(eligible.size())];
}

}  // namespace peerage::pex
