#include "cmd/cli/help.h"

#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "cmd/base/text_wrap.h"
#include "cmd/cli/commands.h"

namespace peerage::cmd {
namespace {

using testing::HasSubstr;
using testing::Not;

void expect_narrow(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), kTextWidth) << line;
}

struct Page {
  std::string path;
  Command command;
};

void collect(const std::string& path, const std::vector<Command>& commands,
             std::vector<Page>& pages) {
  for (const Command& each : commands) {
    pages.push_back({path + " " + each.name, each});
    collect(path + " " + each.name, each.commands, pages);
  }
}

// Of every command of the program.
std::vector<Page> pages() {
  std::vector<Page> all;
  collect("peerage", peerage_program().commands, all);
  return all;
}

TEST(Help, NoLineOfAnyCommandIsWiderThan80Columns) {
  expect_narrow(program_help(peerage_program()));
  EXPECT_GT(pages().size(), 25u);
  for (const Page& each : pages()) expect_narrow(command_help(each.path, each.command));
}

TEST(Help, EveryCommandHasAnExampleThatBeginsWithItself) {
  for (const Page& each : pages()) {
    EXPECT_TRUE(each.command.example.starts_with(each.path)) << each.path;
    EXPECT_THAT(command_help(each.path, each.command), HasSubstr("\nExample:\n  " + each.path));
  }
}

TEST(Help, EveryOptionOfAnExampleExists) {
  for (const Page& each : pages()) {
    std::istringstream words(each.command.example);
    for (std::string word; words >> word;) {
      if (!word.starts_with("--")) continue;
      bool known = false;
      for (const Option& option : each.command.options) known = known || option.name == word;
      for (const Command& below : each.command.commands) {
        for (const Option& option : below.options) known = known || option.name == word;
      }
      EXPECT_TRUE(known) << each.path << ": " << word;
    }
  }
}

TEST(Help, CommandsStandInGroups) {
  const std::string text = program_help(peerage_program());
  for (const char* group : {"\nRun a node:\n  start ", "\nLook at a network:\n  probe ",
                            "\nA node's home:\n  init ", "\nOther:\n  demo "}) {
    EXPECT_THAT(text, HasSubstr(group));
  }
}

TEST(Help, ShowsWhatAnOptionTakes) {
  bool flag = false;
  std::string text;
  std::optional<std::string> maybe;
  std::uint32_t number = 0;
  const Command command = {
      .name = "work",
      .about = "Do it",
      .options =
          {{.name = "--flag", .into = &flag, .help = "A flag"},
           {.name = "--text", .into = &text, .help = "A text", .default_text = "10m"},
           {.name = "--seeds", .into = &text, .help = "Where", .example = "ID@HOST:PORT,..."},
           {.name = "--log", .into = &maybe, .help = "Log it", .implied = "true"},
           {.name = "--kind", .into = &text, .choices = {"new", "old"}},
           {.name = "--hidden", .into = &text, .group = ""},
           {.name = "--number",
            .into = &number,
            .help = "How many",
            .required = true,
            .range = {{1, 9}},
            .excludes = {"--flag"}},
           {.name = "target", .into = &text, .help = "Of what", .required = true}},
      .example = "tool work x",
      .footer = "The end."};
  EXPECT_EQ(command_help("tool work", command),
            "Usage: tool work [OPTIONS] target\n\nDo it\n"
            "\nArguments:\n  target                    Of what (required)\n"
            "\nOptions:\n"
            "  --flag                    A flag\n"
            "  --text TEXT               A text (default: 10m)\n"
            "  --seeds ID@HOST:PORT,...  Where\n"
            "  --log[=true]              Log it\n"
            "  --kind new|old\n"
            "  --number NUMBER           How many (required; 1 to 9; not with --flag)\n"
            "  -h, --help                Print this help and exit\n"
            "\nExample:\n  tool work x\n\nThe end.\n");
}

TEST(TextWrap, BreaksBetweenWordsAndInsideOneThatIsTooLong) {
  EXPECT_EQ(wrapped("", 2, 10), "");
  EXPECT_EQ(wrapped("one two three", 2, 10), "one two\n  three");
  EXPECT_EQ(wrapped("one two", 2, 10, 4), "one\n  two");
  EXPECT_EQ(wrapped("abcdefghijkl", 0, 10), "abcdefghij\nkl");
  for (std::size_t width = 20; width < 40; ++width) {
    expect_narrow(wrapped(std::string(300, 'x') + " " + std::string(90, 'y'), 8, width, 12));
  }
}

}  // namespace
}  // namespace peerage::cmd
