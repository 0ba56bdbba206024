#include "cmd/config/findings_text.h"

#include <gmock/gmock.h>

namespace peerage::cmd {
namespace {

using testing::HasSubstr;
using testing::Not;
using Colour = FindingsForm::Colour;
using NoEffect = FindingsForm::NoEffect;

const std::string kFile = "/root/.gaia/config/config.toml";

Finding no_effect(std::size_t line, const std::string& names) {
  return {Severity::notice, kFile, line, names + " has no effect: there is none here",
          Finding::Kind::no_effect};
}

std::vector<Finding> some() {
  return {no_effect(1, "proxy_app"),
          {Severity::warning, kFile, 9, "p2p.ladr: unknown"},
          {Severity::notice, "/root/.gaia/data/addrbook.db", 0, "7 addresses"},
          no_effect(5, "[rpc]"),
          {Severity::error, kFile, 30, "p2p.seeds: wrong"},
          {Severity::error, "", 0, "--laddr: wrong"}};
}

TEST(FindingsText, HasTheWorstFirstAndWhatHasNoEffectInOneLine) {
  EXPECT_EQ(findings_text(some(), {.home = "/root/.gaia", .no_effect = NoEffect::together}),
            "error: --laddr: wrong\n"
            "config/config.toml:30: error: p2p.seeds: wrong\n"
            "config/config.toml:9: warning: p2p.ladr: unknown\n"
            "data/addrbook.db: notice: 7 addresses\n"
            "config/config.toml: notice: no effect here: proxy_app, [rpc]; --all says why\n"
            "2 errors, 1 warning, 3 notices\n");
}

TEST(FindingsText, NamesFilesOutsideTheHomeInFull) {
  const std::string text = findings_text(some(), {.home = "/root/.ga"});
  EXPECT_THAT(text, HasSubstr("\n" + kFile + ":30: error"));
  EXPECT_THAT(text, HasSubstr("[rpc] has no effect: there is none here"));
}

TEST(FindingsText, CountsTheNamesThatItHasNoRoomFor) {
  std::vector<Finding> many;
  for (std::size_t i = 0; i < 60; ++i) many.push_back(no_effect(i, "key_" + std::to_string(i)));
  many.push_back(no_effect(99, std::string(90, 'a') + ", b"));
  const std::string text = findings_text(many, {.home = {}, .no_effect = NoEffect::together});
  EXPECT_THAT(text, HasSubstr(" more; --all says why\n0 errors, 0 warnings, 61 notices\n"));
  EXPECT_LT(text.size(), 300u);
}

TEST(FindingsText, HasColourOnlyWhenItIsAskedFor) {
  EXPECT_THAT(findings_text(some()), Not(HasSubstr("\x1b")));
  EXPECT_THAT(findings_text(some(), {.home = {}, .colour = Colour::yes}),
              HasSubstr("\x1b[1;31merror:\x1b[0m "));
}

TEST(FindingsText, TheColourIsThatOfTheChoiceTheTerminalAndTheEnvironment) {
  EXPECT_EQ(colour_of("auto", true, nullptr, "xterm"), Colour::yes);
  EXPECT_EQ(colour_of("auto", true, "", nullptr), Colour::yes);
  EXPECT_EQ(colour_of("auto", false, nullptr, "xterm"), Colour::no);
  EXPECT_EQ(colour_of("auto", true, "1", "xterm"), Colour::no);
  EXPECT_EQ(colour_of("auto", true, nullptr, "dumb"), Colour::no);
  EXPECT_EQ(colour_of("never", true, nullptr, "xterm"), Colour::no);
  EXPECT_EQ(colour_of("always", false, "1", "dumb"), Colour::yes);
}

}  // namespace
}  // namespace peerage::cmd
