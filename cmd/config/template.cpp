// The config.toml that `peerage init` writes.
#include <utility>

#include "cmd/config/config.h"
#include "cmd/config/toml_table.h"

namespace peerage::cmd {

std::string Config::template_text(std::string_view moniker, std::string_view network) {
  std::string text =
      R"(# Configuration of a Peerage node. The keys of [p2p] are those of a comet node.

# What others see as this node's name: printable ASCII.
moniker = @MONIKER@

# The file with this node's identity, relative to the home directory.
node_key_file = "config/node_key.json"

# What is logged: debug, info, warn, error or none, or by module: "p2p:debug,*:error". How: plain or
# json.
log_level = "info"
log_format = "plain"

[peerage]

# The network (chain ID) this node belongs to. Several, separated by commas, are served on one port;
# "*" is whatever a dialler names. When empty, config/genesis.json says it.
network = @NETWORK@

# The address book, relative to the home directory.
book_file = "data/addrbook.db"

# A crawl: addresses visited at a time (1 to 1000), and how long a visit may take.
crawl_parallel = 16
visit_timeout = "5s"

# How long a peer may stay at a seed.
seed_peer_lifetime = "5m"

# A seed's inbound slots. Without it, max_num_inbound_peers, unless that is 40, a node's default; then
# 512.
# seed_inbound_peers = 512

# How often the log has a line that sums up, 100ms at least; 0s is never.
summary_interval = "1m"

# Log each peer that comes or goes, at info.
log_peers = false

# Peers at one host (an IPv4 address, an IPv6 /64); 0 is unlimited. Without it, 1, for a seed 4, or
# unlimited with allow_duplicate_ip.
# max_peers_per_ip = 1

# IDs of nodes that come first, with slots and budgets of their own, as validators should:
# comma-separated.
named_nodes = ""

# Networks without a limit of peers for a host, with a much higher connection rate, and whose hosts
# each contest slots as a network of its own: comma-separated, "203.0.113.0/24".
exempt_networks = ""

# Threads that connections live on; 0 is one for each of the machine's.
shards = 1

# Lists of verified addresses, to be pasted (/peers, /addrbook.json and others), and /livez and /readyz
# for load balancers: where they are served. Empty is nowhere; "127.0.0.1:8080" is for this machine,
# and unix:///PATH for a proxy on it.
http_laddr = ""

# The names by which others reach this and the other HTTP servers; a request for another host is
# refused. Comma-separated; without a port: at any.
http_hosts = ""

# The socket of `peerage ctl`, relative to the home directory; empty is none.
control_socket = "data/control.sock"

# Metrics of each peer: "auto" is up to 64 peers, and none for a seed; "off"; or up to how many.
peer_metrics = "auto"

# Which peers /net_info shows: "full", "outbound" or "off". IDs of private_peer_ids never.
net_info = "full"

# When /readyz says yes: so many verified addresses in each network for a seed, so many peers for
# another node.
ready_verified = 1
ready_peers = 0

# After a SIGTERM, how long /readyz says no before nobody is let in any more; a load balancer's
# interval.
drain_delay = "0s"

[peerage.discovery]

# Find nodes over UDP: "v4", "both" (which is discv4 alone, until this program speaks discv5) or "off".
protocols = "off"

# Where, as IP:PORT; when empty, the IP and the port number of p2p.laddr.
laddr = ""

# The key, relative to the home directory, made at the first start. It is not the node's.
key_file = "config/discovery_key"

# Nodes to begin with: enr:... and enode://..., comma-separated.
bootnodes = ""

# The address in the node's own record: "vote" is what others see, "fixed:IP", "name:HOST",
# "interface" or "interface:NAME", or "none".
external_ip = "vote"

[rpc]

# health, status and net_info as a comet node answers them: "tcp://127.0.0.1:26657". Empty is nowhere.
laddr = ""

# With true, dial_seeds and dial_peers as well.
unsafe = false

[instrumentation]

# Metrics for Prometheus, a comet node's under its names, and ours as peerage_...
prometheus = false
prometheus_listen_addr = ":26660"
namespace = "cometbft"

[p2p]

# Where to listen.
laddr = "tcp://0.0.0.0:26656"

# What to advertise instead, when others reach this node elsewhere: host:port. A name is resolved.
external_address = ""

# Nodes to ask for addresses, and nodes to stay connected to: comma-separated ID@host:port.
seeds = ""
persistent_peers = ""

# The address book of a comet node. When it is named here, its addresses are taken over, and it is
# kept up to date beside ours, both for the first network if there are several; the original stays
# as addrbook.json.before-peerage.
# addr_book_file = "config/addrbook.json"

# With true, private and unroutable addresses are not kept. Set it to false on a private network.
addr_book_strict = true

max_num_inbound_peers = 40
max_num_outbound_peers = 10

# IDs that are always let in, and IDs that are never passed on to others: comma-separated.
unconditional_peer_ids = ""
private_peer_ids = ""

# The longest pause between two attempts to reach a persistent peer; 0s leaves it to the backoff.
persistent_peers_max_dial_period = "0s"

# Bytes per second for each connection; 0 is unlimited.
send_rate = 5120000
recv_rate = 5120000

# Bytes of a message in one packet, as all nodes of the network have it: at most so many are taken,
# and sent. Without it, 65536 are taken and 1024 sent, which any node understands.
# max_packet_msg_payload_size = 1024

# Exchange addresses with peers; only crawl and serve addresses.
pex = true
seed_mode = false

# Let several peers in from one host.
allow_duplicate_ip = false

# From accept to admission; never more than 5s.
handshake_timeout = "5s"
dial_timeout = "3s"
)";
  // From the end: inserted text is not searched.
  for (const auto& [mark, value] :
       {std::pair<std::string_view, std::string_view>{"@NETWORK@", network},
        {"@MONIKER@", moniker}}) {
    text.replace(text.find(mark), mark.size(), toml_quoted(value));
  }
  return text;
}

}  // namespace peerage::cmd
