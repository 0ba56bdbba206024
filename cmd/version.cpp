// version: what this program is.
#include <iostream>

#include "cmd/cli/commands.h"
#include "conn/comet/frame_aead.h"
#include "p2p/base/limits.h"

namespace peerage::cmd {
namespace {

int run() {
  std::cout << version_line() << '\n'
            << "protocol p2p " << p2p::kP2pVersion << ", block " << p2p::kBlockVersion
            << " (CometBFT/Tendermint v0.34 to v0.40, v1.0)\n"
            << "frame cipher " << conn::frame_aead().name() << '\n'
            << "compiler "
            <<
#if defined(__clang__)
      "clang " << __clang_version__
#else
      "g++ " << __VERSION__
#endif
            << '\n';
  return 0;
}

}  // namespace

std::string version_line() {
  return "peerage " PEERAGE_VERSION;
}

Command version_command() {
  return {.name = "version",
          .about = "Print the version and what it was built with",
          .group = kOtherGroup,
          .example = "peerage version",
          .run = run};
}

}  // namespace peerage::cmd
