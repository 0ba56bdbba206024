// The TCP sockets of the Asio runtime: streams, the listener, and how errors and endpoints
// translate. Private to the runtime; what a stream or a listener promises stands in
// conn/runtime/runtime.h.
#pragma once

#include <functional>
#include <memory>

#include <asio/ip/tcp.hpp>

#include "conn/runtime/runtime.h"

namespace peerage::conn::asio_runtime {

using asio::ip::tcp;

tcp::endpoint to_asio(const Endpoint& endpoint);
Endpoint from_asio(const tcp::endpoint& endpoint);

// The reason that an errno stands for.
Reason reason_of(int error, Reason otherwise);

// What opening a socket at an address of ours ended with.
Failure bind_failure(const Endpoint& at, int error);

// An option that is an improvement and no condition: a kernel without it still serves.
void set_option(int socket, int level, int name, int value) noexcept;

// Whether a connection may keep this descriptor: the kReservedDescriptors below the soft limit (of
// a tiny limit, the last quarter) are left to the process: its files and pipes must still open
// when strangers have taken all they can get. The limit is read each time: a host may change it.
bool may_keep(int descriptor) noexcept;

// Takes a connected socket, and tunes it.
std::unique_ptr<Stream> make_stream(tcp::socket socket, const Endpoint& local,
                                    const Endpoint& remote);

Result<tcp::acceptor> open_acceptor(asio::io_context& context, const Endpoint& at);

// Takes a listening, non-blocking acceptor. `context_of` gives the context of the shard that claims
// an arrival.
using ContextOf = std::function<asio::io_context&(Shard&)>;
std::unique_ptr<Listener> make_listener(tcp::acceptor acceptor, Runtime::OnArrival on_arrival,
                                        ContextOf context_of);

}  // namespace peerage::conn::asio_runtime
