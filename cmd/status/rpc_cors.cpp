#include "cmd/status/rpc_cors.h"

#include <algorithm>
#include <string_view>

#include "conn/base/split_list.h"

namespace peerage::cmd {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

// Both in lower case.
bool matches(std::string_view pattern, std::string_view origin) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == origin;
  const std::string_view before = pattern.substr(0, star);
  const std::string_view after = pattern.substr(star + 1);
  return origin.size() >= before.size() + after.size() && origin.starts_with(before) &&
         origin.ends_with(after);
}

bool allows_any(const CorsSettings& cors) {
  return std::find(cors.origins.begin(), cors.origins.end(), "*") != cors.origins.end();
}

// What a browser sends as an origin has nothing else; it is said again in the answer.
bool is_origin(std::string_view text) {
  static constexpr std::string_view kOthers = ".:/-_[]";
  return text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  kOthers.find(c) != std::string_view::npos;
         });
}

bool allows_origin(const CorsSettings& cors, std::string_view origin) {
  if (!is_origin(origin)) return false;
  return std::any_of(cors.origins.begin(), cors.origins.end(),
                     [&](const std::string& each) { return matches(lower(each), lower(origin)); });
}

bool has(const std::vector<std::string>& list, std::string_view wanted) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& each) { return lower(each) == lower(wanted); });
}

bool allows_headers(const CorsSettings& cors, std::string_view wanted) {
  if (has(cors.headers, "*")) return true;
  const auto each = conn::split_list(wanted);
  return std::all_of(each.begin(), each.end(), [&cors](std::string_view name) {
    return lower(name) == "origin" || has(cors.headers, name);
  });
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& each : list) {
    if (!text.empty()) text += ", ";
    text += each;
  }
  return text;
}

void allow_origin(const CorsSettings& cors, const std::string& origin, HttpAnswer& answer) {
  answer.headers.emplace_back("Access-Control-Allow-Origin", allows_any(cors) ? "*" : origin);
}

std::string_view text_of(const std::string* header) {
  return header == nullptr ? std::string_view() : *header;
}

}  // namespace

HttpAnswer answer_preflight(const CorsSettings& cors, const HttpRequest& request) {
  HttpAnswer answer;
  answer.status = 204;
  answer.headers.emplace_back(
      "Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  const std::string* origin = request.header("origin");
  const std::string* method = request.header("access-control-request-method");
  const std::string_view headers = text_of(request.header("access-control-request-headers"));
  if (origin == nullptr || method == nullptr || !allows_origin(cors, *origin) ||
      !has(cors.methods, *method) || !allows_headers(cors, headers)) {
    return answer;
  }
  allow_origin(cors, *origin, answer);
  answer.headers.emplace_back("Access-Control-Allow-Methods", joined(cors.methods));
  if (!headers.empty()) {
    answer.headers.emplace_back("Access-Control-Allow-Headers", joined(cors.headers));
  }
  return answer;
}

bool is_of_foreign_page(const CorsSettings& cors, const HttpRequest& request) {
  if (const std::string* origin = request.header("origin")) {
    if (allows_origin(cors, *origin)) return false;
    const std::size_t scheme = origin->find("://");
    return scheme == std::string::npos ||
           lower(origin->substr(scheme + 3)) != lower(text_of(request.header("host")));
  }
  // A link or an image has no origin, but browsers say that the page is another site's.
  const std::string* site = request.header("sec-fetch-site");
  return site != nullptr && *site != "same-origin" && *site != "none";
}

void add_cors(const CorsSettings& cors, const HttpRequest& request, HttpAnswer& answer) {
  if (cors.origins.empty()) return;
  answer.headers.emplace_back("Vary", "Origin");
  const std::string* origin = request.header("origin");
  if (origin == nullptr || !allows_origin(cors, *origin) || !has(cors.methods, request.method)) {
    return;
  }
  allow_origin(cors, *origin, answer);
}

}  // namespace peerage::cmd
