// The `peerage` program: a command line for the libraries.
#include <algorithm>
#include <cstring>
#include <iostream>

#include <sodium.h>

#include "cmd/base/process.h"
#include "cmd/cli/arguments.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/program.h"

namespace {

// Before libraries are initialised, which takes milliseconds: a supervisor may signal at once.
// Sanitizers replace what it calls, and are not ready then.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PEERAGE_EARLY ".init_array"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PEERAGE_EARLY ".init_array"
#endif
#endif
#ifndef PEERAGE_EARLY
#define PEERAGE_EARLY ".preinit_array"
#endif

void settle(int argc, char** argv, char** /*environment*/) {
  using peerage::cmd::Process;
  bool is_node = false;
  for (int i = 1; i < argc; ++i) {
    is_node = is_node || std::strcmp(argv[i], "start") == 0 || std::strcmp(argv[i], "seed") == 0;
  }
  peerage::cmd::settle_signals(is_node ? Process::node : Process::tool);
}
[[gnu::section(PEERAGE_EARLY), gnu::used]] void (*const kSettle)(int, char**, char**) = settle;

}  // namespace

int main(int argc, char** argv) {
  namespace cmd = peerage::cmd;
  if (sodium_init() < 0) {
    std::cerr << "peerage: libsodium cannot be initialised\n";
    return 1;
  }
  return run_program(cmd::peerage_program(),
                     cmd::normalise_arguments({argv + std::min(argc, 1), argv + argc}), std::cout,
                     std::cerr);
}
