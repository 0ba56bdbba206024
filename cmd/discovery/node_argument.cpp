#include "cmd/discovery/node_argument.h"

#include <istream>
#include <iterator>

#include "conn/base/file.h"
#include "conn/base/file_reason.h"
#include "conn/base/split_list.h"

namespace peerage::cmd {
namespace {

constexpr std::size_t kMostFile = std::size_t{16} << 20;  // bytes

using conn::Reason;
using conn::Stage;

bool is_node_text(std::string_view text) {
  return text.starts_with("enr:") || text.starts_with("enode:");
}

tl::unexpected<conn::Failure> unusable(std::string why) {
  return conn::fail(Stage::configuration, Reason::invalid_argument, std::move(why));
}

void read_text(std::string_view text, std::vector<NamedNode>& into) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    for (const std::string_view word : conn::split_list(line.substr(0, line.find('#')))) {
      into.push_back({std::string(word), parse_node(word)});
    }
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
}

conn::Result<std::string> contents_of(const std::string& argument, std::istream& in) {
  if (argument == "-") return std::string(std::istreambuf_iterator<char>(in), {});
  auto text = conn::read_file(argument, kMostFile);
  if (text) return *std::move(text);
  const conn::FileError& error = text.error();
  if (error.kind == conn::FileError::Kind::missing) {
    return unusable("it begins with neither enr: nor enode:, and there is no such file");
  }
  return conn::fail(Stage::configuration, conn::file_reason(error.number, Reason::io_error),
                    error.what);
}

}  // namespace

conn::Result<NodeName> parse_node(std::string_view text) {
  if (text.starts_with("enode:")) return pex::EnodeUrl::parse(text);
  return pex::Enr::parse(text);
}

std::vector<NamedNode> read_nodes(const std::vector<std::string>& arguments, std::istream& in) {
  std::vector<NamedNode> nodes;
  for (const std::string& argument : arguments) {
    if (is_node_text(argument)) {
      read_text(argument, nodes);
      continue;
    }
    const auto text = contents_of(argument, in);
    if (text) {
      read_text(*text, nodes);
    } else {
      nodes.push_back({argument, tl::unexpected(text.error())});
    }
  }
  return nodes;
}

std::string name_to_look_up(const NodeName& node) {
  const auto* url = std::get_if<pex::EnodeUrl>(&node);
  if (url == nullptr || url->host.empty() || url->udp_endpoint()) return {};
  return url->host;
}

conn::Result<pex::Contact> contact_of(const NodeName& node,
                                      const std::optional<conn::IpAddress>& found) {
  if (const auto* record = std::get_if<pex::EnrPtr>(&node)) {
    auto contact = pex::Contact::of(*record);
    if (contact) return *std::move(contact);
    return unusable("the record names no UDP endpoint");
  }
  const auto& url = std::get<pex::EnodeUrl>(node);
  auto endpoint = url.udp_endpoint();
  if (!endpoint && found) endpoint = conn::Endpoint{*found, url.udp};
  if (!endpoint) return unusable("the URL names no address");
  if (endpoint->port == 0) return unusable("the URL's UDP port is 0");
  return pex::Contact::at(url.key, *endpoint, url.tcp);
}

}  // namespace peerage::cmd
