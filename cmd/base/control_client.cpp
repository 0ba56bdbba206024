#include "cmd/base/control_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>

#include "cmd/base/unix_socket.h"
#include "conn/base/bytes.h"

namespace peerage::cmd {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;
template <typename T>
using Answer = tl::expected<T, ControlFailure>;

// Between two tries to connect to one that is busy.
constexpr std::chrono::milliseconds kRetry{20};

tl::unexpected<ControlFailure> fail(int exit_code, std::string reason, std::string message,
                                    std::string hint = {}) {
  return tl::unexpected(
      ControlFailure{exit_code, std::move(reason), std::move(message), std::move(hint)});
}

tl::unexpected<ControlFailure> no_answer() {
  return fail(ControlExit::kNoAnswer, "no_answer", "the node did not answer in time",
              "wait longer: --timeout 1m");
}

tl::unexpected<ControlFailure> node_ended() {
  return fail(ControlExit::kNoNode, "no_node", "the node ended before it answered");
}

// With the number that every request has: there is one on a connection.
std::string line_of(const std::string& method, const std::string& params) {
  return R"({"id":1,"method":)" + Json(method).dump() + R"(,"params":)" + params + "}\n";
}

class Connection {
 public:
  static Answer<Connection> to(const std::filesystem::path& path, Clock::time_point until) {
    const std::string shown = conn::printable(path.native(), 1024);
    for (;;) {
      auto socket = connect_socket(path);
      if (socket) return Connection(std::move(*socket));
      switch (socket.error()) {
        case EAGAIN:  // its queue is full
          if (Clock::now() >= until) return no_answer();
          std::this_thread::sleep_for(kRetry);
          continue;
        case ENOENT:
        case ECONNREFUSED:
        case ENOTDIR:
          return fail(ControlExit::kNoNode, "no_node", "no node is at " + shown,
                      "start one, or name its home (--home) or socket (--socket)");
        case EACCES:
        case EPERM:
          return fail(ControlExit::kNotPermitted, "not_permitted",
                      shown + ": this user may not use it",
                      "run it as the node's user, or as root");
        case ENAMETOOLONG:
          return fail(ControlExit::kWrongUsage, "invalid_params",
                      require_socket_path(path) ? shown + " is no path"
                                                : require_socket_path(path).error().detail);
        default:
          return fail(ControlExit::kFailed, "io_error",
                      shown + ": " + std::generic_category().message(socket.error()));
      }
    }
  }

  Answer<void> send(std::string_view text, Clock::time_point until) {
    while (!text.empty()) {
      const ssize_t sent =
          ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) {
        text.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EPIPE || errno == ECONNRESET) {
        return {};  // it may have said why: that is read next
      } else if (!wait_for(POLLOUT, until)) {
        return no_answer();
      }
    }
    return {};
  }

  // Without its end.
  Answer<std::string> read_line(std::optional<Clock::time_point> until) {
    std::size_t searched = 0;
    for (;;) {
      const std::size_t end = input_.find('\n', searched);
      if (end != std::string::npos) {
        std::string line = input_.substr(0, end);
        input_.erase(0, end + 1);
        return line;
      }
      searched = input_.size();
      if (searched > kMostAnswer) {
        return fail(ControlExit::kFailed, "too_long", "the answer is longer than any should be");
      }
      if (auto more = read_more(until); !more) return tl::unexpected(std::move(more.error()));
    }
  }

 private:
  explicit Connection(conn::Descriptor socket) : socket_(std::move(socket)) {}

  Answer<void> read_more(std::optional<Clock::time_point> until) {
    std::array<char, std::size_t{64} << 10>
        bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got > 0) {
        input_.append(bytes.data(), static_cast<std::size_t>(got));
        return {};
      }
      if (got == 0 || (errno != EAGAIN && errno != EINTR)) return node_ended();
      if (!wait_for(POLLIN, until)) return no_answer();
    }
  }

  // False: not in time.
  bool wait_for(short events, std::optional<Clock::time_point> until) const {
    static constexpr std::chrono::milliseconds kLongest = std::chrono::hours(1);
    auto left = kLongest;
    if (until) {
      left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now());
      if (left.count() <= 0) return false;
    }
    pollfd polled = {socket_.get(), events, 0};
    (void)::poll(&polled, 1, static_cast<int>(std::min(left, kLongest).count()));
    return true;
  }

  conn::Descriptor socket_;
  std::string input_;
};

std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Answer<std::string> result_of(const std::string& line) {
  const Json answer = Json::parse(line, nullptr, false);
  if (answer.is_object() && answer.contains("result") && answer["result"].is_object()) {
    return answer["result"].dump();
  }
  if (!answer.is_object() || !answer.contains("error") || !answer["error"].is_object()) {
    return fail(ControlExit::kFailed, "malformed", "what answered is no node of this program");
  }
  const Json& error = answer["error"];
  const auto code = error.find("code");
  const bool known = code != error.end() && code->is_number_integer() && *code < 0 && *code >= -5;
  return fail(known ? -code->get<int>() : ControlExit::kFailed, text_at(error, "reason"),
              text_at(error, "message"), text_at(error, "hint"));
}

// Asks, and waits for the answer.
Answer<std::string> ask(Connection& connection, const std::string& line, Clock::time_point until) {
  if (auto sent = connection.send(line, until); !sent) {
    return tl::unexpected(std::move(sent.error()));
  }
  return connection.read_line(until).and_then(result_of);
}

}  // namespace

Answer<std::string> control_request(const std::filesystem::path& socket, const std::string& method,
                                    const std::string& params, std::chrono::milliseconds within) {
  const auto until = Clock::now() + within;
  auto connection = Connection::to(socket, until);
  if (!connection) return tl::unexpected(std::move(connection.error()));
  return ask(*connection, line_of(method, params), until);
}

Answer<void> control_events(const std::filesystem::path& socket, const std::string& params,
                            std::chrono::milliseconds within,
                            const std::function<bool(const std::string& line)>& event) {
  const auto until = Clock::now() + within;
  auto connection = Connection::to(socket, until);
  if (!connection) return tl::unexpected(std::move(connection.error()));
  if (auto asked = ask(*connection, line_of("events", params), until); !asked) {
    return tl::unexpected(std::move(asked.error()));
  }
  for (;;) {
    const auto line = connection->read_line(std::nullopt);
    if (!line) return fail(ControlExit::kNoNode, "no_node", "the node has ended");
    if (!event(*line)) return {};
  }
}

}  // namespace peerage::cmd
