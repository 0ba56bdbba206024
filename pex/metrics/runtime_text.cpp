#include <string>

#include "pex/metrics/families.h"

namespace peerage::pex {

void write_runtime(TextWriter& writer, conn::Runtime& runtime, const FigureCollector& collector) {
  writer.family("peerage_shard_busy_seconds_total", MetricType::counter,
                "Processor time of a network thread.");
  for (std::size_t i = 0; i < runtime.shard_count(); ++i) {
    const auto busy = runtime.busy_time(i);
    if (!busy) continue;
    writer.value({{"shard", std::to_string(i)}}, std::chrono::duration<double>(*busy).count());
  }
  writer.family("peerage_shard_loop_lag_seconds", MetricType::histogram,
                "How late a network thread runs what is due.");
  for (std::size_t i = 0; i < runtime.shard_count(); ++i) {
    writer.histogram({{"shard", std::to_string(i)}}, collector.loop_lag(i));
  }
}

}  // namespace peerage::pex
