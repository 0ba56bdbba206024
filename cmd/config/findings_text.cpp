#include "cmd/config/findings_text.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include <nlohmann/json.hpp>

#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"notice", "warning", "error"};
constexpr std::array<std::string_view, 3> kColours = {"\x1b[36m", "\x1b[33m", "\x1b[1;31m"};
constexpr std::string_view kPlain = "\x1b[0m";

constexpr std::size_t kMaxText = 4096;  // bytes of a finding
constexpr std::size_t kMaxNames = 100;  // bytes of the names of settings that are told together

std::size_t index_of(Severity severity) {
  return static_cast<std::size_t>(severity);
}

std::string counted(std::size_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

void sort(std::vector<Finding>& findings) {
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::tie(b.severity, a.where, a.line) < std::tie(a.severity, b.where, b.line);
  });
}

std::string head(Severity severity, const FindingsForm& form) {
  const std::size_t index = index_of(severity);
  if (form.colour == FindingsForm::Colour::no) return std::string(kNames[index]) + ": ";
  return std::string(kColours[index]) + std::string(kNames[index]) + ":" + std::string(kPlain) +
         " ";
}

std::string shown_path(const std::string& file, const FindingsForm& form) {
  const std::string home = form.home.native();
  const bool below = !home.empty() && file.starts_with(home) && file.size() > home.size() + 1 &&
                     file[home.size()] == '/';
  return conn::printable(below ? file.substr(home.size() + 1) : file, 1024);
}

// "p2p.upnp", "proxy_app, db_backend", "[rpc]": what a finding of this kind begins with.
std::string names_of(const Finding& finding) {
  const std::size_t end =
      std::min(finding.text.find(" has no effect"), finding.text.find(" have no effect"));
  return finding.text.substr(0, end);
}

// One line for all that have no effect.
std::string together_text(const std::vector<const Finding*>& findings, const FindingsForm& form) {
  std::string names;
  std::size_t left_out = 0;
  for (const Finding* each : findings) {
    std::string name = names_of(*each);
    if (names.size() + name.size() + 2 > kMaxNames) {
      left_out += 1 + static_cast<std::size_t>(std::count(name.begin(), name.end(), ','));
    } else {
      names += (names.empty() ? "" : ", ") + name;
    }
  }
  std::string text = shown_path(findings.front()->where, form) + ": " +
                     head(Severity::notice, form) +
                     "no effect here: " + conn::printable(names, kMaxText);
  if (left_out > 0) text += (names.empty() ? "" : " and ") + std::to_string(left_out) + " more";
  return text + "; --all says why\n";
}

}  // namespace

std::string findings_text(std::vector<Finding> findings, const FindingsForm& form) {
  sort(findings);
  std::string text;
  std::array<std::size_t, kNames.size()> counts{};
  std::vector<const Finding*> together;
  for (const Finding& each : findings) {
    ++counts[index_of(each.severity)];
    const bool no_effect =
        each.kind == Finding::Kind::no_effect && each.severity == Severity::notice;
    if (no_effect && form.no_effect == FindingsForm::NoEffect::together) {
      together.push_back(&each);
      continue;
    }
    if (!each.where.empty()) {
      text += shown_path(each.where, form);
      if (each.line > 0) text += ":" + std::to_string(each.line);
      text += ": ";
    }
    text += head(each.severity, form) + conn::printable(each.text, kMaxText) + "\n";
  }
  if (!together.empty()) text += together_text(together, form);
  return text + counted(counts[2], "error") + ", " + counted(counts[1], "warning") + ", " +
         counted(counts[0], "notice") + "\n";
}

std::string findings_json(std::vector<Finding> findings) {
  sort(findings);
  std::string text;
  for (const Finding& each : findings) {
    nlohmann::ordered_json object = {{"severity", kNames[index_of(each.severity)]},
                                     {"text", each.text}};
    if (!each.where.empty()) object["file"] = each.where;
    if (each.line > 0) object["line"] = each.line;
    text += object.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
  }
  return text;
}

FindingsForm::Colour colour_of(const std::string& choice, bool is_terminal, const char* no_color,
                               const char* term) {
  using Colour = FindingsForm::Colour;
  if (choice == "always") return Colour::yes;
  if (choice == "never" || !is_terminal) return Colour::no;
  const bool unwanted = no_color != nullptr && *no_color != '\0';
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  return unwanted || dumb ? Colour::no : Colour::yes;
}

}  // namespace peerage::cmd
