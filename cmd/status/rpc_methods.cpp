#include "cmd/status/rpc_methods.h"

#include <algorithm>
#include <utility>

#include "cmd/status/go_json.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using Addresses = RpcHooks::Addresses;

constexpr RpcParameter kNetwork = {"network", RpcType::text, RpcParameter::Origin::ours};

tl::unexpected<RpcError> failed(RpcCode code, std::string why) {
  return tl::unexpected(RpcError{code, std::move(why)});
}

// --- health, status, net_info ---

// The network that is asked for, which may be none.
tl::expected<std::string, RpcError> wanted_network(const StatusSnapshot& node,
                                                   const RpcArguments& arguments) {
  std::string wanted = arguments.text(kNetwork.name);
  const bool served = wanted.empty() || std::any_of(node.networks.begin(), node.networks.end(),
                                                    [&wanted](const NetworkRow& each) {
                                                      return each.chain_id == wanted;
                                                    });
  if (served) return wanted;
  std::string others;
  for (const NetworkRow& each : node.networks) {
    if (!others.empty()) others += ", ";
    others += each.chain_id;
  }
  return failed(RpcCode::invalid_params,
                "network: this node serves " + others + ", not " + conn::printable(wanted, 64));
}

RpcMethod health() {
  return {"health", {}, [](const RpcArguments&) { return RpcResult("{}"); }};
}

RpcMethod status(std::shared_ptr<const StatusSnapshot> node) {
  return {
      "status", {kNetwork}, [node = std::move(node)](const RpcArguments& arguments) -> RpcResult {
        const auto network = wanted_network(*node, arguments);
        if (!network) return tl::unexpected(network.error());
        return status_result(*node, network->empty() ? node->own.network : *network);
      }};
}

RpcMethod net_info(std::shared_ptr<const StatusSnapshot> node, NetInfo shown) {
  return {"net_info",
          {kNetwork},
          [node = std::move(node), shown](const RpcArguments& arguments) -> RpcResult {
            const auto network = wanted_network(*node, arguments);
            if (!network) return tl::unexpected(network.error());
            return net_info_result(*node, *network, shown);
          }};
}

// --- dial_seeds, dial_peers ---

tl::expected<Addresses, RpcError> addresses_of(const RpcArguments& arguments,
                                               std::string_view list) {
  const RpcArguments::List texts = arguments.list(list);
  if (texts.empty()) {
    return failed(RpcCode::internal_error, "no " + std::string(list) + " provided");
  }
  Addresses addresses;
  for (const std::string& text : texts) {
    auto address = conn::HostAddress::parse(text);
    if (address) {
      addresses.push_back(std::move(*address));
      continue;
    }
    // A comet node's words.
    const std::string shown = "address (" + conn::printable(text, 128) + ")";
    const conn::Failure& why = address.error();
    return failed(RpcCode::internal_error, why.reason == conn::Reason::address_without_id
                                               ? shown + " does not contain ID"
                                               : "invalid " + shown + ": " + why.detail);
  }
  return addresses;
}

RpcResult dialling(std::string_view what, const conn::Result<void>& begun) {
  if (!begun) return failed(RpcCode::internal_error, begun.error().text());
  std::string text;
  GoJson json(text);
  json.begin_object();
  json.key("log").string("Dialing " + std::string(what) +
                         " in progress. See /net_info for details");
  json.end_object();
  return text;
}

RpcMethod dial_seeds(const RpcHooks& hooks) {
  return {"dial_seeds",
          {{"seeds", RpcType::list}},
          [&hooks](const RpcArguments& arguments) -> RpcResult {
            const auto addresses = addresses_of(arguments, "seeds");
            if (!addresses) return tl::unexpected(addresses.error());
            return dialling("seeds", hooks.dial_seeds(*addresses));
          }};
}

RpcMethod dial_peers(const RpcHooks& hooks) {
  return {"dial_peers",
          {{"peers", RpcType::list},
           {"persistent", RpcType::flag},
           {"unconditional", RpcType::flag},
           {"private", RpcType::flag}},
          [&hooks](const RpcArguments& arguments) -> RpcResult {
            const auto addresses = addresses_of(arguments, "peers");
            if (!addresses) return tl::unexpected(addresses.error());
            const DialMarks marks = {arguments.flag("persistent"), arguments.flag("unconditional"),
                                     arguments.flag("private")};
            return dialling("peers", hooks.dial_peers(*addresses, marks));
          }};
}

}  // namespace

RpcMethods rpc_methods(const std::shared_ptr<const StatusSnapshot>& node, NetInfo net_info_shown,
                       UnsafeMethods unsafe, const RpcHooks& hooks) {
  RpcMethods methods = {health(), net_info(node, net_info_shown), status(node)};
  if (unsafe == UnsafeMethods::served) {
    if (hooks.dial_seeds) methods.push_back(dial_seeds(hooks));
    if (hooks.dial_peers) methods.push_back(dial_peers(hooks));
  }
  // Events of a chain, on its WebSocket: a comet node knows them by GET, too, to say no.
  for (const char* each : {"subscribe", "unsubscribe", "unsubscribe_all"}) {
    methods.push_back({each, {}, nullptr});
  }
  return methods;
}

std::vector<std::string> rpc_method_names(UnsafeMethods unsafe, const RpcHooks& hooks) {
  std::vector<std::string> names;
  for (const RpcMethod& each : rpc_methods(nullptr, NetInfo::full, unsafe, hooks)) {
    names.push_back(each.name);
  }
  return names;
}

}  // namespace peerage::cmd
