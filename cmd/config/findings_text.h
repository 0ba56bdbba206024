// Findings as they are printed: for people, the worst first, and for programs.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cmd/config/finding.h"

namespace peerage::cmd {

struct FindingsForm {
  // Files below it are named as from there; empty: all by their whole paths.
  std::filesystem::path home;
  enum class Colour : std::uint8_t { no, yes } colour = Colour::no;
  // Whether settings that have no effect are told together, in one line.
  enum class NoEffect : std::uint8_t { together, each } no_effect = NoEffect::each;
};

// "FILE:LINE: error: TEXT", errors first, then warnings, then notices, each by file and line; and
// at the end how many of each there are.
std::string findings_text(std::vector<Finding> findings, const FindingsForm& form = {});
// An object to a line, in the same order.
std::string findings_json(std::vector<Finding> findings);

// Whether to use colour: `choice` is auto, always or never. Auto: on a terminal, unless NO_COLOR
// says no (no-color.org) or TERM is "dumb".
FindingsForm::Colour colour_of(const std::string& choice, bool is_terminal, const char* no_color,
                               const char* term);

}  // namespace peerage::cmd
