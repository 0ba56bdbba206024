// A connection of the control socket in virtual time: bytes in, calls and bytes out.
#include "cmd/ctl/protocol.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;
using conn::TimePoint;

// Keeps what is logged.
class Lines final : public conn::LogSink {
 public:
  std::vector<std::string> lines;

 private:
  void write(const conn::LogRecord& record) noexcept override {
    std::string line(record.message);
    for (const auto& each : record.fields) {
      line.append(" ").append(each.key).append("=").append(each.value.text());
    }
    lines.push_back(line);
  }
};

struct CtlSessionTest : testing::Test {
  CtlCounts counts;
  std::shared_ptr<Lines> log = std::make_shared<Lines>();
  TimePoint now{1h};
  CtlLimits limits;
  std::unique_ptr<CtlSession> session;
  std::vector<CtlSession::Call> calls;
  std::vector<CtlSession::Subscribe> subscribed;

  CtlSession& open() {
    session = std::make_unique<CtlSession>(CtlCaller{501, 77}, counts, conn::Log(log), now, limits);
    return *session;
  }
  void take_tasks() {
    while (auto task = session->take_task()) {
      if (auto* const call = std::get_if<CtlSession::Call>(&*task)) {
        calls.push_back(std::move(*call));
      } else {
        subscribed.push_back(std::get<CtlSession::Subscribe>(std::move(*task)));
      }
    }
  }
  void receive(const std::string& bytes) {
    session->receive(bytes, now);
    take_tasks();
  }
  // What goes out, all of it.
  std::string sent() {
    std::string all;
    while (!session->unsent().empty()) {
      const std::string some(session->unsent());
      all += some;
      session->sent(some.size(), now);
    }
    take_tasks();
    return all;
  }
  void finish(std::size_t call, const std::string& result) {
    session->finish(calls.at(call).number, result, now);
    take_tasks();
  }
  void advance(conn::Duration span) {
    now += span;
    session->on_time(now);
  }
};

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}
std::string request(int id, const std::string& method, const std::string& params = "{}") {
  return "{\"id\":" + std::to_string(id) + R"(,"method":")" + method + R"(","params":)" + params +
         "}\n";
}

TEST_F(CtlSessionTest, ARequestBecomesACallAndItsResultTheAnswer) {
  open();
  receive(request(1, "ban", R"({"target":"1.2.3.4","for":"7d"})"));
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].call.verb, "ban");
  EXPECT_EQ(std::get<std::string>(calls[0].call.params.at("for")), "7d");
  EXPECT_EQ(calls[0].call.caller.uid, 501u);
  EXPECT_EQ(calls[0].call.caller.pid, 77);
  EXPECT_EQ(sent(), "");
  finish(0, "{\"changed\":true}");
  EXPECT_EQ(sent(), "{\"id\":1,\"result\":{\"changed\":true}}\n");
  EXPECT_FALSE(session->over());
}

TEST_F(CtlSessionTest, EachVerbOfTheTableCanBeAsked) {
  open();
  for (const CtlVerb& verb : ctl_verbs()) {
    if (verb.name == "events") continue;
    CtlParams params;
    std::string text;
    for (const CtlParameter& each : verb.parameters) {
      if (each.needed == CtlParameter::Needed::no) continue;
      const std::string value = each.kind == CtlParameter::Kind::file ? "/tmp/x" : "x";
      text += (text.empty() ? "\"" : ",\"") + std::string(each.name) + "\":\"" + value + "\"";
    }
    const std::size_t before = calls.size();
    receive(request(1, std::string(verb.name), "{" + text + "}"));
    ASSERT_EQ(calls.size(), before + 1) << verb.name << sent();
    finish(before, "{}");
    EXPECT_EQ(sent(), "{\"id\":1,\"result\":{}}\n") << verb.name;
  }
}

TEST_F(CtlSessionTest, AnswersKeepTheOrderOfTheirRequests) {
  open();
  receive(request(1, "peers") + request(2, "status") + request(3, "nonsense") + request(4, "bans"));
  ASSERT_EQ(calls.size(), 3u);
  finish(2, "{\"n\":4}");
  finish(1, "{\"n\":2}");
  EXPECT_EQ(sent(), "");
  finish(0, "{\"n\":1}");
  EXPECT_EQ(
      sent(),
      "{\"id\":1,\"result\":{\"n\":1}}\n{\"id\":2,\"result\":{\"n\":2}}\n"
      "{\"id\":3,\"error\":{\"code\":-2,\"reason\":\"unknown_verb\",\"message\":\"there is no "
      "verb \\\"nonsense\\\"\",\"hint\":\"`peerage ctl --help` lists them\"}}\n"
      "{\"id\":4,\"result\":{\"n\":4}}\n");
}

TEST_F(CtlSessionTest, AnAnswerThatComesTwiceIsSentOnce) {
  open();
  receive(request(1, "peers"));
  finish(0, "{}");
  finish(0, "{}");
  session->finish(99, std::string("{}"), now);
  EXPECT_EQ(lines_in(sent()), 1u);
}

TEST_F(CtlSessionTest, LinesComeInPiecesOrSeveralAtOnceAndWithCarriageReturns) {
  open();
  for (const char c : request(1, "peers")) receive(std::string(1, c));
  EXPECT_EQ(calls.size(), 1u);
  receive("\r\n\n{\"method\":\"status\"}\r\n{\"method\":\"bans\"}\n{\"meth");
  EXPECT_EQ(calls.size(), 3u);
  receive("od\":\"config\"}\n");
  EXPECT_EQ(calls.size(), 4u);
}

TEST_F(CtlSessionTest, HalfALineIsNotCarriedOut) {
  open();
  receive("{\"method\":\"stop\"}");
  session->receive_end(now);
  take_tasks();
  EXPECT_TRUE(calls.empty());
  EXPECT_EQ(sent().find(R"({"id":null,"error":{"code":-2,"reason":"malformed",)"), 0u);
  EXPECT_TRUE(session->over());
}

TEST_F(CtlSessionTest, WhatCameBeforeTheEndIsAnsweredAfterIt) {
  open();
  receive(request(1, "peers"));
  session->receive_end(now);
  EXPECT_FALSE(session->over());
  EXPECT_FALSE(session->wants_bytes());
  finish(0, "{}");
  EXPECT_FALSE(session->over());
  EXPECT_EQ(lines_in(sent()), 1u);
  EXPECT_TRUE(session->over());
}

TEST_F(CtlSessionTest, ALineOf64KiBIsTakenAndALongerOneRefused) {
  open();
  std::string line = R"({"method":"ban","params":{"target":")";
  const std::string end = "\"}}";
  line.append(limits.line_bytes - line.size() - end.size(), 'x');
  receive(line + end + "\n");
  ASSERT_EQ(calls.size(), 1u);
  finish(0, "{}");
  (void)sent();
  receive(line + "x" + end + "\n" + request(2, "peers"));
  EXPECT_EQ(calls.size(), 2u);
  finish(1, "{}");
  const std::string out = sent();
  EXPECT_NE(out.find("a request has at most 65536 bytes"), std::string::npos);
  EXPECT_NE(out.find("{\"id\":2,\"result\":{}}"), std::string::npos);
}

TEST_F(CtlSessionTest, TenMegabytesInALineAreOneMistakeAndAreNotKept) {
  open();
  const std::string chunk(16 << 10, 'x');
  for (int i = 0; i < 640; ++i) {
    ASSERT_TRUE(session->wants_bytes());
    receive(chunk);
  }
  receive("\n" + request(2, "peers"));
  EXPECT_EQ(calls.size(), 1u);
  finish(0, "{}");
  EXPECT_EQ(lines_in(sent()), 2u);
}

TEST_F(CtlSessionTest, SoManyRequestsAreUnderWayAndNoMoreBytesAreWanted) {
  open();
  std::string many;
  for (int i = 0; i < 20; ++i) many += request(i, "peers");
  receive(many);
  EXPECT_EQ(calls.size(), limits.requests);
  EXPECT_FALSE(session->wants_bytes());
  for (std::size_t i = 0; i < 20; ++i) finish(i, "{}");
  EXPECT_EQ(calls.size(), 20u);
  EXPECT_TRUE(session->wants_bytes());
  EXPECT_EQ(lines_in(sent()), 20u);
}

TEST_F(CtlSessionTest, WhoDoesNotReadIsAskedForNothingMore) {
  open();
  receive(request(1, "peers"));
  finish(0, "{\"text\":\"" + std::string(limits.unsent_bytes, 'x') + "\"}");
  EXPECT_FALSE(session->wants_bytes());
  receive(request(2, "peers"));  // what was on its way
  EXPECT_EQ(calls.size(), 1u);
  EXPECT_EQ(lines_in(sent()), 1u);
  EXPECT_EQ(calls.size(), 2u);
  EXPECT_TRUE(session->wants_bytes());
}

TEST_F(CtlSessionTest, AnIdleConnectionIsClosedAfterAMinute) {
  open();
  advance(50s);
  receive(request(1, "peers"));
  finish(0, "{}");
  (void)sent();
  EXPECT_EQ(session->deadline(), now + 60s);
  advance(59s);
  receive("{\"meth");  // half a request is no sign of life
  EXPECT_FALSE(session->over());
  advance(1s);
  EXPECT_TRUE(session->over());
}

TEST_F(CtlSessionTest, ARequestUnderWayIsNotIdle) {
  open();
  receive(request(1, "dial", R"({"address":"x"})"));
  EXPECT_FALSE(session->deadline());
  advance(10min);
  EXPECT_FALSE(session->over());
  finish(0, "{}");
  EXPECT_EQ(lines_in(sent()), 1u);
}

TEST_F(CtlSessionTest, AnAnswerThatNobodyReadsIsGivenUpAfterAMinute) {
  open();
  receive(request(1, "peers"));
  finish(0, "{}");
  advance(30s);
  session->sent(1, now);
  advance(59s);
  EXPECT_FALSE(session->over());
  advance(1s);
  EXPECT_TRUE(session->over());
}

TEST_F(CtlSessionTest, EventsComeAfterTheAnswerToTheirRequest) {
  open();
  receive(request(1, "peers") + request(2, "events", R"({"types":["gone"]})"));
  EXPECT_TRUE(subscribed.empty());
  session->event("{\"event\":\"gone\"}");  // not yet
  finish(0, "{}");
  ASSERT_EQ(subscribed.size(), 1u);
  EXPECT_EQ(subscribed[0].types, std::vector<std::string>{"gone"});
  session->event("{\"event\":\n\"gone\"}");
  EXPECT_EQ(sent(),
            "{\"id\":1,\"result\":{}}\n{\"id\":2,\"result\":{\"subscribed\":true}}\n"
            "{\"event\": \"gone\"}\n");
}

TEST_F(CtlSessionTest, ASubscriberIsNeverIdleAndMayHaveStoppedSending) {
  open();
  receive(request(1, "events"));
  (void)sent();
  session->receive_end(now);
  EXPECT_FALSE(session->deadline());
  advance(24h);
  EXPECT_FALSE(session->over());
  session->event("{}");
  EXPECT_EQ(sent(), "{}\n");
}

TEST_F(CtlSessionTest, WhoReadsSlowlyIsToldHowManyEventsWereLostAndWhere) {
  open();
  receive(request(1, "events"));
  (void)sent();
  // Nothing is taken from what is unsent: some are handed out, 1024 wait, the rest is lost.
  std::size_t number = 0;
  const auto event = [&] {
    session->event("{\"n\":" + std::to_string(++number) + ",\"text\":\"" + std::string(100, 'x') +
                   "\"}");
  };
  for (int i = 0; i < 3000; ++i) event();
  const std::size_t handed = lines_in(std::string(session->unsent()));
  session->sent(session->unsent().size(), now);
  event();
  const std::string rest = sent();
  EXPECT_EQ(lines_in(rest), limits.events + 2);
  const std::size_t lost = 3000 - handed - limits.events;
  const std::string marker = "{\"event\":\"lost\",\"n\":" + std::to_string(lost) + "}\n";
  const std::size_t at = rest.find(marker);
  ASSERT_NE(at, std::string::npos);
  EXPECT_NE(rest.find("{\"n\":3001,", at), std::string::npos);
  EXPECT_EQ(rest.find("{\"n\":3001,"), rest.rfind("{\"n\":"));
}

TEST_F(CtlSessionTest, EventsThatWaitAreBoundedInBytes) {
  limits.event_bytes = 64 << 10;
  open();
  receive(request(1, "events"));
  for (int i = 0; i < 1000; ++i) session->event("\"" + std::string(1 << 10, 'x') + "\"");
  EXPECT_LE(sent().size(), std::size_t{96} << 10);
  EXPECT_EQ(session->unsent(), "");
}

TEST_F(CtlSessionTest, EventsLostOnTheWayAreToldAtOnce) {
  open();
  receive(request(1, "events"));
  (void)sent();
  session->lose(5);
  EXPECT_EQ(sent(), "{\"event\":\"lost\",\"n\":5}\n");
}

TEST_F(CtlSessionTest, WhoHasGoneStillHasDoneWhatItAskedFor) {
  open();
  session->receive(request(1, "ban", R"({"target":"x"})") + request(2, "events"), now);
  session->hang_up(now);
  take_tasks();
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_FALSE(session->over());
  finish(0, "{}");
  EXPECT_EQ(session->unsent(), "");
  EXPECT_TRUE(subscribed.empty());
  EXPECT_TRUE(session->over());
  EXPECT_EQ(log->lines.size(), 1u);
}

TEST_F(CtlSessionTest, AtTheEndOfTheNodeEverythingUnderWayIsAnswered) {
  open();
  receive(request(1, "peers") + request(2, "stop") + request(3, "events"));
  finish(1, "{\"changed\":true}");
  session->stop(now);
  receive(request(4, "peers"));
  EXPECT_EQ(calls.size(), 2u);
  const std::string out = sent();
  EXPECT_EQ(lines_in(out), 3u);
  EXPECT_NE(out.find("{\"id\":1,\"error\":{\"code\":-1,\"reason\":\"stopping\""),
            std::string::npos);
  EXPECT_NE(out.find("{\"id\":2,\"result\":{\"changed\":true}}"), std::string::npos);
  EXPECT_TRUE(session->over());
}

TEST_F(CtlSessionTest, WhatChangesSomethingIsLoggedWithItsCallerAndOutcome) {
  open();
  receive(request(1, "ban", R"({"target":"1.2.3.4"})") + request(2, "peers") +
          request(3, "unban", R"({"target":"x\ny"})") + request(4, "ban"));
  finish(0, "{}");
  finish(1, "{}");
  session->finish(calls[2].number, tl::unexpected(CtlError{-1, "not_found", "no", ""}), now);
  const std::vector<std::string> expected = {
      R"(control verb=ban params={"target":"1.2.3.4"} uid=501 pid=77 result=done)",
      R"(control verb=unban params={"target":"x\ny"} uid=501 pid=77 result=not_found)"};
  EXPECT_EQ(log->lines, expected);
}

TEST_F(CtlSessionTest, RequestsAreCountedByVerbAndResult) {
  open();
  receive(request(1, "ban", R"({"target":"x"})") + request(2, "bann") + request(3, "ban") +
          "nonsense\n" + request(4, "ban", R"({"target":"x"})") + request(5, "events"));
  finish(0, "{}");
  session->finish(calls[1].number, tl::unexpected(CtlError{-1, "limit", "no", ""}), now);
  std::vector<std::string> found;
  const std::vector<CtlFigure> figures = counts.figures();
  EXPECT_GE(figures.size(), ctl_verbs().size()) << "each verb is there from the start";
  for (const CtlFigure& each : figures) {
    if (each.requests == 0) continue;
    found.push_back(std::string(each.verb) + " " + std::string(each.result) + " " +
                    std::to_string(each.requests));
  }
  const std::vector<std::string> expected = {"events done 1", "ban done 1", "ban failed 1",
                                             "ban wrong_usage 1", "other wrong_usage 2"};
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace peerage::cmd
