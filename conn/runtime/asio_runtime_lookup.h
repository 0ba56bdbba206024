// One lookup as an operation of the runtime: with its timeout, and void when it is let go. Private
// to conn/runtime/asio_runtime.cpp.
//
// Threads: the shard's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <asio/io_context.hpp>

#include "conn/runtime/asio_runtime_operation.h"
#include "conn/runtime/asio_runtime_resolver.h"

namespace peerage::conn::asio_runtime {

template <typename Answer>
std::shared_ptr<Resolver<Answer>> make_resolver(
    std::function<Result<Answer>(const std::string&)> lookup,
    Result<Answer> (*of_system)(const std::string&)) {
  return std::make_shared<Resolver<Answer>>(lookup ? std::move(lookup) : of_system);
}

struct Place {
  Shard& shard;
  asio::io_context& context;  // the shard's
};

// One that is known without a lookup.
template <typename Answer>
std::unique_ptr<Pending> answer(const Place& place, typename Operation<Answer>::Done done,
                                Result<Answer> outcome) {
  auto operation = std::make_shared<Operation<Answer>>(place.context, std::move(done));
  place.shard.post([weak = std::weak_ptr(operation), outcome = std::move(outcome)] {
    if (const auto waiting = weak.lock()) waiting->finish(outcome);
  });
  return std::make_unique<OperationHandle<Answer>>(operation);
}

// `keep` is what is handed on of what was found.
template <typename Answer>
std::unique_ptr<Pending> look_up(Resolver<Answer>& resolver, const Place& place,
                                 const std::string& name, Duration timeout,
                                 typename Operation<Answer>::Done done, Answer (*keep)(Answer)) {
  auto operation = std::make_shared<Operation<Answer>>(place.context, std::move(done));
  operation->timer.expires_after(timeout);
  operation->timer.async_wait([operation, name](const asio::error_code& cancelled) {
    if (cancelled) return;
    operation->finish(fail(Stage::resolve, Reason::name_lookup_timed_out, name));
  });
  // A lookup that hangs may outlive the runtime, so it owns nothing of it.
  resolver.submit(place.shard, name,
                  [weak = std::weak_ptr(operation), name, keep](Result<Answer> outcome) {
                    const auto waiting = weak.lock();
                    if (!waiting) return;
                    if (outcome) outcome = keep(std::move(*outcome));
                    if (outcome && outcome->empty()) {
                      outcome = fail(Stage::resolve, Reason::name_not_found, name);
                    }
                    waiting->finish(std::move(outcome));
                  });
  return std::make_unique<OperationHandle<Answer>>(operation);
}

}  // namespace peerage::conn::asio_runtime
