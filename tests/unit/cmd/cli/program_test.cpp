#include "cmd/cli/program.h"

#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

// A program with an option of each kind, and what it was given.
struct CommandLine : testing::Test {
  bool flag = false, other = false;
  std::string text = "usual";
  std::optional<std::string> maybe, bare;
  std::filesystem::path path;
  std::vector<std::string> many;
  std::uint32_t small = 7;
  std::uint64_t large = 1;
  double real = 0.5;
  std::string taken;
  int runs = 0;

  std::ostringstream out, err;

  int run(std::vector<std::string> arguments) {
    const Option::Taker take = [this](const std::string& value) -> std::optional<std::string> {
      if (value == "bad") return "\"bad\" is not good";
      taken = value;
      return std::nullopt;
    };
    const Program program = {
        .name = "tool",
        .about = "A tool.",
        .version = "tool 1.2",
        .commands = {
            {.name = "work",
             .about = "Do the work",
             .aliases = {"w"},
             .options = {{.name = "--flag", .into = &flag, .help = "A flag"},
                         {.name = "--other", .into = &other, .excludes = {"--flag"}},
                         {.name = "--text",
                          .into = &text,
                          .help = "A text",
                          .example = "a,b",
                          .default_text = default_of(text)},
                         {.name = "--maybe", .into = &maybe, .choices = {"yes", "no"}},
                         {.name = "--bare", .into = &bare, .implied = "true"},
                         {.name = "--path", .into = &path, .group = ""},
                         {.name = "--small",
                          .into = &small,
                          .default_text = default_of(small),
                          .range = {{1, 9}}},
                         {.name = "--large", .into = &large},
                         {.name = "--real", .into = &real, .range = {{0, 1}}},
                         {.name = "--take", .into = take},
                         {.name = "many", .into = &many, .required = true}},
             .footer = "The end.",
             .run = [this] { return ++runs, 5; }},
            {.name = "group", .commands = {{.name = "inner", .about = "Inside", .run = []() -> int {
                                              throw std::runtime_error("no luck");
                                            }}}}}};
    out.str("");
    err.str("");
    return run_program(program, std::move(arguments), out, err);
  }
};

TEST_F(CommandLine, ValuesGoWhereTheirOptionsSay) {
  EXPECT_EQ(run({"work", "--flag", "--text=t", "--maybe", "no", "--path", "/p", "--small", "9",
                 "--large", "18446744073709551615", "--real", "0.25", "--take", "it", "a", "b"}),
            5);
  EXPECT_TRUE(flag);
  EXPECT_EQ(text, "t");
  EXPECT_EQ(maybe, "no");
  EXPECT_EQ(path, "/p");
  EXPECT_EQ(small, 9U);
  EXPECT_EQ(large, 18446744073709551615U);
  EXPECT_EQ(real, 0.25);
  EXPECT_EQ(taken, "it");
  EXPECT_EQ(many, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(err.str(), "");
}

TEST_F(CommandLine, WhatIsNotGivenStaysAsItIs) {
  EXPECT_EQ(run({"w", "a"}), 5);
  EXPECT_EQ(text, "usual");
  EXPECT_FALSE(maybe);
  EXPECT_EQ(small, 7U);
  EXPECT_EQ(real, 0.5);
}

TEST_F(CommandLine, AnOptionMayImplyItsValue) {
  EXPECT_EQ(run({"work", "a", "--bare"}), 5);
  EXPECT_EQ(bare, "true");
  EXPECT_EQ(run({"work", "--bare", "--flag", "a"}), 5);
  EXPECT_EQ(bare, "true");
  EXPECT_EQ(run({"work", "a", "--bare=false"}), 5);
  EXPECT_EQ(bare, "false");
  EXPECT_EQ(run({"work", "a", "--bare", "maybe"}), 5);
  EXPECT_EQ(bare, "maybe");
}

TEST_F(CommandLine, AMistakeIsReportedWithItsOptionAndNothingRuns) {
  for (const auto& [arguments, told] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"work"}, "many is required"},
           {{"work", "a", "--small", "10"}, "--small"},
           {{"work", "a", "--small", "x"}, "--small"},
           {{"work", "a", "--large", "-1"}, "--large"},
           {{"work", "a", "--large", "1x"}, "--large"},
           {{"work", "a", "--real", "2"}, "--real"},
           {{"work", "a", "--maybe", "perhaps"}, "perhaps"},
           {{"work", "a", "--take", "bad"}, "\"bad\" is not good"},
           {{"work", "a", "--flag", "--other"}, "excludes --"},
           {{"work", "a", "--text", "x", "--nope"}, "--nope"},
           {{"work", "a", "--text"}, "--text: 1 required"},
           {{"nope"}, "nope"},
           {{"group"}, "subcommand is required"},
           {{"help", "nope"}, "nope"}}) {
    EXPECT_EQ(run(arguments), 64) << told;
    EXPECT_NE(err.str().find(told), std::string::npos) << told << " in " << err.str();
    EXPECT_EQ(out.str(), "");
  }
  EXPECT_EQ(runs, 0);
}

TEST_F(CommandLine, HelpShowsExamplesDefaultsRangesAndChoicesAndNoHiddenOption) {
  EXPECT_EQ(run({"work", "--help"}), 0);
  const std::string help = out.str();
  for (const char* each :
       {"Do the work", "--text a,b ", "A text (default: usual)", "(1 to 9; default: 7)",
        "--real NUMBER", "(0 to 1)", "--maybe yes|no", "many...", "(required)", "(not with --flag)",
        "--bare[=true]", "The end."}) {
    EXPECT_NE(help.find(each), std::string::npos) << each << " in " << help;
  }
  EXPECT_EQ(help.find("--path"), std::string::npos);
  EXPECT_EQ(run({"help", "work"}), 0);
  EXPECT_NE(out.str().find("A text (default: usual)"), std::string::npos);
  EXPECT_EQ(run({"help", "group", "inner"}), 0);
  EXPECT_NE(out.str().find("Usage: tool group inner"), std::string::npos) << out.str();
}

TEST_F(CommandLine, WithoutACommandItsHelpIsAMistake) {
  EXPECT_EQ(run({}), 64);
  EXPECT_EQ(out.str(), "");
  for (const char* each : {"A tool.", "work", "group", "help"}) {
    EXPECT_NE(err.str().find(each), std::string::npos) << each;
  }
}

TEST_F(CommandLine, TheVersionIsOneLine) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(out.str(), "tool 1.2\n");
}

TEST_F(CommandLine, WhatACommandThrowsIsReportedAndEndsWithOne) {
  EXPECT_EQ(run({"group", "inner"}), 1);
  EXPECT_EQ(err.str(), "tool: no luck\n");
}

}  // namespace
}  // namespace peerage::cmd
