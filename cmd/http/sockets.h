// The sockets that a server listens at, as the system has them: TCP, and Unix sockets, which are
// files that somebody may have left.
//
// Threads: any; nothing waits but for a Unix socket's answer to whether it is served, which comes
// at once.
#pragma once

#include <filesystem>
#include <optional>

#include <sys/stat.h>
#include <sys/types.h>

#include "conn/address/ip_address.h"
#include "conn/base/failure.h"
#include "conn/base/file.h"

namespace peerage::cmd {

// Not blocking, and closed in child processes. "::" takes IPv4 connections, too, and is 0.0.0.0
// where there is no IPv6. A failure names the address.
conn::Result<conn::Descriptor> listen_tcp(const conn::Endpoint& endpoint);

// Where a TCP socket is, and where its other end is. Nothing for a Unix socket.
std::optional<conn::Endpoint> local_endpoint(int socket);
std::optional<conn::Endpoint> remote_endpoint(int socket);

// A Unix socket that is listened at; its file goes with it, unless another has taken its name.
class UnixListener {
 public:
  // The longest path that a socket's address holds.
  static constexpr std::size_t kMaxPath = 107;

  // Only for its owner (mode 0600) from its first moment. One that nobody serves is replaced. A
  // failure names the path: it is too long, somebody serves it, it is no socket.
  static conn::Result<UnixListener> listen(const std::filesystem::path& path);
  ~UnixListener();
  UnixListener(UnixListener&& other) noexcept = default;
  UnixListener& operator=(UnixListener&&) = delete;

  int descriptor() const noexcept { return socket_.get(); }

 private:
  UnixListener(conn::Descriptor socket, std::filesystem::path path);

  conn::Descriptor socket_;
  std::filesystem::path path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace peerage::cmd
