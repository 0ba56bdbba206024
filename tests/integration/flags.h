// The command line of the programs that only tests run: `--name value` pairs, each with a default.
#pragma once

#include <charconv>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sys/resource.h>

namespace peerage::test {

class Flags {
 public:
  // Throws std::invalid_argument for anything but pairs.
  Flags(int argc, char** argv, int first) {
    for (int i = first; i < argc; i += 2) {
      const std::string_view name = argv[i];
      if (!name.starts_with("--") || i + 1 == argc) refuse(name);
      values_[std::string(name.substr(2))] = argv[i + 1];
    }
  }

  std::string text(const std::string& name, const std::string& otherwise = {}) {
    asked_.insert(name);
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  template <typename Number>
  Number number(const std::string& name, Number otherwise) {
    const std::string given = text(name);
    if (given.empty()) return otherwise;
    Number value{};
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
    if (error != std::errc() || end != given.data() + given.size()) refuse(name + " " + given);
    return value;
  }
  // To be called when all have been asked for: an unknown name is a mistake.
  void expect_no_others() const {
    for (const auto& [name, value] : values_) {
      if (!asked_.contains(name)) refuse(name);
    }
  }

 private:
  [[noreturn]] static void refuse(std::string_view what) {
    throw std::invalid_argument("cannot make sense of " + std::string(what));
  }
  std::map<std::string, std::string> values_;
  std::set<std::string> asked_;
};

// Sets the soft limit for descriptors; 0 raises it to the hard one.
inline void limit_descriptors(rlim_t soft) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = soft == 0 ? limit.rlim_max : soft;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace peerage::test
