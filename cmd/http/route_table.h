// Which route a path belongs to: the longest that fits. One that ends with '/' has everything below
// it, too; any other has its own path alone.
//
// Threads: immutable.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerage::cmd {

class RouteTable {
 public:
  // Of two that are equal the first counts.
  explicit RouteTable(const std::vector<std::string>& paths);

  // The index of the route.
  std::optional<std::size_t> find(std::string_view path) const;

 private:
  std::map<std::string, std::size_t, std::less<>> by_path_;
};

}  // namespace peerage::cmd
