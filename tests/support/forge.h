// Changes an address book file as an intruder could: by SQL, past all of our own code.
#pragma once

#include <filesystem>
#include <string>

namespace peerage::test {

void forge(const std::filesystem::path& file, const std::string& sql);

}  // namespace peerage::test
