// The end of a node with peer exchange, forced into every step of its life: nothing of it runs
// afterwards, and nothing keeps it.
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/effort.h"
#include "tests/support/files.h"
#include "tests/support/pex_world.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;
using test::PexNode;
using test::RecordingReactor;

enum class Book : std::uint8_t { in_memory, in_a_file };
// Stopped and then destroyed, or destroyed while it runs.
enum class End : std::uint8_t { stopped, destroyed };
struct Case {
  Role role = Role::node;
  Book book = Book::in_memory;
  End end = End::stopped;

  friend std::ostream& operator<<(std::ostream& out, const Case& value) {
    return out << (value.role == Role::seed ? "a seed" : "a node") << ", book " << int(value.book)
               << ", end " << int(value.end);
  }
};

// A seed, a node that knows it, and the one that ends, which knows both and takes part in
// everything: dials, handshakes, questions, answers, visits, disconnections.
class Life {
 public:
  explicit Life(const Case& one) : case_(one) {
    target_.on_event = [this](const p2p::SwitchEvent&) { ++events_; };
  }

  void begin() {
    seed_.start();
    other_.start();
    target_.start();
  }
  // False when there is nothing more to happen within `limit` of the beginning.
  bool step(conn::Duration limit) { return world_.now() - began_ < limit && world_.step(); }
  void end() {
    if (case_.end == End::stopped) {
      stop();
    } else {
      destroy();
    }
    // The others go on, dial it and speak to it.
    const std::size_t calls = this->calls(), events = events_;
    world_.run_for(40s);
    EXPECT_EQ(this->calls(), calls);
    EXPECT_EQ(events_, events);
    EXPECT_EQ(reports_after_, 0u);
    if (case_.end == End::stopped) destroy();
    world_.run_for(1s);
    EXPECT_EQ(recorder_.use_count(), 2) << "the plan's, and ours";
    EXPECT_EQ(recorder_->removes(), recorder_->inits());
    EXPECT_EQ(recorder_->breaches(), std::vector<std::string>());
    seed_.stop();
    other_.stop();
    EXPECT_TRUE(world_.run_until([this] { return seed_.stopped && other_.stopped; }, 1min));
  }

 private:
  PexNode::Plan plan_of_target() {
    PexNode::Plan plan;
    if (case_.role == Role::seed) plan.pex = PexConfig::seed();
    plan.pex.seeds = {seed_.address(), other_.address()};
    plan.reactor = recorder_;
    if (case_.book == Book::in_a_file) plan.book = directory_.path() / "book.db";
    return plan;
  }
  PexNode::Plan plan_of_other() {
    PexNode::Plan plan;
    plan.pex.seeds = {seed_.address()};
    return plan;
  }
  static PexNode::Plan plan_of_seed() {
    PexNode::Plan plan;
    plan.pex = PexConfig::seed();
    return plan;
  }
  sim::SimHost& host(std::size_t number) {
    return world_.add_host({conn::IpAddress::v4(20, static_cast<std::uint8_t>(number), 3, 1)}, 2);
  }
  void stop() {
    target_.stop();
    ask_of_it();
    ASSERT_TRUE(world_.run_until([this] { return target_.stopped; }, 1min));
    EXPECT_TRUE(recorder_->inits() == 0 || recorder_->stopped());
    after_ = true;
    ask_of_it();
  }
  void destroy() {
    target_.whole.reset();
    if (case_.end == End::stopped) return;
    // The switch ends now, and nobody is told.
    after_ = true;
    world_.run_for(30s);
  }
  // What others may ask of it at any moment.
  void ask_of_it() {
    target_.whole->update_lists({.seeds = {seed_.address()}});
    target_.whole->report([this](const PexReport&) { reports_after_ += after_ ? 1 : 0; });
    target_.whole->look([this](NetworkBooks& books) { looks_ += books.size(); });
  }
  std::size_t calls() const {
    return recorder_->inits() + recorder_->adds() + recorder_->removes() + recorder_->received();
  }

  const Case case_;
  const test::TemporaryDirectory directory_;
  sim::SimWorld world_{3};
  const conn::TimePoint began_ = world_.now();
  const std::shared_ptr<RecordingReactor> recorder_ = std::make_shared<RecordingReactor>();
  PexNode seed_{host(1), 1, plan_of_seed()};
  PexNode other_{host(2), 2, plan_of_other()};
  PexNode target_{host(3), 3, plan_of_target()};
  std::size_t events_ = 0, reports_after_ = 0, looks_ = 0;
  bool after_ = false;
};

std::size_t steps_within(const Case& one, conn::Duration span) {
  Life life(one);
  life.begin();
  std::size_t steps = 0;
  while (life.step(span)) ++steps;
  life.end();
  return steps;
}

class PexStop : public testing::TestWithParam<Case> {};

TEST_P(PexStop, AtAnyStepIsItsEnd) {
  constexpr conn::Duration span = 8s;
  const std::size_t all = steps_within(GetParam(), span);
  ASSERT_GT(all, 200u);
  // Each of the first, in which it starts and meets the others; then some.
  const auto first = test::by_effort<std::size_t>({.whole = 1000, .usual = 40, .sanitized = 20});
  const auto rest = test::by_effort<std::size_t>({.whole = 1000, .usual = 60, .sanitized = 12});
  const std::size_t stride = std::max<std::size_t>(1, (all - std::min(all, first)) / rest);
  for (std::size_t at = 0; at < all; at += at < first ? 1 : stride) {
    SCOPED_TRACE("step " + std::to_string(at) + " of " + std::to_string(all));
    Life life(GetParam());
    life.begin();
    for (std::size_t i = 0; i < at; ++i) ASSERT_TRUE(life.step(span));
    life.end();
    if (HasFailure()) return;
  }
}

constexpr auto kNode = Role::node, kSeed = Role::seed;
INSTANTIATE_TEST_SUITE_P(Nodes, PexStop,
                         testing::Values(Case{kNode, Book::in_memory, End::stopped},
                                         Case{kSeed, Book::in_memory, End::stopped},
                                         Case{kNode, Book::in_memory, End::destroyed},
                                         Case{kSeed, Book::in_memory, End::destroyed},
                                         Case{kNode, Book::in_a_file, End::stopped},
                                         Case{kSeed, Book::in_a_file, End::destroyed}),
                         [](const auto& each) { return std::to_string(each.index); });

// An embedder that finds nothing of use in the file drops the books in the answer.
TEST(NetworkBooksEnd, TheBooksMayBeDestroyedInTheAnswerToTheirOpening) {
  const test::TemporaryDirectory directory;
  sim::SimWorld world;
  sim::SimHost& host = world.add_host({conn::IpAddress::v4(20, 1, 3, 1)});
  auto books = std::make_shared<NetworkBooks>(
      host, test::numbered_key(1).id(),
      NetworkBooks::Settings{directory.path() / "book.db", {"net"}, {}, {}});
  const std::weak_ptr<NetworkBooks> gone = books;
  bool answered = false;
  books->open([&](const conn::Result<NetworkBooks::Opened>& opened) {
    answered = opened.has_value();
    books.reset();
  });
  EXPECT_TRUE(world.run_until([&] { return answered; }, 1min));
  EXPECT_TRUE(gone.expired());
  world.run_for(10s);
}

}  // namespace
}  // namespace peerage::pex
