#include "cmd/http/server.h"

#include <atomic>
#include <csignal>
#include <list>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "cmd/http/listener.h"
#include "cmd/http/session.h"
#include "cmd/http/sockets.h"
#include "cmd/http/tls.h"

namespace peerage::cmd {
namespace {

namespace net = boost::asio;

// That long answers under way may last after `stop`.
constexpr std::chrono::milliseconds kStopTime{500};
constexpr std::chrono::milliseconds kStopLook{5};
constexpr std::size_t kMaxEventsWaiting = 1024;

conn::WallTime wall_now() {
  return std::chrono::floor<conn::WallTime::duration>(std::chrono::system_clock::now());
}

// A service with what carries it.
struct Served {
  explicit Served(HttpService what, const conn::Log& log)
      : service(std::move(what), {log, wall_now}) {}

  Service service;
  std::shared_ptr<TlsContext> tls;  // null: plain
  std::list<Listener> listeners;
};

conn::Failure of_service(const Served& served, conn::Failure why) {
  why.detail.insert(0, served.service.what().name + ": ");
  return why;
}

}  // namespace

class HttpServer::Parts {
 public:
  explicit Parts(conn::Log log) : log_(std::move(log)) {}
  ~Parts() {
    stop();
    for (Served& each : services_) each.listeners.clear();  // their sockets are the context's
  }

  conn::Result<void> add(HttpService what);
  std::vector<conn::Endpoint> endpoints() const;
  void start();
  void stop();
  conn::Result<void> reload_tls();
  void send(std::string path, std::string event, std::string data);
  HttpFigures figures() const;

 private:
  using Listen = std::variant<conn::Endpoint, std::filesystem::path>;
  conn::Result<void> listen(Served& served, const Listen& at);
  void run() noexcept;
  void shut_down();
  // When all connections have gone, or then.
  void end_at(conn::TimePoint limit);

  const conn::Log log_;
  Session::List sessions_;
  // It goes before the services, and with it the handlers, which use them.
  std::list<Served> services_;
  net::io_context context_{1};
  std::optional<net::executor_work_guard<Stream::executor_type>> work_;
  std::thread thread_;
  std::atomic<std::size_t> events_waiting_{0};
};

conn::Result<void> HttpServer::Parts::add(HttpService what) {
  std::list<Served> one;
  Served& served = one.emplace_back(std::move(what), log_);
  const HttpService& of = served.service.what();
  if (of.tls) {
    auto context = server_tls(*of.tls);
    if (!context) return tl::unexpected(of_service(served, std::move(context.error())));
    served.tls = std::move(*context);
  }
  for (const Listen& at : of.listen) {
    if (auto taken = listen(served, at); !taken) {
      return tl::unexpected(of_service(served, std::move(taken.error())));
    }
  }
  services_.splice(services_.end(), one);
  return {};
}

conn::Result<void> HttpServer::Parts::listen(Served& served, const Listen& at) {
  const auto executor = context_.get_executor();
  if (const auto* endpoint = std::get_if<conn::Endpoint>(&at)) {
    auto socket = listen_tcp(*endpoint);
    if (!socket) return tl::unexpected(std::move(socket.error()));
    served.listeners.emplace_back(executor, std::move(*socket), served.service, sessions_, log_);
  } else {
    auto socket = SocketListener::open(std::get<std::filesystem::path>(at));
    if (!socket) return tl::unexpected(std::move(socket.error()));
    served.listeners.emplace_back(executor, std::move(*socket), served.service, sessions_, log_);
  }
  return {};
}

std::vector<conn::Endpoint> HttpServer::Parts::endpoints() const {
  std::vector<conn::Endpoint> all;
  for (const Served& each : services_) {
    for (const Listener& listener : each.listeners) {
      if (listener.endpoint()) all.push_back(*listener.endpoint());
    }
  }
  return all;
}

void HttpServer::Parts::start() {
  if (thread_.joinable()) return;
  work_.emplace(context_.get_executor());
  for (Served& each : services_) {
    for (Listener& listener : each.listeners) {
      listener.accept(each.tls);
      log_.write(conn::LogLevel::info, "serving HTTP",
                 {{"service", each.service.what().name},
                  {"protocol", each.tls ? "https" : "http"},
                  {"address", listener.where()}});
    }
  }
  // Signals are for others.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void HttpServer::Parts::run() noexcept {
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::exception& error) {
      log_.write(conn::LogLevel::error, "an HTTP connection failed", {{"why", error.what()}});
    }
  }
}

void HttpServer::Parts::stop() {
  if (!thread_.joinable()) return;
  net::post(context_, [this] { shut_down(); });
  thread_.join();
}

void HttpServer::Parts::shut_down() {
  for (Served& each : services_) {
    for (Listener& listener : each.listeners) listener.close();
  }
  // One that ends may leave the list, and another may come: a WebSocket's.
  const std::vector<Session*> now(sessions_.begin(), sessions_.end());
  for (Session* each : now) {
    if (sessions_.contains(each)) each->shut_down();
  }
  end_at(steady_now() + kStopTime);
}

void HttpServer::Parts::end_at(conn::TimePoint limit) {
  if (sessions_.empty() || steady_now() >= limit) return context_.stop();
  auto look = std::make_shared<DeadlineTimer>(context_.get_executor());
  look->wait_until(steady_now() + kStopLook, [this, limit, look] { end_at(limit); });
}

conn::Result<void> HttpServer::Parts::reload_tls() {
  std::vector<std::pair<Served*, std::shared_ptr<TlsContext>>> read;
  for (Served& each : services_) {
    if (!each.service.what().tls) continue;
    auto context = server_tls(*each.service.what().tls);
    if (!context) return tl::unexpected(of_service(each, std::move(context.error())));
    read.emplace_back(&each, std::move(*context));
  }
  net::post(context_, [read = std::move(read)] {
    for (const auto& [served, context] : read) served->tls = context;
  });
  return {};
}

void HttpServer::Parts::send(std::string path, std::string event, std::string data) {
  if (events_waiting_.fetch_add(1) >= kMaxEventsWaiting) {
    events_waiting_.fetch_sub(1);
    return;
  }
  net::post(context_,
            [this, path = std::move(path), event = std::move(event), data = std::move(data)] {
              events_waiting_.fetch_sub(1);
              for (Served& each : services_) each.service.send(path, event, data, steady_now());
            });
}

HttpFigures HttpServer::Parts::figures() const {
  HttpFigures figures;
  for (const Served& each : services_) each.service.count(figures);
  return figures;
}

HttpServer::HttpServer(conn::Log log) : parts_(std::make_unique<Parts>(std::move(log))) {}
HttpServer::~HttpServer() = default;
conn::Result<void> HttpServer::add(HttpService service) {
  return parts_->add(std::move(service));
}
std::vector<conn::Endpoint> HttpServer::endpoints() const {
  return parts_->endpoints();
}
void HttpServer::start() {
  parts_->start();
}
void HttpServer::stop() {
  parts_->stop();
}
conn::Result<void> HttpServer::reload_tls() {
  return parts_->reload_tls();
}
void HttpServer::send(std::string_view path, std::string_view event, std::string_view data) {
  parts_->send(std::string(path), std::string(event), std::string(data));
}
HttpFigures HttpServer::figures() const {
  return parts_->figures();
}

}  // namespace peerage::cmd
