// init: a home directory with everything a node needs, in which nothing that exists is touched.
#include <iostream>
#include <memory>
#include <string>

#include <unistd.h>

#include "cmd/cli/commands.h"
#include "cmd/config/node_key_file.h"
#include "conn/base/file.h"
#include "conn/base/file_reason.h"

namespace peerage::cmd {
namespace {

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "peerage";
}

int run(const std::filesystem::path& home, const std::string& moniker, const std::string& network) {
  const auto refuse = [](const std::filesystem::path& path, int error, const std::string& why) {
    return report({conn::Stage::configuration, conn::file_reason(error, conn::Reason::io_error),
                   path.string() + ": " + why});
  };
  const std::string text = Config::template_text(moniker, network);
  if (const auto usable = Config::parse(text); !usable) return report(usable.error());
  for (const char* directory : {"config", "data"}) {
    std::error_code error;
    std::filesystem::create_directories(home / directory, error);
    if (error) return refuse(home / directory, error.value(), error.message());
  }
  const std::filesystem::path config = home / "config" / "config.toml";
  const auto written = conn::write_file(config, text, conn::Readers::all, conn::IfExists::fail);
  if (!written && written.error().kind != conn::FileError::Kind::exists) {
    return refuse(config, written.error().number, written.error().what);
  }
  std::cout << (written ? "wrote " : "kept  ") << config.string() << '\n';
  const auto key_path = node_key_path(home);
  if (!key_path) return report(key_path.error());
  const bool existed = std::filesystem::exists(*key_path);
  const auto key = load_or_create_key(*key_path);
  if (!key) return report(key.error());
  std::cout << (existed ? "kept  " : "wrote ") << key_path->string() << '\n'
            << "node ID " << key->id().to_string() << '\n';
  return 0;
}

}  // namespace

Command init_command() {
  struct Options {
    std::filesystem::path home;
    std::string moniker = host_name();
    std::string network;
  };
  auto options = std::make_shared<Options>();
  return {
      .name = "init",
      .about = "Make a home directory: config/config.toml, config/node_key.json, data/",
      .options = {home_option(options->home),
                  {.name = "--moniker",
                   .into = &options->moniker,
                   .help = "The node's name for others",
                   .default_text = default_of(options->moniker)},
                  {.name = "--network",
                   .into = &options->network,
                   .help = "The network (chain ID) to join"}},
      .group = kHomeGroup,
      .example = "peerage init --home ~/.peerage --network net-1 --moniker alpha",
      .run = [options] { return run(options->home, options->moniker, options->network); },
  };
}

}  // namespace peerage::cmd
