#include "cmd/commands.h"

#include <cstdlib>
#include <iostream>

namespace peerage::cmd {

std::filesystem::path default_home() {
  if (const char* home = std::getenv("PEERAGE_HOME"); home != nullptr && *home != '\0') return home;
  const char* user_home = std::getenv("HOME");
  return std::filesystem::path(user_home == nullptr ? "." : user_home) / ".peerage";
}

void add_home_option(CLI::App& command, std::filesystem::path& home) {
  home = default_home();
  command.add_option("--home", home, "The node's directory")->capture_default_str();
}

conn::Result<Config> load_config(const std::filesystem::path& home) {
  const std::filesystem::path file = home / "config" / "config.toml";
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return Config{};
  return Config::load(file);
}

conn::Result<std::filesystem::path> node_key_path(const std::filesystem::path& home) {
  const auto config = load_config(home);
  if (!config) return tl::unexpected(config.error());
  return home / config->node_key_file;  // an absolute path replaces the home
}

int report(const conn::Failure& failure) {
  std::cerr << "peerage: " << explain(failure.reason);
  if (!failure.detail.empty()) std::cerr << ": " << failure.detail;
  std::cerr << '\n';
  if (!hint(failure.reason).empty()) std::cerr << "  hint: " << hint(failure.reason) << '\n';
  return 1;
}

}  // namespace peerage::cmd
