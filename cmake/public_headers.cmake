# The headers that are installed: what an embedder names, and what those include. All others are for
# the libraries alone, and may change with any commit.
#
#   a network of its own     p2p/switch.h, p2p/typed.h, p2p/requests.h, p2p/spdlog_sink.h,
#                            conn/runtime/asio_runtime.h, conn/address/node_key.h
#   a node, a seed           pex/node.h, pex/metrics.h
#   peer exchange by parts   pex/pex_reactor.h, pex/books/network_books.h
#   addresses, from a file   addrbook/file/store.h, addrbook/json/file.h
#   a remote signer          conn/comet/secret_handshake.h
#   a test in virtual time   tests/sim/sim_world.h (the component sim)
set(PEERAGE_PUBLIC_HEADERS
  addrbook/book/added.h
  addrbook/book/address_book.h
  addrbook/book/address_table.h
  addrbook/book/blame.h
  addrbook/book/book_report.h
  addrbook/book/bucket_table.h
  addrbook/book/change_log.h
  addrbook/book/contests.h
  addrbook/book/displacement.h
  addrbook/book/draw_list.h
  addrbook/book/group_draw.h
  addrbook/book/index_table.h
  addrbook/book/limits.h
  addrbook/book/moves.h
  addrbook/book/picker.h
  addrbook/book/placement.h
  addrbook/book/told_rate.h
  addrbook/file/book_file.h
  addrbook/file/contents.h
  addrbook/file/discovery_log.h
  addrbook/file/discovery_rows.h
  addrbook/file/group_sizes.h
  addrbook/file/provenance_log.h
  addrbook/file/store.h
  addrbook/json/file.h
  addrbook/record/book_clock.h
  addrbook/record/book_reason.h
  addrbook/record/known_address.h
  addrbook/record/reliability.h
  conn/address/ban_rule.h
  conn/address/cidr.h
  conn/address/ip_address.h
  conn/address/net_address.h
  conn/address/node_id.h
  conn/address/node_key.h
  conn/base/bytes.h
  conn/base/channel.h
  conn/base/failure.h
  conn/base/file_reason.h
  conn/base/histogram.h
  conn/base/keyed_hash.h
  conn/base/limits.h
  conn/base/log.h
  conn/base/random.h
  conn/base/reason.h
  conn/base/relaxed.h
  conn/base/rfc3339.h
  conn/base/time.h
  conn/comet/frame_aead.h
  conn/comet/frame_cipher.h
  conn/comet/limits.h
  conn/comet/secret_handshake.h
  conn/peer_connection.h
  conn/runtime/asio_runtime.h
  conn/runtime/peer_log.h
  conn/runtime/runtime.h
  conn/runtime/sync_wait.h
  p2p/admission/ban_list.h
  p2p/base/attempt_report.h
  p2p/base/counters.h
  p2p/base/dial_outlook.h
  p2p/base/dial_purpose.h
  p2p/base/direction.h
  p2p/base/draining.h
  p2p/base/limits.h
  p2p/base/link_id.h
  p2p/base/node_info.h
  p2p/base/p2p_config.h
  p2p/base/peer_reason.h
  p2p/base/reason_counts.h
  p2p/base/switch_config.h
  p2p/base/traffic.h
  p2p/peer/message.h
  p2p/peer/peer.h
  p2p/peer/peer_list.h
  p2p/peer/reactor.h
  p2p/peer/reactor_channel.h
  p2p/peer/reactor_stats.h
  p2p/peer/switch_events.h
  p2p/requests.h
  p2p/spdlog_sink.h
  p2p/switch.h
  p2p/typed.h
  pex/books/network_books.h
  pex/discovery/limits.h
  pex/discovery_config.h
  pex/exchange/counts.h
  pex/limits/limits.h
  pex/metrics.h
  pex/node.h
  pex/pex_reactor.h
)

set(PEERAGE_SIM_HEADERS
  tests/sim/event_queue.h
  tests/sim/sim_world.h
)
