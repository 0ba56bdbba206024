// What tests of files need: a place of their own, and a umask for a while.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

#include <sys/types.h>

namespace peerage::test {

// In memory where there is such a place: these tests are about what is in a file, and syncing it to
// a disk is most of the time that they would take. Removed, with all that is in it, at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const;
  // How many names are in it.
  std::size_t entries() const;

 private:
  std::filesystem::path path_;
};

class Umask {
 public:
  explicit Umask(mode_t mask);
  ~Umask();
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

}  // namespace peerage::test
