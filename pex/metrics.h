// What a node measures, in Prometheus' text format 0.0.4, for an engine that serves it on a port of
// its own with `Content-Type: text/plain; version=0.0.4; charset=utf-8`.
//
// The series are those of spec/metrics.md: a comet node's, under the same names, so that dashboards
// and alerts for comet nodes work, and our own, "peerage_...". NodeConfig::metrics_namespace and
// peer_metrics change them.
//
// It builds the text from what the node's threads publish and waits for none of them. Figures of
// the books and the file are up to five seconds old while somebody asks at least every two minutes;
// after a longer pause the first answer has those of the time before it.
//
// Threads: any, for as long as the node lives, started or not.
#pragma once

#include <string>

namespace peerage::pex {

class Node;

std::string metrics_text(const Node& node);

}  // namespace peerage::pex
