// The address book as a whole, and what was done to it: for people, and for programs.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "cmd/addrbook/addrbook.h"
#include "cmd/base/report_text.h"
#include "cmd/base/text_wrap.h"

namespace peerage::cmd {

using addrbook::BanRow;
using addrbook::Origin;
using conn::printable;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::size_t kLeastReason = 12;  // columns for the reason of a ban

constexpr std::array<std::string_view, BookStats::kSpans.size()> kSpanNames = {"2h", "8h", "1d",
                                                                               "1w"};

}  // namespace

std::string stats_text(const BookStats& stats) {
  std::string text;
  for (const auto& [network, of] : stats.networks) {
    Table table({1});
    const auto line = [&table](std::string label, std::size_t count, std::string more = {}) {
      table.row({"  " + std::move(label), std::to_string(count), std::move(more)});
    };
    line("addresses", of.addresses, "of " + std::to_string(of.groups) + " groups");
    line("new", of.in_new);
    line("old", of.in_tried);
    line("resting", of.resting);
    for (std::size_t i = 0; i < addrbook::kOriginCount; ++i) {
      if (of.by_origin[i] == 0) continue;
      line("from " + std::string(name(static_cast<Origin>(i))), of.by_origin[i]);
    }
    for (std::size_t i = 0; i < BookStats::kSpans.size(); ++i) {
      line("verified within " + std::string(kSpanNames[i]), of.verified_within[i]);
    }
    static constexpr std::size_t kShown = 5;
    for (std::size_t i = 0; i < std::min(kShown, of.failures.size()); ++i) {
      const auto& [reason, count] = of.failures[i];
      line("failed with " + std::string(name(reason)), count, std::string(explain(reason)));
    }
    text += "network " + printable(network, 64) + '\n' + table.text();
  }
  if (stats.networks.empty()) text += "no addresses\n";
  Table table;
  table.row({"bans", std::to_string(stats.bans)});
  table.row({"file", std::to_string((stats.file_bytes + 1023) / 1024) + " KiB",
             "schema version " + std::to_string(stats.schema_version)});
  return text + table.text();
}

std::string to_json(const BookStats& stats) {
  Json networks = Json::object();
  for (const auto& [network, of] : stats.networks) {
    Json origins = Json::object(), verified = Json::object(), failures = Json::object();
    for (std::size_t i = 0; i < addrbook::kOriginCount; ++i) {
      origins[std::string(name(static_cast<Origin>(i)))] = of.by_origin[i];
    }
    for (std::size_t i = 0; i < BookStats::kSpans.size(); ++i) {
      verified[std::string(kSpanNames[i])] = of.verified_within[i];
    }
    for (const auto& [reason, count] : of.failures) failures[std::string(name(reason))] = count;
    networks[printable(network)] = {{"addresses", of.addresses},   {"new", of.in_new},
                                    {"old", of.in_tried},          {"resting", of.resting},
                                    {"groups", of.groups},         {"origins", origins},
                                    {"verified_within", verified}, {"failures", failures}};
  }
  return Json{{"networks", networks},
              {"bans", stats.bans},
              {"file_bytes", stats.file_bytes},
              {"schema_version", stats.schema_version}}
      .dump();
}

std::string to_text(const Check& check) {
  std::string text;
  for (const std::string& each : check.found) text += each + '\n';
  for (const std::string& each : check.wrong) text += "WRONG: " + each + '\n';
  return text + (check.wrong.empty() ? "the book is sound\n" : "the book is not sound\n");
}

std::string to_json(const Check& check) {
  return Json{{"sound", check.wrong.empty()},
              {"addresses", check.addresses},
              {"bans", check.bans},
              {"found", check.found},
              {"wrong", check.wrong}}
      .dump();
}

// --- bans and imports ---

std::string bans_text(const std::vector<BanRow>& bans, Time now, Width width) {
  using Cells = std::vector<std::string>;
  std::vector<Cells> rows = {{"TARGET", "ENDS IN", "BY"}};
  if (width == Width::wide) rows.front().emplace_back("SINCE");
  std::vector<std::string> reasons = {"REASON"};
  for (const BanRow& ban : bans) {
    if (ban.until <= now) continue;
    rows.push_back(
        {p2p::to_string(ban.target), span_text(ban.until - now), std::string(name(ban.origin))});
    if (width == Width::wide) rows.back().push_back(ago(ban.added, now));
    reasons.push_back(text_or_nothing(ban.reason, BanRow::kMaxReason));
  }
  if (reasons.size() == 1) return "no bans are in force\n";
  // A reason has the room that is left.
  std::size_t used = 0;
  for (std::size_t i = 0; i < rows.front().size(); ++i) {
    std::size_t most = 0;
    for (const Cells& row : rows) most = std::max(most, row[i].size());
    used += most + 2;
  }
  const std::size_t left = kTextWidth - std::min(used, kTextWidth - kLeastReason);
  Table table;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string& reason = reasons[i];
    if (width == Width::narrow && reason.size() > left)
      reason.replace(left - 3, reason.size(), "...");
    rows[i].push_back(std::move(reason));
    table.row(std::move(rows[i]));
  }
  return table.text();
}

std::string to_json(const BanRow& ban) {
  return Json{{"target", p2p::to_string(ban.target)},
              {"until", stamp(ban.until)},
              {"added", stamp(ban.added)},
              {"origin", name(ban.origin)},
              {"reason", printable(ban.reason, BanRow::kMaxReason)}}
      .dump();
}

std::string to_text(const ImportReport& report) {
  Table table({1});
  table.row({"entries", std::to_string(report.entries)});
  for (std::size_t i = 0; i < report.outcomes.size(); ++i) {
    if (report.outcomes[i] == 0 && i > 0) continue;
    const auto outcome = static_cast<addrbook::Added>(i);
    const bool refused = outcome != addrbook::Added::added && outcome != addrbook::Added::known;
    table.row({(refused ? "refused: " : "") + std::string(name(outcome)),
               std::to_string(report.outcomes[i])});
  }
  if (report.bad_count > 0) table.row({"make no sense", std::to_string(report.bad_count)});
  std::string text = "network " + printable(report.network, 64) + '\n' + table.text();
  static constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < std::min(kShown, report.bad.size()); ++i) {
    const auto& bad = report.bad[i];
    text += "  line " + std::to_string(bad.line) + ": " + bad.why + '\n';
  }
  if (report.bad_count > kShown) text += "  ...\n";
  return text;
}

std::string to_json(const ImportReport& report) {
  Json outcomes = Json::object(), bad = Json::array();
  for (std::size_t i = 0; i < report.outcomes.size(); ++i) {
    outcomes[std::string(name(static_cast<addrbook::Added>(i)))] = report.outcomes[i];
  }
  for (const auto& each : report.bad) {
    bad.push_back({{"index", each.index}, {"line", each.line}, {"why", each.why}});
  }
  return Json{{"network", printable(report.network)},
              {"entries", report.entries},
              {"outcomes", outcomes},
              {"bad_count", report.bad_count},
              {"bad", bad}}
      .dump();
}

}  // namespace peerage::cmd
