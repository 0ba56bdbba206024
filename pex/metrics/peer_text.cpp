#include <array>
#include <charconv>
#include <chrono>
#include <map>
#include <string>

#include "pex/metrics/families.h"

namespace peerage::pex {
namespace {

using p2p::ChannelTraffic;
using p2p::Traffic;
using Type = MetricType;

// As Go prints a byte with %#x: "0x0", "0x20".
std::string text_of(conn::ChannelId id) {
  std::array<char, 2> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<unsigned>(id), 16)
          .ptr;
  return "0x" + std::string(digits.data(), end);
}

using OfChannel = std::uint64_t ChannelTraffic::*;

// Series of a peer that is not heard of on a channel do not exist, as in Go.
void write_peer_bytes(TextWriter& writer, const PeerSums& sums, const NetworkRows& rows,
                      OfChannel bytes) {
  for (const PeerSums::OnePeer& peer : sums.peers) {
    for (const ChannelTraffic& channel : peer.traffic.channels) {
      if (channel.*bytes == 0) continue;
      writer.value(
          {{"chID", text_of(channel.id)}, {"chain_id", rows.label(peer.row)}, {"peer_id", peer.id}},
          channel.*bytes);
    }
  }
}

void write_queued(TextWriter& writer, const PeerSums& sums, const NetworkRows& rows) {
  for (const PeerSums::OnePeer& peer : sums.peers) {
    writer.value({{"chain_id", rows.label(peer.row)}, {"peer_id", peer.id}}, peer.messages_queued);
  }
}

// By name: two channels may have one type.
std::map<std::string, ChannelTraffic::Type> types_of(
    const Traffic& traffic, const std::vector<p2p::ReactorFigures>& reactors) {
  std::map<std::string, ChannelTraffic::Type> types;
  for (const p2p::ReactorFigures& reactor : reactors) {
    for (const p2p::ReactorChannel& declared : reactor.channels) {
      for (const std::string& type : declared.message_types) types[type];
      for (const ChannelTraffic& channel : traffic.channels) {
        if (channel.id != declared.id) continue;
        for (std::size_t i = 0; i < channel.types.size(); ++i) {
          ChannelTraffic::Type& sum = types[declared.message_types[i]];
          sum.bytes_sent += channel.types[i].bytes_sent;
          sum.bytes_received += channel.types[i].bytes_received;
        }
      }
    }
  }
  return types;
}

void write_types(TextWriter& writer, const PeerSums& sums,
                 const std::vector<p2p::ReactorFigures>& reactors, const NetworkRows& rows,
                 std::uint64_t ChannelTraffic::Type::*bytes) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (const auto& [type, sum] : types_of(sums.rows[row].traffic, reactors)) {
      writer.value({{"chain_id", rows.label(row)}, {"message_type", type}}, sum.*bytes);
    }
  }
}

void write_channels(TextWriter& writer, const Traffic& traffic, OfChannel figure) {
  for (const ChannelTraffic& channel : traffic.channels) {
    writer.value({{"channel", text_of(channel.id)}}, channel.*figure);
  }
}

void write_both_ways(TextWriter& writer, const Traffic& traffic, OfChannel sent,
                     OfChannel received) {
  for (const ChannelTraffic& channel : traffic.channels) {
    const std::string id = text_of(channel.id);
    writer.value({{"channel", id}, {"direction", "sent"}}, channel.*sent);
    writer.value({{"channel", id}, {"direction", "received"}}, channel.*received);
  }
}

constexpr std::array<std::string_view, 2> kDirections = {"inbound", "outbound"};

void write_kinds(TextWriter& writer, const PeersView& view) {
  for (std::size_t row = 0; row < view.rows.size(); ++row) {
    for (std::size_t direction = 0; direction < kDirections.size(); ++direction) {
      for (std::size_t kind = 0; kind < kPeerKindCount; ++kind) {
        const std::uint64_t peers = view.sums.rows[row].peers[direction][kind];
        const bool is_rare = static_cast<PeerKind>(kind) != PeerKind::ordinary;
        // A further network has few series.
        if (row > 0 && is_rare && peers == 0) continue;
        writer.value({{"chain_id", view.rows.label(row)},
                      {"direction", kDirections[direction]},
                      {"kind", name(static_cast<PeerKind>(kind))}},
                     peers);
      }
    }
  }
}

}  // namespace

void write_comet(TextWriter& writer, const std::string& prefix, const PeerSums& sums,
                 const std::vector<p2p::ReactorFigures>& reactors, const NetworkRows& rows) {
  const auto family = [&](const char* name, Type type, const char* help) {
    writer.family(prefix + "_p2p_" + name, type, help);
  };
  family("peers", Type::gauge, "Number of peers.");
  for (std::size_t row = 0; row < rows.size(); ++row) {
    writer.value({{"chain_id", rows.label(row)}}, sums.rows[row].all_peers());
  }
  family("message_receive_bytes_total", Type::counter,
         "Number of bytes of each message type received.");
  write_types(writer, sums, reactors, rows, &ChannelTraffic::Type::bytes_received);
  family("message_send_bytes_total", Type::counter, "Number of bytes of each message type sent.");
  write_types(writer, sums, reactors, rows, &ChannelTraffic::Type::bytes_sent);
  family("peer_receive_bytes_total", Type::counter, "Number of bytes received from a given peer.");
  write_peer_bytes(writer, sums, rows, &ChannelTraffic::bytes_received);
  family("peer_send_bytes_total", Type::counter, "Number of bytes sent to a given peer.");
  write_peer_bytes(writer, sums, rows, &ChannelTraffic::bytes_sent);
  // Not bytes: its help is comet's, too, so that a reader of both sees one family.
  family("peer_pending_send_bytes", Type::gauge, "Pending bytes to be sent to a given peer.");
  write_queued(writer, sums, rows);
  family("peer_send_queue_size", Type::gauge,
         "Number of messages that are currently being sent to a given peer.");
  write_queued(writer, sums, rows);
}

void write_peers(TextWriter& writer, const PeersView& view) {
  const p2p::SwitchSnapshot& now = view.snapshot;
  const PeerSums& sums = view.sums;
  writer.family("peerage_peers", Type::gauge, "Peers.");
  write_kinds(writer, view);
  writer.family("peerage_peer_slots", Type::gauge, "Slots for peers that no list names.");
  writer.value({{"direction", "inbound"}}, std::uint64_t{now.inbound_slots});
  writer.value({{"direction", "outbound"}}, std::uint64_t{now.outbound_slots});
  writer.family("peerage_peer_slots_used", Type::gauge, "Slots that are taken.");
  writer.value({{"direction", "inbound"}}, std::uint64_t{now.inbound});
  writer.value({{"direction", "outbound"}}, std::uint64_t{now.outbound});
  writer.family("peerage_persistent_peers_down", Type::gauge,
                "Persistent peers that are not connected.");
  writer.value({}, view.persistent_down);
  writer.family("peerage_peer_metrics_suppressed", Type::gauge,
                "1 when there are too many peers for series of each.");
  writer.value({}, std::uint64_t{view.peers_suppressed});

  writer.family("peerage_wire_bytes_total", Type::counter, "Bytes of frames.");
  writer.value({{"direction", "sent"}}, sums.traffic.wire_sent);
  writer.value({{"direction", "received"}}, sums.traffic.wire_received);
  const auto seconds = [](conn::Duration wait) {
    return std::chrono::duration<double>(wait).count();
  };
  writer.family(
      "peerage_limiter_wait_seconds_total", Type::counter,
      "For how long the rates have held peers' messages back, of all peers; a wait counts "
      "when it has ended.");
  writer.value({{"direction", "sent"}}, seconds(sums.traffic.send_rate_wait));
  writer.value({{"direction", "received"}}, seconds(sums.traffic.receive_rate_wait));
  writer.family("peerage_messages_total", Type::counter, "Messages of reactors.");
  write_both_ways(writer, sums.traffic, &ChannelTraffic::messages_sent,
                  &ChannelTraffic::messages_received);
  writer.family("peerage_message_bytes_total", Type::counter,
                "Bytes of messages, before packets and frames.");
  write_both_ways(writer, sums.traffic, &ChannelTraffic::bytes_sent,
                  &ChannelTraffic::bytes_received);
  writer.family("peerage_send_refused_total", Type::counter,
                "Messages that found no room in a send queue.");
  write_channels(writer, sums.traffic, &ChannelTraffic::send_refused);
  writer.family("peerage_inbox_dropped_total", Type::counter,
                "Received messages that found no room in an inbox.");
  write_channels(writer, sums.traffic, &ChannelTraffic::inbox_dropped);
  writer.family("peerage_inbox_paused_total", Type::counter,
                "Times that reading from a peer stopped until reactors had made room.");
  write_channels(writer, sums.traffic, &ChannelTraffic::inbox_paused);

  const auto gauge = [&writer](const char* name, const char* help, std::uint64_t value) {
    writer.family(name, Type::gauge, help);
    writer.value({}, value);
  };
  gauge("peerage_send_queue_bytes", "Bytes of messages that wait to be sent, of all peers.",
        sums.send_queue_bytes);
  gauge("peerage_inbox_bytes", "Bytes of messages that reactors have not released, of all peers.",
        sums.inbox_bytes);
  gauge("peerage_reassembly_bytes", "Bytes of half-received messages, of all peers.",
        sums.reassembly_bytes);
  gauge("peerage_frame_bytes", "Bytes of frames on their way through a socket, of all peers.",
        sums.frame_bytes);
}

void write_reactors(TextWriter& writer, const std::vector<p2p::ReactorFigures>& reactors) {
  writer.family("peerage_inbox_wait_seconds", Type::histogram,
                "From a message's arrival until its reactor takes it.");
  for (const p2p::ReactorFigures& each : reactors) {
    writer.histogram({{"reactor", each.name}}, each.stats->wait());
  }
  writer.family("peerage_reactor_receive_seconds", Type::histogram,
                "A reactor's time with one message.");
  for (const p2p::ReactorFigures& each : reactors) {
    writer.histogram({{"reactor", each.name}}, each.stats->receive());
  }
  writer.family("peerage_reactor_failures_total", Type::counter,
                "Exceptions that have left a reactor's calls.");
  for (const p2p::ReactorFigures& each : reactors) {
    writer.value({{"reactor", each.name}}, each.stats->failures());
  }
}

}  // namespace peerage::pex
