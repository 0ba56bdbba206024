#include "p2p/peer/reactor_channel.h"

#include <gtest/gtest.h>

namespace peerage::p2p {
namespace {

const conn::ChannelDescriptor kAll = {.id = conn::ChannelId{0x42},
                                      .priority = 7,
                                      .send_queue_messages = 11,
                                      .send_queue_bytes = 1300,
                                      .max_message_bytes = 1700};

void expect_same(const conn::ChannelDescriptor& one, const conn::ChannelDescriptor& other) {
  EXPECT_EQ(one.id, other.id);
  EXPECT_EQ(one.priority, other.priority);
  EXPECT_EQ(one.send_queue_messages, other.send_queue_messages);
  EXPECT_EQ(one.send_queue_bytes, other.send_queue_bytes);
  EXPECT_EQ(one.max_message_bytes, other.max_message_bytes);
}

TEST(ReactorChannel, WhatItDoesNotSayIsAsTheConnectionHasIt) {
  const ReactorChannel channel = {.id = conn::ChannelId{0x70}, .priority = 5};
  expect_same(channel.descriptor(), {.id = conn::ChannelId{0x70}, .priority = 5});
}

TEST(ReactorChannel, MadeFromADescriptorItHasAllThatIsInIt) {
  const ReactorChannel channel = ReactorChannel::from(kAll, FullInbox::disconnect);
  expect_same(channel.descriptor(), kAll);
  EXPECT_EQ(channel.when_full, FullInbox::disconnect);
  EXPECT_EQ(channel.inbox_bytes, ReactorChannel{}.inbox_bytes);
  EXPECT_EQ(ReactorChannel::from(kAll).when_full, FullInbox::back_pressure);
}

}  // namespace
}  // namespace peerage::p2p
