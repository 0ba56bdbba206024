// An inquiry: questions that are put to nodes of discovery, one after another or at once, and what
// becomes of the answers. A ping, a lookup and a crawl are each one.
//
// It is pure: it says what is to be asked next, is told each outcome, and knows when it is done. It
// sees no packet, no socket and no clock. Whoever runs it (cmd/discovery/inquiry_run.h) asks over
// UDP, or in a test answers from a table.
//
// Every question that was handed out has exactly one outcome, sooner or later.
// Threads: none of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "conn/base/failure.h"
#include "conn/base/time.h"
#include "pex/discovery/contact.h"
#include "pex/discovery/lookup_target.h"
#include "pex/discovery/ping_answer.h"

namespace peerage::cmd {

struct Question {
  enum class What : std::uint8_t { ping, record, nodes } what = What::ping;
  pex::Contact whom;
  pex::LookupTarget target{};  // of `nodes`
};

using RecordAnswer = pex::EnrPtr;
using NodesAnswer = std::vector<pex::Contact>;
// Of the kind that was asked for, or why there is none.
using Answer = conn::Result<std::variant<pex::PingAnswer, RecordAnswer, NodesAnswer>>;

class Inquiry {
 public:
  virtual ~Inquiry() = default;
  // Asked at once; nothing: nothing more now. Called until it says so.
  virtual std::optional<Question> next(conn::TimePoint now) = 0;
  virtual void on_answer(const Question& question, const Answer& answer, conn::TimePoint now) = 0;
  // Nothing is under way, and nothing will be asked any more.
  virtual bool finished() const = 0;
  // When `next` may have something without an answer before it; nothing: never.
  virtual std::optional<conn::TimePoint> next_deadline() const { return std::nullopt; }
};

}  // namespace peerage::cmd
