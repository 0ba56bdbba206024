#include "pex/exchange/answer_cache.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"
#include "tests/support/book_fixture.h"

namespace peerage::pex {
namespace {

using conn::NetAddress;
using test::scattered;
using namespace std::chrono_literals;

struct AnswerCacheTest : test::BookTest {
  AnswerCache cache;

  void hear_many(std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t i = from; i < to; ++i) {
      hear(scattered(i), "66." + std::to_string(i % 200) + ".1.1");
    }
  }
  std::set<NetAddress> answer() {
    const auto list = cache.answer(book, now);
    return {list.begin(), list.end()};
  }
};

TEST_F(AnswerCacheTest, ALargeBookIsNotRevealedByAskingAgain) {
  hear_many(0, 3000);
  const auto first = answer();
  EXPECT_EQ(first.size(), addrbook::kMaxSelection);
  for (int i = 0; i < 100; ++i) {
    now += 14min;
    EXPECT_EQ(answer(), first);
  }
  now += 2h;
  EXPECT_NE(answer(), first) << "the next day has another";
}

TEST_F(AnswerCacheTest, ASmallBookIsGivenAsItIs) {
  hear_many(0, 20);
  EXPECT_EQ(answer().size(), 20u);
  hear_many(20, 25);
  EXPECT_EQ(answer().size(), 25u);
}

TEST_F(AnswerCacheTest, ABookThatHasDoubledHasANewAnswer) {
  hear_many(0, 300);
  const auto first = answer();
  hear_many(300, 590);
  EXPECT_EQ(answer(), first);
  hear_many(590, 700);
  EXPECT_NE(answer(), first);
}

TEST_F(AnswerCacheTest, WhatRestsOrIsGoneIsLeftOut) {
  hear_many(0, 1000);
  const auto first = answer();
  book.forget(*first.begin());
  book.mark_bad(*std::next(first.begin()), p2p::PeerReason::misbehaved, now + 1h, now);
  const auto second = answer();
  EXPECT_EQ(second.size(), first.size() - 2);
  EXPECT_TRUE(std::includes(first.begin(), first.end(), second.begin(), second.end()));
}

}  // namespace
}  // namespace peerage::pex
