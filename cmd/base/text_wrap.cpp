#include "cmd/base/text_wrap.h"

#include <algorithm>

namespace peerage::cmd {

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width,
                    std::size_t used) {
  const std::size_t longest = width - std::min(std::max(indent, used), width - 1);
  std::string lines;
  std::size_t column = used;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string_view word = text.substr(begin, std::min(end - begin, longest));
    begin += word.size();
    if (begin < text.size() && text[begin] == ' ') ++begin;
    if (word.empty()) continue;
    if (!lines.empty() && column + 1 + word.size() > width) {
      lines += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (!lines.empty()) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
  }
  return lines;
}

}  // namespace peerage::cmd
