// A Unix socket in the file system that its owner alone may use: made, found, and removed at the
// end.
//
// A socket file that nobody accepts at (a process was killed) is replaced. One that is served
// stays, and so does a file of another kind.
//
// Source: unix(7). Threads: any; nothing waits for the other side.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

#include <sys/types.h>

#include "conn/base/failure.h"
#include "conn/base/file.h"

namespace peerage::cmd {

// Bytes of a socket's path (sun_path, without its end).
inline constexpr std::size_t kMostSocketPath = 107;
// A configuration error (config_malformed) that says so.
conn::Result<void> require_socket_path(const std::filesystem::path& path);

// The errno: ENOENT and ECONNREFUSED when nobody is there, EACCES when this user may not. The
// descriptor does not block.
tl::expected<conn::Descriptor, int> connect_socket(const std::filesystem::path& path);

class SocketListener {
 public:
  // Mode 0600. Failures: of require_socket_path; address_in_use; what the system says of the path.
  static conn::Result<SocketListener> open(const std::filesystem::path& path);
  SocketListener(SocketListener&&) noexcept = default;
  SocketListener& operator=(SocketListener&&) = delete;
  // Removes the file, if it is still the one that was made.
  ~SocketListener();

  int descriptor() const noexcept { return socket_.get(); }
  const std::filesystem::path& path() const noexcept { return path_; }
  // A connection that does not block; none (errno) when there is none.
  conn::Descriptor accept() const noexcept;

 private:
  SocketListener() = default;

  conn::Descriptor socket_;
  std::filesystem::path path_;
  dev_t device_ = 0;  // of the file
  ino_t number_ = 0;
};

// The process at the other end, as it was when it connected.
struct SocketPeer {
  uid_t uid = 0;
  pid_t pid = 0;
};
std::optional<SocketPeer> peer_of(int socket) noexcept;

}  // namespace peerage::cmd
