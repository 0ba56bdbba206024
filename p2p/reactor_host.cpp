#include "p2p/reactor_host.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "conn/runtime/shard_owned.h"
#include "p2p/base/peer_reason.h"
#include "p2p/peer/reactor_failure.h"

namespace peerage::p2p {

using conn::Result;
using conn::Stage;

namespace {

// It becomes a label as it stands.
bool is_message_type(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
           (each >= '0' && each <= '9') || each == '_';
  });
}

}  // namespace

// What a reactor is given. Its tasks run only between start and stop.
class ReactorHost::Context final : public ReactorContext,
                                   public std::enable_shared_from_this<Context> {
 public:
  Context(Switch& owner, conn::Shard& control, std::shared_ptr<ReactorEntry> entry)
      : owner_(owner), control_(control), entry_(std::move(entry)) {}

  Switch& get_switch() override { return owner_; }
  conn::TimePoint now() const override { return control_.now(); }

  void post(conn::Task task) override {
    auto run = [self = shared_from_this(), task = std::move(task)] {
      if (!self->stopped_) task();
    };
    if (entry_->executor) {
      entry_->executor->post(std::move(run));
    } else {
      control_.post(std::move(run));
    }
  }

  std::shared_ptr<void> after(conn::Duration delay, conn::Task task) override {
    struct Delayed {
      conn::Task task;
      std::unique_ptr<conn::Timer> timer;
    };
    auto delayed = conn::shard_owned(control_, std::make_unique<Delayed>());
    delayed->task = std::move(task);
    control_.post([self = shared_from_this(), delay, weak = std::weak_ptr<Delayed>(delayed)] {
      const auto wanted = weak.lock();
      if (!wanted) return;
      // The timer does not keep us: we keep the reactor, and it may well keep the timer.
      wanted->timer = self->control_.make_timer([weak_self = self->weak_from_this(), weak] {
        const auto context = weak_self.lock();
        if (!context) return;
        context->post([weak] {
          if (const auto due = weak.lock()) due->task();
        });
      });
      wanted->timer->arm(self->control_.now() + delay);
    });
    return delayed;
  }

  void stop() { stopped_ = true; }

 private:
  Switch& owner_;
  conn::Shard& control_;
  std::shared_ptr<ReactorEntry> entry_;
  std::atomic<bool> stopped_ = false;
};

ReactorHost::~ReactorHost() = default;

void ReactorHost::add(std::shared_ptr<Reactor> reactor) {
  auto entry = std::make_shared<ReactorEntry>();
  entry->name = reactor->name();
  entry->delivery = reactor->delivery();
  const std::vector<ReactorChannel> channels = reactor->channels();
  if (channels.empty()) throw std::invalid_argument(entry->name + " has no channel");
  if (table_->channels.size() + channels.size() > kMaxChannels) {
    throw std::invalid_argument(entry->name + ": a node has at most 16 channels");
  }
  for (const ReactorChannel& channel : channels) {
    if (table_->index_of(channel.id)) {
      throw std::invalid_argument(entry->name + ": another reactor has channel " +
                                  std::to_string(static_cast<int>(channel.id)));
    }
    for (const std::string& type : channel.message_types) {
      if (!is_message_type(type)) {
        throw std::invalid_argument(entry->name + ": a message type is of [A-Za-z0-9_], 1 to 64");
      }
    }
    table_->channels.push_back(channel);
    table_->entry_of.push_back(table_->entries.size());
  }
  entry->reactor = std::move(reactor);
  entry->index = table_->entries.size();
  if (entry->delivery == Delivery::executor) {
    entry->executor = runtime_.make_executor();
  } else {
    entry->stats = std::make_shared<ReactorStats>(runtime_.shard_count());
  }
  table_->entries.push_back(std::move(entry));
}

std::vector<conn::ChannelId> ReactorHost::channel_ids() const {
  std::vector<conn::ChannelId> ids;
  for (const ReactorChannel& channel : table_->channels) ids.push_back(channel.id);
  return ids;
}

std::vector<ReactorFigures> ReactorHost::figures() const {
  std::vector<ReactorFigures> figures;
  for (const auto& entry : table_->entries) figures.push_back({entry->name, {}, entry->stats});
  for (std::size_t i = 0; i < table_->channels.size(); ++i) {
    figures[table_->entry_of[i]].channels.push_back(table_->channels[i]);
  }
  return figures;
}

void ReactorHost::start(Switch& owner, std::function<void(Result<void>)> done) {
  for (const auto& entry : table_->entries) {
    contexts_.push_back(std::make_shared<Context>(owner, runtime_.shard(0), entry));
  }
  for_each(
      When::next, "start",
      [this](std::size_t i) { table_->entries[i]->reactor->start(*contexts_[i]); },
      std::move(done));
}

void ReactorHost::stop(std::function<void(Result<void>)> done) {
  for_each(
      When::when_closed, "stop",
      [this](std::size_t i) {
        if (i >= contexts_.size()) return;  // it was not started
        contexts_[i]->stop();
        table_->entries[i]->reactor->stop();
      },
      std::move(done));
}

void ReactorHost::for_each(When when, const char* name,
                           const std::function<void(std::size_t)>& call,
                           std::function<void(Result<void>)> done) {
  struct Progress {
    std::size_t left = 0;
    std::string failures;
    std::function<void(Result<void>)> done;
  };
  auto progress = std::make_shared<Progress>();
  progress->left = table_->entries.size() + 1;
  progress->done = std::move(done);
  conn::Shard& control = runtime_.shard(0);
  const auto returned = [progress](const std::optional<std::string>& failure) {
    std::string& failures = progress->failures;
    if (failure) failures += (failures.empty() ? "" : "; ") + *failure;
    if (--progress->left > 0) return;
    const auto tell = std::exchange(progress->done, nullptr);
    if (failures.empty()) return tell({});
    tell(conn::fail(Stage::configuration, PeerReason::reactor_failed, std::move(failures)));
  };
  for (std::size_t i = 0; i < table_->entries.size(); ++i) {
    const auto run = [call, returned, i, &control, reactor = table_->entries[i]->name, name] {
      const auto failure = failure_in(reactor, name, [&] { call(i); });
      control.post([returned, failure] { returned(failure); });
    };
    ReactorEntry& entry = *table_->entries[i];
    if (when == When::when_closed) {
      entry.stop_when_closed(run);
    } else if (entry.executor) {
      entry.executor->post(run);
    } else {
      run();
    }
  }
  control.post([returned] { returned(std::nullopt); });
}

}  // namespace peerage::p2p
