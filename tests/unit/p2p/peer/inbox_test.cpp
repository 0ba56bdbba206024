#include "p2p/peer/inbox.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "conn/runtime/runtime.h"

namespace peerage::p2p {
namespace {

using Verdict = Inbox::Verdict;

// A message that costs this much in all.
constexpr std::size_t costing(std::size_t bytes) {
  return bytes - kMessageOverhead;
}

ReactorChannel channel(FullInbox when_full, std::size_t inbox_bytes = 1u << 20) {
  ReactorChannel made;
  made.when_full = when_full;
  made.inbox_bytes = inbox_bytes;
  return made;
}

struct InboxTest : testing::Test {
  static constexpr std::size_t kWaits = 0, kDrops = 1, kDisconnects = 2, kWaitsToo = 3;
  static constexpr std::size_t kPeerBytes = 100'000, kChannelBytes = 20'000;
  std::vector<ReactorChannel> channels = {
      channel(FullInbox::back_pressure), channel(FullInbox::drop_newest, kChannelBytes),
      channel(FullInbox::disconnect, kChannelBytes), channel(FullInbox::back_pressure)};
  std::shared_ptr<InboxBudget> total = std::make_shared<InboxBudget>(std::size_t{1} << 30);

  // An inbox, what it has delivered, and how often it has said that there is room.
  struct Owner {
    std::shared_ptr<Inbox> inbox;
    std::deque<Lease> held;
    int rooms = 0;

    Verdict charge(std::size_t index, std::size_t size) {
      Lease lease;
      const Verdict verdict = inbox->charge(index, size, lease);
      if (verdict == Verdict::deliver || verdict == Verdict::deliver_and_pause) {
        held.push_back(std::move(lease));
      }
      return verdict;
    }
    void release() { held.pop_front(); }
  };
  std::unique_ptr<Owner> make(std::size_t peer_bytes = kPeerBytes) {
    auto owner = std::make_unique<Owner>();
    owner->inbox =
        std::make_shared<Inbox>(channels, peer_bytes, total, [own = owner.get()] { ++own->rooms; });
    return owner;
  }
};

TEST_F(InboxTest, AMessageHoldsItsRoomUntilItIsReleased) {
  const auto owner = make();
  EXPECT_EQ(owner->charge(kWaits, 1000), Verdict::deliver);
  EXPECT_EQ(owner->inbox->held_bytes(), 1000 + kMessageOverhead);
  EXPECT_EQ(total->held_bytes(), 1000 + kMessageOverhead);
  Lease moved = std::move(owner->held.front());
  owner->release();
  EXPECT_EQ(owner->inbox->held_bytes(), 1000 + kMessageOverhead) << "moved, not released";
  moved = Lease();
  EXPECT_EQ(owner->inbox->held_bytes(), 0u);
  EXPECT_EQ(total->held_bytes(), 0u);
}

TEST_F(InboxTest, ALeaseThatIsAssignedGivesItsOldRoomBack) {
  const auto owner = make();
  Lease lease;
  (void)owner->inbox->charge(kWaits, 1000, lease);
  (void)owner->inbox->charge(kWaits, 500, lease);
  EXPECT_EQ(owner->inbox->held_bytes(), 500 + kMessageOverhead);
  Lease& same = lease;
  lease = std::move(same);
  EXPECT_EQ(owner->inbox->held_bytes(), 500 + kMessageOverhead) << "to itself";
}

TEST_F(InboxTest, ALeaseMayOutliveTheOwnerOfTheInbox) {
  Lease lease;
  {
    const auto owner = make();
    (void)owner->inbox->charge(kWaits, 1000, lease);
  }
  EXPECT_EQ(total->held_bytes(), 1000 + kMessageOverhead);
  lease = Lease();
  EXPECT_EQ(total->held_bytes(), 0u);
}

TEST_F(InboxTest, MessagesOfAByteEachAreCountedHonestly) {
  const auto owner = make();
  std::size_t messages = 1;
  while (owner->charge(kWaits, 1) == Verdict::deliver) ++messages;
  EXPECT_EQ(messages, kPeerBytes / (1 + kMessageOverhead) + 1);
  EXPECT_LE(messages * (sizeof(Message) + 1), kPeerBytes) << "what they really take";
  const auto other = make();
  for (messages = 1; other->charge(kDrops, 0) == Verdict::deliver;) ++messages;
  EXPECT_EQ(messages, kChannelBytes / kMessageOverhead + 1) << "empty ones too";
}

// --- back_pressure ---

TEST_F(InboxTest, WhenAPeersRoomIsUsedReadingPausesAndGoesOnWhenHalfIsFree) {
  const auto owner = make();
  for (int i = 0; i < 9; ++i) EXPECT_EQ(owner->charge(kWaits, costing(10'000)), Verdict::deliver);
  EXPECT_EQ(owner->charge(kWaits, costing(10'000)), Verdict::deliver_and_pause) << "exactly used";
  for (int i = 0; i < 4; ++i) owner->release();
  EXPECT_EQ(owner->rooms, 0);
  owner->release();
  EXPECT_EQ(owner->rooms, 1);
  while (!owner->held.empty()) owner->release();
  EXPECT_EQ(owner->rooms, 1) << "once";
}

TEST_F(InboxTest, WhatOneReadHasDeliveredAfterThePauseIsNotLost) {
  const auto owner = make();
  (void)owner->charge(kWaits, kPeerBytes);
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(owner->charge(kWaits, 1000), Verdict::deliver_and_pause);
  }
  EXPECT_EQ(owner->inbox->dropped(), 0u);
  owner->release();
  EXPECT_EQ(owner->rooms, 0) << "more than half is still used";
  for (int i = 0; i < 60; ++i) owner->release();
  EXPECT_EQ(owner->rooms, 1);
}

TEST_F(InboxTest, ChannelsWithBackPressureShareThePeersRoom) {
  const auto owner = make();
  EXPECT_EQ(owner->charge(kWaits, costing(60'000)), Verdict::deliver);
  EXPECT_EQ(owner->charge(kWaitsToo, costing(40'000)), Verdict::deliver_and_pause);
}

TEST_F(InboxTest, AMessageThatIsLargerThanAllRoomPasses) {
  const auto owner = make();
  EXPECT_EQ(owner->charge(kWaits, 10 * kPeerBytes), Verdict::deliver_and_pause);
  owner->release();
  EXPECT_EQ(owner->rooms, 1);
}

TEST_F(InboxTest, APeerWithoutRoomIsReadMessageByMessage) {
  const auto owner = make(0);
  for (int i = 1; i < 10; ++i) {
    EXPECT_EQ(owner->charge(kWaits, 1), Verdict::deliver_and_pause);
    owner->release();
    EXPECT_EQ(owner->rooms, i);
  }
}

TEST_F(InboxTest, ItPausesAndGoesOnAsOftenAsItTakes) {
  const auto owner = make();
  for (int round = 1; round < 100; ++round) {
    while (owner->charge(kWaits, 777) == Verdict::deliver) continue;
    EXPECT_EQ(owner->rooms, round - 1);
    while (owner->rooms < round) owner->release();
    EXPECT_GT(owner->inbox->held_bytes(), 0u);
  }
}

// --- drop_newest and disconnect ---

TEST_F(InboxTest, AFullChannelThatDropsLosesTheNewestAndCountsThem) {
  const auto owner = make();
  EXPECT_EQ(owner->charge(kDrops, costing(10'000)), Verdict::deliver);
  EXPECT_EQ(owner->charge(kDrops, costing(10'000)), Verdict::deliver) << "exactly full";
  EXPECT_EQ(owner->charge(kDrops, 0), Verdict::drop);
  EXPECT_EQ(owner->charge(kDrops, 0), Verdict::drop);
  EXPECT_EQ(owner->inbox->dropped(), 2u);
  EXPECT_EQ(owner->inbox->held_bytes(), kChannelBytes) << "what is dropped holds nothing";
  owner->release();
  EXPECT_EQ(owner->charge(kDrops, costing(10'000)), Verdict::deliver);
  EXPECT_EQ(owner->rooms, 0);
}

TEST_F(InboxTest, AFullChannelThatDisconnectsSaysSo) {
  const auto owner = make();
  EXPECT_EQ(owner->charge(kDisconnects, costing(20'000)), Verdict::deliver);
  EXPECT_EQ(owner->charge(kDisconnects, 0), Verdict::disconnect);
  EXPECT_EQ(owner->inbox->dropped(), 0u);
  EXPECT_EQ(owner->inbox->held_bytes(), kChannelBytes);
}

TEST_F(InboxTest, ASingleMessageMayBeLargerThanItsChannelsRoom) {
  for (const std::size_t index : {kDrops, kDisconnects}) {
    const auto owner = make();
    EXPECT_EQ(owner->charge(index, 10 * kChannelBytes), Verdict::deliver);
    EXPECT_NE(owner->charge(index, 0), Verdict::deliver);
  }
}

TEST_F(InboxTest, AChannelThatDoesNotWaitNeitherPausesThePeerNorIsHeldUpByOthers) {
  const auto owner = make();
  while (owner->charge(kDrops, 1000) != Verdict::drop) continue;
  while (owner->charge(kDisconnects, 1000) != Verdict::disconnect) continue;
  EXPECT_EQ(owner->charge(kWaits, costing(kPeerBytes - 1)), Verdict::deliver)
      << "their bytes are not of the peer's room";
  EXPECT_EQ(owner->charge(kWaits, 0), Verdict::deliver_and_pause);
  owner->held.clear();
  EXPECT_EQ(owner->rooms, 1);
  EXPECT_EQ(owner->charge(kDrops, 1000), Verdict::deliver);
  EXPECT_EQ(owner->charge(kDisconnects, 1000), Verdict::deliver);
}

// --- the total ---

struct InboxTotalTest : InboxTest {
  static constexpr std::size_t kMiB = 1u << 20;
  InboxTotalTest() { total = std::make_shared<InboxBudget>(4 * kMiB); }
};

TEST_F(InboxTotalTest, BeyondTheTotalThoseWithMoreThanAFairShareAreReadNoMore) {
  const auto greedy = make(8 * kMiB), modest = make(8 * kMiB);
  EXPECT_EQ(greedy->charge(kWaits, costing(4 * kMiB)), Verdict::deliver) << "exactly used";
  EXPECT_EQ(modest->charge(kWaits, costing(kInboxFairShare)), Verdict::deliver)
      << "others are not held up";
  EXPECT_EQ(greedy->charge(kWaits, 0), Verdict::deliver_and_pause);
  EXPECT_EQ(modest->charge(kWaits, 0), Verdict::deliver_and_pause) << "now it has more, too";
}

TEST_F(InboxTotalTest, WithinTheTotalNoPeerIsHeldToAFairShare) {
  const auto owner = make(8 * kMiB);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(owner->charge(kWaits, costing(kMiB)), Verdict::deliver);
}

TEST_F(InboxTotalTest, APeerThatWaitsForTheTotalGoesOnWhenOthersHaveMadeRoom) {
  const auto greedy = make(8 * kMiB), waiting = make(8 * kMiB);
  for (int i = 0; i < 7; ++i) (void)greedy->charge(kWaits, costing(kMiB / 2));
  EXPECT_EQ(waiting->charge(kWaits, costing(kMiB)), Verdict::deliver_and_pause);
  greedy->release();
  greedy->release();
  EXPECT_EQ(waiting->rooms, 0);
  greedy->release();
  EXPECT_EQ(waiting->rooms, 1) << "at three quarters";
  while (!greedy->held.empty()) greedy->release();
  EXPECT_EQ(waiting->rooms, 1) << "once";
}

TEST_F(InboxTotalTest, APeerThatWaitsForTheTotalGoesOnWhenItIsDownToAFairShareItself) {
  const auto greedy = make(8 * kMiB), waiting = make(8 * kMiB);
  (void)greedy->charge(kWaits, costing(4 * kMiB));
  for (int i = 0; i < 5; ++i) (void)waiting->charge(kWaits, costing(kInboxFairShare / 2));
  for (int i = 0; i < 2; ++i) waiting->release();
  EXPECT_EQ(waiting->rooms, 0);
  waiting->release();
  EXPECT_EQ(waiting->rooms, 1);
}

// Woken by the total, it does not read on beyond its own bound.
TEST_F(InboxTotalTest, RoomInTheTotalDoesNotLiftThePeersOwnBound) {
  const auto greedy = make(8 * kMiB), bounded = make(kMiB);
  (void)greedy->charge(kWaits, costing(4 * kMiB));
  EXPECT_EQ(bounded->charge(kWaits, costing(kMiB)), Verdict::deliver_and_pause);
  greedy->release();
  EXPECT_EQ(bounded->rooms, 0);
  bounded->release();
  EXPECT_EQ(bounded->rooms, 1);
}

TEST_F(InboxTotalTest, APeerThatPausedForItsOwnBoundAndThenWaitsForTheTotalGoesOn) {
  const auto greedy = make(8 * kMiB), bounded = make(kMiB);
  EXPECT_EQ(bounded->charge(kWaits, costing(kInboxFairShare + 1)), Verdict::deliver);
  EXPECT_EQ(bounded->charge(kWaits, costing(kMiB)), Verdict::deliver_and_pause);
  (void)greedy->charge(kWaits, costing(4 * kMiB));
  bounded->held.pop_back();
  EXPECT_EQ(bounded->rooms, 0) << "less than half is used, but the total is, too";
  greedy->release();
  EXPECT_EQ(bounded->rooms, 1);
}

TEST_F(InboxTotalTest, AnInboxThatIsGoneHoldsUpNoOther) {
  const auto greedy = make(8 * kMiB), waiting = make(8 * kMiB);
  (void)greedy->charge(kWaits, costing(4 * kMiB));
  for (int i = 0; i < 100; ++i) {
    const auto brief = make(8 * kMiB);
    EXPECT_EQ(brief->charge(kWaits, costing(kMiB)), Verdict::deliver_and_pause);
  }
  EXPECT_EQ(waiting->charge(kWaits, costing(kMiB)), Verdict::deliver_and_pause);
  greedy->release();
  EXPECT_EQ(waiting->rooms, 1);
}

TEST_F(InboxTotalTest, ChannelsThatDoNotWaitCountInTheTotal) {
  channels[kDrops].inbox_bytes = 8 * kMiB;
  const auto greedy = make(8 * kMiB), other = make(8 * kMiB);
  EXPECT_EQ(greedy->charge(kDrops, costing(4 * kMiB)), Verdict::deliver);
  EXPECT_EQ(greedy->charge(kDrops, costing(kMiB)), Verdict::deliver) << "it waits for nothing";
  EXPECT_EQ(other->charge(kWaits, costing(kMiB)), Verdict::deliver_and_pause);
}

// Random charges and releases of several peers, and a connection to each that stops reading when it
// is told to: none stays paused without a reason, and all bounds hold.
TEST_F(InboxTotalTest, NoPeerWaitsWithoutAReasonAndNoneExceedsItsBound) {
  static constexpr std::size_t kPeers = 6, kBound = kMiB, kRead = 64 * 1044;
  std::mt19937 random(11);
  struct Peer {
    std::shared_ptr<Inbox> inbox;
    std::deque<Lease> held;
    std::deque<std::size_t> sizes;
    bool reading = true;
    std::size_t bytes = 0;
  };
  std::vector<Peer> peers(kPeers);
  for (Peer& peer : peers) {
    peer.inbox = std::make_shared<Inbox>(channels, kBound, total, [&peer] { peer.reading = true; });
  }
  int paused = 0, resumed = 0;
  for (int step = 0; step < 200'000; ++step) {
    Peer& peer = peers[random() % kPeers];
    if (random() % 5 < (step / 20'000 % 2 == 0 ? 4u : 1u)) {
      if (!peer.reading) continue;
      for (std::size_t got = 0; got < kRead;) {  // one read
        const std::size_t size = random() % 20'000;
        Lease lease;
        const bool pause = peer.inbox->charge(kWaits, size, lease) == Verdict::deliver_and_pause;
        peer.held.push_back(std::move(lease));
        peer.sizes.push_back(size + kMessageOverhead);
        peer.bytes += peer.sizes.back();
        if (pause && peer.reading) ++paused;
        if (pause) peer.reading = false;
        got += size + 1;
      }
      ASSERT_LE(peer.bytes, kBound + kRead + 2 * 20'000 + 70 * kMessageOverhead);
    } else if (!peer.held.empty()) {
      const bool was_reading = peer.reading;
      peer.bytes -= peer.sizes.front();
      peer.sizes.pop_front();
      peer.held.pop_front();
      if (!was_reading && peer.reading) ++resumed;
    }
    ASSERT_EQ(peer.inbox->held_bytes(), peer.bytes);
    if (!peer.reading) {
      const bool own = peer.bytes > kBound / 2;
      const bool common = total->held_bytes() > 3 * kMiB && peer.bytes > kInboxFairShare;
      ASSERT_TRUE(own || common) << "it waits for nothing";
    }
  }
  EXPECT_GT(paused, 1000);
  EXPECT_GT(resumed, 100);
  for (Peer& peer : peers) peer.held.clear();
  for (const Peer& peer : peers) EXPECT_TRUE(peer.reading);
  EXPECT_EQ(total->held_bytes(), 0u);
}

// A shard in small: tasks posted from any thread, run by one.
class Post {
 public:
  void post(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    ready_.notify_one();
  }
  // Runs the next task; waits for one. False when none comes: a wake-up is missing.
  bool run_one() {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      if (!ready_.wait_for(lock, std::chrono::seconds(30), [this] { return !tasks_.empty(); })) {
        return false;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
    return true;
  }
  bool try_one() {
    std::function<void()> task;
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.empty()) return false;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
    return true;
  }
  bool has_any() {
    const std::lock_guard lock(mutex_);
    return !tasks_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
};

// Each peer has a thread that reads until it is told to pause, and then waits to be woken for room;
// others release the messages, in any order. A wake-up that is lost stops it for good.
TEST_F(InboxTotalTest, NoWakeUpIsLostWithManyThreads) {
  static constexpr std::size_t kPeers = 4, kMessages = 100'000, kBound = 8'000;
  total = std::make_shared<InboxBudget>(3 * kInboxFairShare);
  struct Reader {
    Post shard;
    bool reading = true;  // the shard's
  };
  Post released;  // leases on their way to where they are dropped
  std::atomic<std::size_t> readers_left = kPeers;
  std::atomic<bool> stuck = false;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kPeers; ++i) {
    threads.emplace_back([&, i] {
      std::mt19937 random(static_cast<std::uint32_t>(i));
      const auto reader = std::make_shared<Reader>();
      // Two of them are bound by their own room, two by the total.
      const auto inbox = std::make_shared<Inbox>(
          channels, i % 2 == 0 ? kBound : std::size_t{1} << 30, total,
          [reader] { reader->shard.post([own = reader.get()] { own->reading = true; }); });
      const auto wait_for_room = [&] {
        while (reader->shard.has_any()) reader->shard.run_one();
        while (!reader->reading && !stuck) {
          if (!reader->shard.run_one()) stuck = true;
        }
      };
      for (std::size_t sent = 0; sent < kMessages && !stuck;) {
        wait_for_room();
        // One read: what it has brought is charged to the end, also after the pause.
        for (auto left = 1 + random() % 16; left > 0; --left, ++sent) {
          auto lease = std::make_shared<Lease>();
          const std::size_t size = i % 2 == 0 ? random() % 1000 : random() % 50'000;
          if (inbox->charge(kWaits, size, *lease) == Verdict::deliver_and_pause) {
            reader->reading = false;
          }
          released.post([held = std::move(lease)]() mutable { held.reset(); });
        }
      }
      wait_for_room();
      --readers_left;
    });
  }
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (readers_left > 0 || released.has_any()) {
        if (!released.try_one()) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(stuck) << "a peer that has room is not read";
  EXPECT_EQ(total->held_bytes(), 0u);
}

TEST_F(InboxTest, ItCountsByChannelWhatCameAndWhatFoundNoRoom) {
  const auto owner = make();
  for (int i = 0; i < 3; ++i) owner->charge(kDrops, costing(kChannelBytes));
  owner->charge(kDisconnects, costing(kChannelBytes));
  owner->charge(kDisconnects, 1);
  owner->charge(kWaits, costing(kPeerBytes));
  owner->charge(kWaits, 1);
  const auto received = [&](std::size_t channel) {
    ChannelTraffic traffic;
    owner->inbox->add_received(channel, traffic);
    return traffic;
  };
  EXPECT_EQ(received(kDrops).messages_received, 3u);
  EXPECT_EQ(received(kDrops).bytes_received, 3 * costing(kChannelBytes));
  EXPECT_EQ(received(kDrops).inbox_dropped, 2u);
  EXPECT_EQ(received(kDisconnects).inbox_dropped, 1u);
  EXPECT_EQ(received(kWaits).inbox_paused, 1u) << "it has been paused once";
  EXPECT_EQ(received(kWaits).inbox_dropped, 0u);
  EXPECT_EQ(owner->inbox->dropped(), 2u);
}

}  // namespace
}  // namespace peerage::p2p
