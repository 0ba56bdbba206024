#include "cmd/http/route_table.h"

namespace peerage::cmd {

RouteTable::RouteTable(const std::vector<std::string>& paths) {
  for (std::size_t i = 0; i < paths.size(); ++i) by_path_.emplace(paths[i], i);
}

std::optional<std::size_t> RouteTable::find(std::string_view path) const {
  if (const auto exact = by_path_.find(path); exact != by_path_.end()) return exact->second;
  while (!path.empty()) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string_view::npos) break;
    const auto above = by_path_.find(path.substr(0, slash + 1));
    if (above != by_path_.end()) return above->second;
    path = path.substr(0, slash);
  }
  return std::nullopt;
}

}  // namespace peerage::cmd
