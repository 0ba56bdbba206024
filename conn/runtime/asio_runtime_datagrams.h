// Datagrams on Asio: thirty-two in a call of the system (recvmmsg, sendmmsg), which Asio has not;
// of Asio is the waiting alone. Private to conn/runtime/asio_runtime.cpp; what a socket promises
// stands in conn/runtime/runtime.h.
//
// A socket has one buffer, for one batch, and allocates nothing after it was opened. It asks the
// system to tell with each datagram which address of ours it came to, and how many were lost
// because the receive buffer was full.
#pragma once

#include <cstddef>
#include <memory>

#include <asio/io_context.hpp>

#include "conn/runtime/runtime.h"

namespace peerage::conn::asio_runtime {

Result<std::unique_ptr<DatagramSocket>> open_datagrams(asio::io_context& context,
                                                       const Endpoint& at, std::size_t longest);

}  // namespace peerage::conn::asio_runtime
