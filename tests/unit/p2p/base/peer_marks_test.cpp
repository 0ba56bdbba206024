#include "p2p/base/peer_marks.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/addresses.h"

namespace peerage::p2p {
namespace {

using conn::NodeId;
using test::numbered_id;

struct Changes : PeerMarks::Observer {
  void on_marks_changed(const std::vector<NodeId>& ids) override { all.push_back(ids); }
  std::vector<std::vector<NodeId>> all;
};

TEST(PeerMarks, ANodeHasTheMarksThatItWasGivenAndNoOthers) {
  PeerMarks marks;
  marks.add(Mark::persistent, numbered_id(1));
  marks.add(Mark::unconditional, numbered_id(2));
  marks.add(Mark::private_, numbered_id(3));
  marks.add(Mark::named, numbered_id(4));
  marks.add(Mark::private_, numbered_id(4));
  const auto as_list = [&](std::uint32_t number) {
    const Marks of = marks.of(numbered_id(number));
    return std::vector{of.persistent, of.unconditional, of.is_private, of.named};
  };
  EXPECT_EQ(as_list(0), (std::vector{false, false, false, false}));
  EXPECT_EQ(as_list(1), (std::vector{true, false, false, false}));
  EXPECT_EQ(as_list(2), (std::vector{false, true, false, false}));
  EXPECT_EQ(as_list(3), (std::vector{false, false, true, false}));
  EXPECT_EQ(as_list(4), (std::vector{false, false, true, true}));
  marks.remove(Mark::named, numbered_id(4));
  EXPECT_EQ(as_list(4), (std::vector{false, false, true, false}));
  EXPECT_TRUE(marks.has(Mark::private_, numbered_id(4)));
  EXPECT_FALSE(marks.has(Mark::named, numbered_id(4)));
}

TEST(PeerMarks, PersistentUnconditionalAndNamedNodesComeFirstAndPrivateOnesDoNot) {
  for (const Mark mark : {Mark::persistent, Mark::unconditional, Mark::private_, Mark::named}) {
    PeerMarks marks;
    marks.add(mark, numbered_id(1));
    EXPECT_EQ(marks.comes_first(numbered_id(1)), mark != Mark::private_);
    EXPECT_FALSE(marks.comes_first(numbered_id(2)));
  }
}

TEST(PeerMarks, TheObserverHearsOfEveryChangeWhenItIsMade) {
  struct Reader : PeerMarks::Observer {
    explicit Reader(const PeerMarks& of) : marks(of) {}
    void on_marks_changed(const std::vector<NodeId>& ids) override {
      for (const NodeId& id : ids) seen.push_back(marks.comes_first(id));
    }
    const PeerMarks& marks;
    std::vector<bool> seen;
  };
  PeerMarks marks;
  Reader reader(marks);
  marks.add(Mark::named, numbered_id(1));  // nobody listens yet
  marks.observe(reader);
  marks.add(Mark::persistent, numbered_id(2));
  marks.remove(Mark::persistent, numbered_id(2));
  EXPECT_EQ(reader.seen, (std::vector{true, false}));
}

// A persistent peer may have got another address.
TEST(PeerMarks, AMarkThatIsThereAlreadyIsAChangeToo) {
  PeerMarks marks;
  Changes changes;
  marks.observe(changes);
  marks.add(Mark::persistent, numbered_id(1));
  marks.add(Mark::persistent, numbered_id(1));
  EXPECT_EQ(changes.all.size(), 2u);
  EXPECT_EQ(changes.all[1], std::vector{numbered_id(1)});
}

TEST(PeerMarks, ReplacingAListChangesThoseThatEnterAndThoseThatLeave) {
  PeerMarks marks;
  Changes changes;
  marks.replace(Mark::named, {numbered_id(1), numbered_id(2)});
  marks.observe(changes);
  marks.replace(Mark::named, {numbered_id(2), numbered_id(3)});
  ASSERT_EQ(changes.all.size(), 1u);
  EXPECT_EQ(changes.all[0], (std::vector{numbered_id(1), numbered_id(3)}));
  EXPECT_FALSE(marks.has(Mark::named, numbered_id(1)));
  EXPECT_TRUE(marks.has(Mark::named, numbered_id(2)));
  EXPECT_TRUE(marks.has(Mark::named, numbered_id(3)));
}

}  // namespace
}  // namespace peerage::p2p
