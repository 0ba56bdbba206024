#include "cmd/ctl/server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/base/unix_socket.h"
#include "cmd/ctl/mailbox.h"
#include "cmd/ctl/request.h"

namespace peerage::cmd {
namespace {

using conn::Descriptor;
using conn::TimePoint;

constexpr std::size_t kReadAtOnce = std::size_t{16} << 10;
// Without descriptors for another connection, it is tried again after this.
constexpr conn::Duration kAcceptPause = std::chrono::seconds(1);

TimePoint clock_now() {
  return TimePoint(std::chrono::steady_clock::now().time_since_epoch());
}

// Milliseconds, rounded up, so that what is waited for has come then; -1: for ever.
int poll_time(std::optional<TimePoint> until, TimePoint now) {
  static constexpr conn::Duration kLongest = std::chrono::hours(1);
  if (!until) return -1;
  const conn::Duration span = std::clamp(*until - now, conn::Duration(0), kLongest);
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(span).count());
}

void keep_earlier(std::optional<TimePoint>& time, std::optional<TimePoint> other) {
  if (other && (!time || *other < *time)) time = other;
}

bool is_retried(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

// To one that is not let in.
void send_refusal(int socket, const CtlError& error) {
  const std::string line = answer_line("null", tl::unexpected(error));
  [[maybe_unused]] const ssize_t sent =
      ::send(socket, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

// The thread and its connections.
class CtlServer::Loop {
 public:
  Loop(SocketListener listener, const CtlServerSettings& settings, conn::Log log)
      : settings_(settings), log_(std::move(log)), listener_(std::move(listener)) {}

  bool works() const noexcept { return mailbox_->works(); }

  void start(Control& control) {
    control_ = &control;
    thread_ = std::thread([this] { run(); });
  }

  void stop() {
    stopping_ = true;
    mailbox_->wake();
    if (thread_.joinable()) thread_.join();
    listener_.reset();
  }

  const CtlCounts& counts() const noexcept { return counts_; }

 private:
  struct Connection {
    Descriptor socket;  // closed: the other side is gone
    CtlSession session;
    std::optional<Control::Subscription> subscription{};
  };
  using Connections = std::map<CtlMailbox::Connection, Connection>;

  void run() {
    std::optional<TimePoint> farewell;
    while (!farewell || (!connections_.empty() && clock_now() < *farewell)) {
      wait(farewell);
      const TimePoint now = clock_now();
      deliver(now);
      if (stopping_ && !farewell) {
        farewell = now + kFarewell;
        for (auto& each : connections_) each.second.session.stop(now);
      }
      for (auto& each : connections_) serve(each.first, each.second, now);
      remove_over();
    }
    for (auto& each : connections_) unsubscribe(each.second);
    connections_.clear();
  }

  // --- waiting ---

  // Until there is something to do; what is ready is noted in `ready_`.
  void wait(std::optional<TimePoint> until) {
    const TimePoint now = clock_now();
    const bool accepts = !until && accept_from_ <= now;
    if (!until && !accepts) until = accept_from_;
    std::vector<pollfd> polled = {{mailbox_->descriptor(), POLLIN, 0},
                                  {accepts ? listener_->descriptor() : -1, POLLIN, 0}};
    for (auto& [number, connection] : connections_) {
      polled.push_back(interest_of(connection));
      keep_earlier(until, connection.session.deadline());
    }
    if (::poll(polled.data(), polled.size(), poll_time(until, now)) < 0) {
      for (pollfd& each : polled) each.revents = 0;
    }
    auto each = polled.begin() + 2;
    for (auto& [number, connection] : connections_) read(connection, (each++)->revents);
    if (polled[1].revents != 0) accept_all();
  }

  static pollfd interest_of(const Connection& connection) {
    const CtlSession& session = connection.session;
    short events = 0;
    if (session.wants_bytes()) events |= POLLIN;
    if (!session.unsent().empty()) events |= POLLOUT;
    // A socket is polled for its end, too: without an interest it would be reported for ever.
    const bool polled = events != 0 || connection.subscription;
    return {polled ? connection.socket.get() : -1, events, 0};
  }

  // --- connections ---

  void accept_all() {
    for (;;) {
      Descriptor socket = listener_->accept();
      if (!socket.is_open()) {
        const bool none = is_retried(errno) || errno == ECONNABORTED;
        if (!none) accept_from_ = clock_now() + kAcceptPause;
        return;
      }
      admit(std::move(socket));
    }
  }

  void admit(Descriptor socket) {
    const auto peer = peer_of(socket.get());
    if (!peer || (peer->uid != settings_.owner.value_or(::geteuid()) && peer->uid != 0)) {
      return send_refusal(socket.get(), {-5, "not_permitted", "this user may not control the node",
                                         "run it as the node's user, or as root"});
    }
    if (connections_.size() >= settings_.connections) {
      return send_refusal(socket.get(),
                          {-1, "too_many_connections",
                           "there are " + std::to_string(connections_.size()) +
                               " connections to the control socket, which is the most",
                           "close one of them"});
    }
    CtlSession session({peer->uid, peer->pid}, counts_, log_, clock_now(), settings_.limits);
    connections_.emplace(++last_connection_, Connection{std::move(socket), std::move(session)});
  }

  void read(Connection& connection, int ready) {
    if ((ready & (POLLIN | POLLHUP | POLLERR)) == 0) return;
    const TimePoint now = clock_now();
    if (!connection.session.wants_bytes()) {
      if ((ready & (POLLHUP | POLLERR)) != 0) hang_up(connection, now);
      return;
    }
    std::array<char, kReadAtOnce> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const ssize_t got = ::recv(connection.socket.get(), bytes.data(), bytes.size(), 0);
    if (got > 0) {
      connection.session.receive({bytes.data(), static_cast<std::size_t>(got)}, now);
    } else if (got == 0) {
      connection.session.receive_end(now);
    } else if (!is_retried(errno)) {
      hang_up(connection, now);
    }
  }

  // Carries out what a session asks for, until it asks for nothing more.
  void serve(CtlMailbox::Connection number, Connection& connection, TimePoint now) {
    connection.session.on_time(now);
    do {
      while (auto task = connection.session.take_task()) carry_out(number, connection, *task);
    } while (write(connection, now));
  }

  // Whether something went out, so that there may be more to do.
  static bool write(Connection& connection, TimePoint now) {
    const std::string_view unsent = connection.session.unsent();
    if (unsent.empty()) return false;
    const ssize_t sent =
        ::send(connection.socket.get(), unsent.data(), unsent.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      connection.session.sent(static_cast<std::size_t>(sent), now);
      return true;
    }
    if (!is_retried(errno)) hang_up(connection, now);
    return false;
  }

  static void hang_up(Connection& connection, TimePoint now) {
    connection.session.hang_up(now);
    connection.socket = Descriptor();
  }

  void remove_over() {
    for (auto each = connections_.begin(); each != connections_.end();) {
      Connection& connection = each->second;
      const bool over = connection.session.over();
      if (over || !connection.socket.is_open()) unsubscribe(connection);
      each = over ? connections_.erase(each) : std::next(each);
    }
  }

  // --- what Control does ---

  void carry_out(CtlMailbox::Connection number, Connection& connection, CtlSession::Task& task) {
    if (auto* const call = std::get_if<CtlSession::Call>(&task)) {
      control_->call(std::move(call->call),
                     [mailbox = mailbox_, number, of = call->number](CtlResult result) {
                       mailbox->put_answer({number, of, std::move(result)});
                     });
      return;
    }
    unsubscribe(connection);
    connection.subscription =
        control_->subscribe(std::get<CtlSession::Subscribe>(task).types,
                            [mailbox = mailbox_, number](const std::string& event) {
                              mailbox->put_event(number, event);
                            });
  }

  void unsubscribe(Connection& connection) {
    if (connection.subscription) control_->unsubscribe(*connection.subscription);
    connection.subscription.reset();
  }

  void deliver(TimePoint now) {
    CtlMailbox::Mail mail = mailbox_->take();
    const auto with_session = [this](CtlMailbox::Connection number, const auto& action) {
      const auto found = connections_.find(number);
      if (found != connections_.end()) action(found->second.session);
    };
    for (CtlMailbox::Answer& each : mail.answers) {
      with_session(each.connection,
                   [&](CtlSession& session) { session.finish(each.call, each.result, now); });
    }
    for (CtlMailbox::Event& each : mail.events) {
      with_session(each.connection,
                   [&](CtlSession& session) { session.event(std::move(each.event)); });
    }
    for (const auto& each : mail.lost) {
      with_session(each.first, [&](CtlSession& session) { session.lose(each.second); });
    }
  }

  const CtlServerSettings settings_;
  const conn::Log log_;
  CtlCounts counts_;
  std::optional<SocketListener> listener_;
  Control* control_ = nullptr;
  const std::shared_ptr<CtlMailbox> mailbox_ = std::make_shared<CtlMailbox>();
  std::atomic<bool> stopping_ = false;
  Connections connections_;
  CtlMailbox::Connection last_connection_ = 0;
  TimePoint accept_from_ = TimePoint::min();
  std::thread thread_;
};

conn::Result<std::unique_ptr<CtlServer>> CtlServer::open(const CtlServerSettings& settings,
                                                         conn::Log log) {
  auto listener = SocketListener::open(settings.socket);
  if (!listener) return tl::unexpected(std::move(listener.error()));
  auto loop = std::make_unique<Loop>(std::move(*listener), settings, std::move(log));
  if (!loop->works()) {
    return conn::fail(conn::Stage::configuration, conn::Reason::out_of_descriptors);
  }
  return std::unique_ptr<CtlServer>(new CtlServer(std::move(loop)));
}

CtlServer::CtlServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

CtlServer::~CtlServer() {
  stop();
}

void CtlServer::start(Control& control) {
  loop_->start(control);
}

void CtlServer::stop() {
  loop_->stop();
}

std::vector<CtlFigure> CtlServer::figures() const {
  return loop_->counts().figures();
}

}  // namespace peerage::cmd
