// The two implementations of conn/runtime/runtime.h as tests drive them that hold its rules against
// both: Asio over loopback, and the simulated network.
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "conn/runtime/asio_runtime.h"
#include "tests/sim/sim_world.h"

namespace peerage::test {

using namespace std::chrono_literals;

// How a test acts on a runtime's shard and waits for what follows.
class Driver {
 public:
  virtual ~Driver() = default;
  virtual conn::Runtime& runtime() = 0;
  conn::Shard& shard() { return runtime().shard(0); }
  // Runs `action` on the shard and returns when it has.
  virtual void on_shard(const conn::Task& action) = 0;
  // Lets things happen until `done` (looked at on the shard) holds; false after `limit`.
  virtual bool wait_until(const std::function<bool()>& done, conn::Duration limit = 10s) = 0;
  // Lets `span` pass, give or take.
  virtual void pass(conn::Duration span) = 0;
  virtual conn::Endpoint any_endpoint() = 0;       // to listen on
  virtual conn::Endpoint refusing_endpoint() = 0;  // where nothing listens
  // Addresses of ours, of both families.
  virtual conn::IpAddress own_v4() = 0;
  virtual conn::IpAddress own_v6() = 0;
  virtual std::string hanging_name() = 0;
};

// The TXT records of many.test, on both: more than are handed on, the first of which is too long.
inline std::vector<std::string> many_records() {
  std::vector<std::string> records = {std::string(conn::kMaxTxtBytes + 1, 'x'),
                                      std::string(conn::kMaxTxtBytes, 'y')};
  records.resize(conn::kMaxTxtRecords + 10, "z");
  return records;
}

class AsioDriver final : public Driver {
 public:
  AsioDriver()
      : runtime_(
            1,
            [gate = gate_](const std::string& host) -> conn::Result<std::vector<conn::IpAddress>> {
              if (host == "hangs.test") gate->wait();
              if (host == "many.test") {
                return std::vector<conn::IpAddress>(40, conn::IpAddress::v4(127, 0, 0, 1));
              }
              return conn::fail(conn::Stage::resolve, conn::Reason::name_not_found, host);
            },
            [gate = gate_](const std::string& name) -> conn::Result<std::vector<std::string>> {
              if (name == "hangs.test") gate->wait();
              if (name == "many.test") return many_records();
              return conn::fail(conn::Stage::resolve, conn::Reason::name_not_found, name);
            }) {}
  ~AsioDriver() override {
    runtime_.stop();
    gate_->open();
  }
  conn::Runtime& runtime() override { return runtime_; }
  void on_shard(const conn::Task& action) override {
    std::promise<void> done;
    shard().post([&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }
  bool wait_until(const std::function<bool()>& done, conn::Duration limit = 10s) override {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < end) {
      bool holds = false;
      on_shard([&] { holds = done(); });
      if (holds) return true;
      std::this_thread::yield();
    }
    return false;
  }
  void pass(conn::Duration span) override {
    // A timer of the runtime itself says when.
    std::promise<void> over;
    std::unique_ptr<conn::Timer> timer;
    on_shard([&] {
      timer = shard().make_timer([&over] { over.set_value(); });
      timer->arm(shard().now() + span);
    });
    over.get_future().wait();
    on_shard([&] { timer.reset(); });
  }
  conn::Endpoint any_endpoint() override { return {conn::IpAddress::v4(127, 0, 0, 1), 0}; }
  conn::Endpoint refusing_endpoint() override {
    // Bound and closed again: free, and not handed out soon.
    conn::Endpoint endpoint;
    on_shard([&] {
      endpoint = (*runtime_.listen(shard(), any_endpoint(), [](auto) {}))->local_endpoint();
    });
    return endpoint;
  }
  conn::IpAddress own_v4() override { return conn::IpAddress::v4(127, 0, 0, 1); }
  conn::IpAddress own_v6() override { return *conn::IpAddress::parse("::1"); }
  std::string hanging_name() override { return "hangs.test"; }

 private:
  // A lookup that hangs outlives the runtime, and so must what it hangs on.
  struct Gate {
    void wait() {
      std::unique_lock lock(mutex);
      opened.wait(lock, [this] { return is_open; });
    }
    void open() {
      const std::lock_guard lock(mutex);
      is_open = true;
      opened.notify_all();
    }
    std::mutex mutex;
    std::condition_variable opened;
    bool is_open = false;
  };
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  conn::AsioRuntime runtime_;
};

class SimDriver final : public Driver {
 public:
  SimDriver() {
    world_.set_name("hangs.test", std::nullopt);
    world_.set_name("many.test",
                    std::vector<conn::IpAddress>(40, conn::IpAddress::v4(10, 0, 0, 1)));
    world_.set_txt("hangs.test", std::nullopt);
    world_.set_txt("many.test", many_records());
  }
  conn::Runtime& runtime() override { return host_; }
  void on_shard(const conn::Task& action) override { action(); }
  bool wait_until(const std::function<bool()>& done, conn::Duration limit = 10s) override {
    return world_.run_until(done, limit);
  }
  void pass(conn::Duration span) override { world_.run_for(span); }
  conn::Endpoint any_endpoint() override { return {host_.address(), 0}; }
  conn::Endpoint refusing_endpoint() override { return {host_.address(), 1}; }
  conn::IpAddress own_v4() override { return host_.address(); }
  conn::IpAddress own_v6() override { return *conn::IpAddress::parse("2001:db8::1"); }
  std::string hanging_name() override { return "hangs.test"; }

 private:
  sim::SimWorld world_;
  sim::SimHost& host_ =
      world_.add_host({conn::IpAddress::v4(10, 0, 0, 1), *conn::IpAddress::parse("2001:db8::1")});
};

using Drivers = testing::Types<AsioDriver, SimDriver>;
struct DriverNames {
  template <typename T>
  static std::string GetName(int) {
    return std::is_same_v<T, AsioDriver> ? "Asio" : "Sim";
  }
};

}  // namespace peerage::test
