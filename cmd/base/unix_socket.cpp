#include "cmd/base/unix_socket.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conn/base/bytes.h"
#include "conn/base/file_reason.h"

namespace peerage::cmd {
namespace {

using conn::Descriptor;
using conn::fail;
using conn::Failure;
using conn::Reason;
using conn::Result;
using conn::Stage;

std::string shown(const std::filesystem::path& path) {
  return conn::printable(path.native(), 1024);
}

tl::unexpected<Failure> refused(const std::filesystem::path& path, int error) {
  const Reason reason = error == EADDRINUSE ? Reason(Reason::address_in_use)
                                            : conn::file_reason(error, Reason(Reason::io_error));
  return fail(Stage::configuration, reason,
              shown(path) + ": " + std::generic_category().message(error));
}

// Of a path that fits.
sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

Descriptor new_socket() {
  return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// Removes a socket file that nobody accepts at.
Result<void> clear_stale(const std::filesystem::path& path) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) {
    if (errno == ENOENT) return {};
    return refused(path, errno);
  }
  if (!S_ISSOCK(file.st_mode)) {
    return fail(Stage::configuration, Reason::config_malformed,
                shown(path) + " is there, and is no socket");
  }
  const auto other = connect_socket(path);
  // EAGAIN: it is served, and busy.
  if (other || other.error() == EAGAIN) {
    return fail(Stage::configuration, Reason::address_in_use,
                shown(path) + ": a process serves this socket");
  }
  if (other.error() != ECONNREFUSED) return refused(path, other.error());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return refused(path, errno);
  return {};
}

}  // namespace

Result<void> require_socket_path(const std::filesystem::path& path) {
  const std::string& text = path.native();
  if (text.empty() || text.find('\0') != std::string::npos) {
    return fail(Stage::configuration, Reason::config_malformed,
                "\"" + shown(path) + "\" is no path of a socket");
  }
  if (text.size() <= kMostSocketPath) return {};
  return fail(Stage::configuration, Reason::config_malformed,
              shown(path) + ": the path of a socket has at most " +
                  std::to_string(kMostSocketPath) + " bytes, and this one has " +
                  std::to_string(text.size()));
}

tl::expected<Descriptor, int> connect_socket(const std::filesystem::path& path) {
  if (!require_socket_path(path)) return tl::unexpected(ENAMETOOLONG);
  Descriptor socket = new_socket();
  if (!socket.is_open()) return tl::unexpected(errno);
  const sockaddr_un address = address_of(path);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), generic, sizeof(address)) != 0) return tl::unexpected(errno);
  return socket;
}

Result<SocketListener> SocketListener::open(const std::filesystem::path& path) {
  if (auto fits = require_socket_path(path); !fits) return tl::unexpected(std::move(fits.error()));
  if (auto clear = clear_stale(path); !clear) return tl::unexpected(std::move(clear.error()));
  SocketListener listener;
  listener.socket_ = new_socket();
  const int socket = listener.socket_.get();
  if (socket < 0) return refused(path, errno);
  // The mode with which the file comes to be, without a umask that would be all threads'.
  if (::fchmod(socket, S_IRUSR | S_IWUSR) != 0) return refused(path, errno);
  const sockaddr_un address = address_of(path);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return refused(path, errno);
  }
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) return refused(path, errno);
  listener.path_ = path;  // ours, and to be removed from here on
  listener.device_ = file.st_dev;
  listener.number_ = file.st_ino;
  // A umask may have taken a bit of ours.
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) return refused(path, errno);
  if (::listen(socket, SOMAXCONN) != 0) return refused(path, errno);
  return listener;
}

SocketListener::~SocketListener() {
  struct stat file {};
  if (!socket_.is_open() || path_.empty() || ::lstat(path_.c_str(), &file) != 0) return;
  if (file.st_dev == device_ && file.st_ino == number_) ::unlink(path_.c_str());
}

Descriptor SocketListener::accept() const noexcept {
  return Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

std::optional<SocketPeer> peer_of(int socket) noexcept {
  ucred found{};
  socklen_t size = sizeof(found);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &found, &size) != 0) return {};
  return SocketPeer{found.uid, found.pid};
}

}  // namespace peerage::cmd
