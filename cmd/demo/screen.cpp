#include "cmd/demo/screen.h"

#include <algorithm>
#include <cstdio>

#include <sys/ioctl.h>
#include <unistd.h>

namespace peerage::cmd {
namespace {

// Lines that the terminal wraps would be counted wrongly.
std::string cut_to_width(const std::string& table) {
  winsize size{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  const std::size_t width = known ? size.ws_col : 80;
  std::string text;
  for (std::size_t begin = 0; begin < table.size();) {
    const std::size_t end = table.find('\n', begin);
    text += table.substr(begin, std::min(end - begin, width - 1)) + '\n';
    begin = end + 1;
  }
  return text;
}

}  // namespace

void DemoScreen::say(std::string_view text) {
  clear();
  std::printf("%.*s\n", static_cast<int>(text.size()), text.data());
  std::fputs(shown_.c_str(), stdout);
  std::fflush(stdout);
}

void DemoScreen::event(conn::Duration since_start, const std::string& node,
                       const std::string& what) {
  if (view_ == View::table) return;
  std::printf("%8s  %-8s %s\n", seconds_text(since_start).c_str(), node.c_str(), what.c_str());
  std::fflush(stdout);
}

void DemoScreen::show(const std::vector<NodeView>& nodes) {
  if (view_ == View::lines) return;
  std::string table = '\n' + cut_to_width(table_text(nodes));
  if (table == shown_) return;
  clear();
  shown_ = std::move(table);
  std::fputs(shown_.c_str(), stdout);
  std::fflush(stdout);
}

void DemoScreen::clear() {
  const auto lines = std::count(shown_.begin(), shown_.end(), '\n');
  if (lines > 0) std::printf("\x1b[%dA\x1b[J", static_cast<int>(lines));
}

}  // namespace peerage::cmd
