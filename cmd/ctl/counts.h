// What has been asked over the control socket, by verb and outcome: peerage_ctl_requests_total.
//
// Threads: `add` on one at a time, `figures` on any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cmd/ctl/control.h"
#include "conn/base/relaxed.h"

namespace peerage::cmd {

struct CtlFigure {
  std::string_view verb;    // "ban", "book list"; "other": what is no verb
  std::string_view result;  // "done", "failed", "wrong_usage"
  std::uint64_t requests = 0;
};

class CtlCounts {
 public:
  CtlCounts();

  // `verb`: of the table, or anything else.
  void add(std::string_view verb, const CtlResult& result) noexcept;
  // In the order of the table: what was done of each verb, 0 too; the rest once it has been.
  std::vector<CtlFigure> figures() const;

 private:
  static constexpr std::array<std::string_view, 3> kResults = {"done", "failed", "wrong_usage"};
  std::vector<std::array<conn::Relaxed<std::uint64_t>, kResults.size()>> counts_;
};

}  // namespace peerage::cmd
