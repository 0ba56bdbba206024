// The address book beside a naive model of it: whatever is done to both in whatever order, they
// agree. The bug planted is in the model: the other candidates of an ID stay when one is proven.
#include <cstdio>

#include "tests/fuzz/fuzz_input.h"
#include "tests/support/book_pair.h"

using peerage::fuzz::Input;
using peerage::fuzz::require;

namespace {

class Bytes : public peerage::test::Choices {
 public:
  explicit Bytes(Input& input) : input_(input) {}
  std::size_t below(std::size_t bound) override {
    std::size_t value = input_.byte();
    for (std::size_t reach = 256; reach < bound; reach *= 256) value = value * 256 + input_.byte();
    return value % bound;
  }

 private:
  Input& input_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  Bytes bytes(input);
  try {
    peerage::test::BookPair pair(bytes);
    for (std::size_t steps = 0; !input.empty(); ++steps) {
      pair.step();
      if (steps % 16 == 0) pair.compare();
    }
    pair.compare();
  } catch (const peerage::test::Disagreement& what) {
    std::fprintf(stderr, "%s\n", what.what());
    require(false);
  }
  return 0;
}
