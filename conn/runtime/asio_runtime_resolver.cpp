#include "conn/runtime/asio_runtime_resolver.h"

#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

namespace peerage::conn::asio_runtime {

Result<std::vector<IpAddress>> look_up_addresses(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  if (error != 0) {
    const bool missing = error == EAI_NONAME || error == EAI_NODATA;
    return fail(Stage::resolve, missing ? Reason::name_not_found : Reason::name_lookup_failed,
                host + ": " + ::gai_strerror(error));
  }
  std::vector<IpAddress> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (each->ai_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(each->ai_addr);
      ByteArray<4> octets;
      std::memcpy(octets.data(), &v4->sin_addr, octets.size());
      addresses.push_back(IpAddress::v4(octets[0], octets[1], octets[2], octets[3]));
    } else if (each->ai_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(each->ai_addr);
      ByteArray<16> bytes;
      std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
      addresses.push_back(IpAddress::v6(bytes));
    }
  }
  ::freeaddrinfo(found);
  return addresses;
}

template <typename Answer>
Resolver<Answer>::Resolver(Lookup lookup) : lookup_(std::move(lookup)) {}

template <typename Answer>
void Resolver<Answer>::submit(Shard& shard, std::string name, Deliver deliver) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  jobs_.push_back({&shard, std::move(name), std::move(deliver)});
  if (busy_ == AsioRuntime::kResolverThreads) return;
  try {
    std::thread([self = this->shared_from_this()] { self->work(); }).detach();
    ++busy_;
  } catch (const std::system_error& error) {
    if (busy_ > 0) return;  // one that runs will come to it
    const Job job = std::move(jobs_.back());
    jobs_.pop_back();
    shard.post([deliver = job.deliver, why = job.name + ": " + error.what()] {
      deliver(fail(Stage::resolve, Reason::name_lookup_failed, why));
    });
  }
}

template <typename Answer>
void Resolver<Answer>::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  jobs_.clear();
}

template <typename Answer>
void Resolver<Answer>::work() {
  std::unique_lock lock(mutex_);
  while (!jobs_.empty()) {
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    Outcome outcome = lookup_(job.name);
    lock.lock();
    // With the lock held the shard cannot go away: stop() takes it first.
    if (stopped_) break;
    job.shard->post(
        [deliver = std::move(job.deliver), outcome = std::move(outcome)] { deliver(outcome); });
  }
  --busy_;
}

template class Resolver<std::vector<IpAddress>>;
template class Resolver<std::vector<std::string>>;

}  // namespace peerage::conn::asio_runtime
