// A conn::LogSink that writes to spdlog; of the library peerage::spdlog, for hosts that log with
// it.
//
// A line is the message, then " key=value" for each field. A value that is empty, or has spaces,
// quotes, equals signs or anything but printable ASCII in it, is quoted; in quotes \" and \\ stand
// for the second of the two, and \xNN for a byte that is not printable ASCII (conn::printable).
//
// Threads: as conn::LogSink; give it loggers with thread-safe sinks ("_mt"). The library's threads
// wait for what the logger waits for: a log that may stall (a pipe, a terminal) belongs into a
// spdlog::async_logger with async_overflow_policy::overrun_oldest.
#pragma once

#include <memory>
#include <string>

#include "conn/base/log.h"

namespace peerage::p2p {

// Writes to the logger that is registered under this name now, or else to spdlog's default logger.
// Null, which logs nothing, when there is neither.
std::shared_ptr<conn::LogSink> make_spdlog_sink(const std::string& logger_name);

}  // namespace peerage::p2p
