// TXT records by the system's resolver library (libresolv), which knows resolv.conf, and TCP for
// long answers. Private to conn/runtime/asio_runtime.cpp.
//
// What a name server answers is hostile: libresolv checks its names and lengths, and an answer of
// which any part is malformed is none at all. Source: RFC 1035, 3.3.14 and 4.1.
//
// Threads: any; a lookup may block.
#pragma once

#include <string>
#include <vector>

#include "conn/base/bytes.h"
#include "conn/base/failure.h"

namespace peerage::conn::asio_runtime {

// All that fit kMaxTxtBytes, at most kMaxTxtRecords.
Result<std::vector<std::string>> look_up_txt(const std::string& name);

// Those of an answer to a question about `name`, which is for the failure's text alone.
Result<std::vector<std::string>> read_txt_answer(ByteView answer, const std::string& name);

}  // namespace peerage::conn::asio_runtime
