#include "tests/support/files.h"

#include <cerrno>
#include <iterator>
#include <string>
#include <system_error>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace peerage::test {

TemporaryDirectory::TemporaryDirectory() {
  const std::filesystem::path memory = "/dev/shm";
  const bool has = ::access(memory.c_str(), W_OK) == 0;
  std::string name =
      ((has ? memory : std::filesystem::temp_directory_path()) / "peerage-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), name);
  }
  path_ = std::filesystem::canonical(name);
}
TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TemporaryDirectory::operator/(std::string_view name) const {
  return path_ / name;
}

std::size_t TemporaryDirectory::entries() const {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_),
                                                std::filesystem::directory_iterator{}));
}

Umask::Umask(mode_t mask) : before_(::umask(mask)) {}
Umask::~Umask() {
  ::umask(before_);
}

}  // namespace peerage::test
