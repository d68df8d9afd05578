#include "server/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace lenswire::server {
namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;

class Families {
 public:
  void counter(const std::string& name, const std::string& help, double value, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.counter.value = value;
    add(name, help, prometheus::MetricType::Counter, std::move(metric), std::move(labels));
  }
  void gauge(const std::string& name, const std::string& help, double value, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.gauge.value = value;
    add(name, help, prometheus::MetricType::Gauge, std::move(metric), std::move(labels));
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return out.str();
  }

 private:
  void add(const std::string& name, const std::string& help, prometheus::MetricType type,
           prometheus::ClientMetric metric, Labels labels) {
    metric.label = std::move(labels);
    for (auto& family : families_)
      if (family.name == name) {
        family.metric.push_back(std::move(metric));
        return;
      }
    prometheus::MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    family.metric.push_back(std::move(metric));
    families_.push_back(std::move(family));
  }

  std::vector<prometheus::MetricFamily> families_;
};

double number(std::uint64_t value) { return static_cast<double>(value); }

double seconds(Nanoseconds value) { return std::chrono::duration<double>(value).count(); }

void add_stream(Families& out, const Labels& by_stream, const hub::StreamCounters& counters) {
  out.counter("lenswire_stream_frames_total", "Frames published.", number(counters.frames),
              by_stream);
  out.counter("lenswire_stream_encodes_total", "Frames encoded, over all wishes.",
              number(counters.encodes), by_stream);
  out.counter("lenswire_stream_encode_failures_total", "Frames that could not be encoded.",
              number(counters.failures), by_stream);
  out.counter("lenswire_stream_encodes_skipped_total",
              "Frames not encoded because earlier ones still were.", number(counters.skipped),
              by_stream);
  out.counter("lenswire_stream_encode_seconds_total",
              "Time spent on encoding, filters and conversions included.",
              seconds(counters.encoding), by_stream);
  out.counter("lenswire_stream_filtered_frames_total", "Frames given to depth filters.",
              number(counters.filtered), by_stream);
  out.counter("lenswire_stream_filter_failures_total",
              "Frames that did not come out of the depth filters.",
              number(counters.filter_failures), by_stream);
  out.counter("lenswire_stream_filter_seconds_total", "Time spent in depth filters.",
              seconds(counters.filtering), by_stream);
  out.gauge("lenswire_stream_sinks", "Wishes being served.", static_cast<double>(counters.sinks),
            by_stream);
}

void add_derived(Families& out, const std::string& camera, const Camera::DerivedStream& derived) {
  const Labels by_stream = {{"camera", camera}, {"stream", derived.stream}};
  const auto& work = derived.work;
  out.gauge("lenswire_derived_offered", "1 while the stream can be made of the others.",
            derived.offered ? 1 : 0, by_stream);
  out.counter("lenswire_derived_frames_total", "Frames made of other streams.", number(work.made),
              by_stream);
  for (const auto& [reason, count] :
       {std::pair{"busy", work.busy}, std::pair{"unpaired", work.unpaired}}) {
    auto labels = by_stream;
    labels.push_back({"reason", reason});
    out.counter("lenswire_derived_skipped_total",
                "Frames left out: earlier ones were still being made (busy), or the other stream "
                "had none of that moment (unpaired).",
                number(count), std::move(labels));
  }
  out.counter("lenswire_derived_failures_total",
              "Frames that could not be made, and failed tries to begin.", number(work.failures),
              by_stream);
  out.counter("lenswire_derived_seconds_total", "Time spent on making frames.",
              seconds(work.working), by_stream);
}

}  // namespace

std::string metrics_text(const Services& services) {
  Families out;
  const auto& totals = services.totals;
  out.gauge("lenswire_connections", "Open connections.", number(services.connections.total()));
  out.counter("lenswire_connections_total", "Connections accepted.", number(totals.connections));
  out.counter("lenswire_rejected_total", "Connections and requests refused.",
              number(totals.rejected));
  out.counter("lenswire_requests_total", "HTTP requests.", number(totals.requests));
  out.counter("lenswire_frames_sent_total", "Frames sent to clients.", number(totals.frames_sent));
  out.counter("lenswire_sent_bytes_total", "Bytes of frames sent to clients.",
              number(totals.bytes_sent));
  out.counter("lenswire_slow_clients_cut_total", "Clients cut because they took nothing for 10 s.",
              number(totals.slow_clients_cut));
  out.gauge("lenswire_rtc_peers", "Data channel clients.", number(services.rtc.peers()));
  out.gauge("lenswire_rtc_buffered_bytes", "Bytes that wait for data channel clients.",
            number(services.rtc.buffered_bytes()));
  out.counter("lenswire_rtc_offers_total", "Data channel offers.", number(services.rtc.offers()));
  out.counter("lenswire_rtc_refused_total", "Data channel offers refused for want of room.",
              number(services.rtc.refused()));
  for (std::size_t i = 0; i < kMissReasonCount; ++i)
    out.counter("lenswire_frames_missed_total", "Frames that clients did not get, by reason.",
                number(totals.missed[i]),
                {{"reason", std::string(to_string(static_cast<MissReason>(i + 1)))}});
  if (services.io_wakeups)
    out.counter("lenswire_io_wakeups_total", "Wake-ups of I/O threads by frames.",
                number(services.io_wakeups()));
  for (const auto& camera : services.cameras) {
    const auto status = camera->status();
    const Labels by_camera = {{"camera", camera->name()}};
    out.gauge("lenswire_camera_streaming", "1 while frames flow.",
              status.state == source::SourceState::Streaming ? 1 : 0, by_camera);
    out.gauge("lenswire_camera_state", "1 for the camera's present state.", 1,
              {{"camera", camera->name()}, {"state", std::string(to_string(status.state))}});
    out.counter("lenswire_camera_frames_total", "Frames captured.", number(status.frames),
                by_camera);
    out.counter("lenswire_camera_gaps_total", "Frames lost by the device or its driver.",
                number(status.source_gaps), by_camera);
    out.counter("lenswire_camera_opens_total", "Times the camera was opened.", number(status.opens),
                by_camera);
    out.counter("lenswire_camera_failures_total", "Times the camera failed.",
                number(status.failures), by_camera);
    for (const auto& id : camera->stream_ids()) {
      const auto stream = camera->stream(id);
      if (!stream) continue;
      add_stream(out, {{"camera", camera->name()}, {"stream", id}}, (*stream)->counters());
    }
    const auto captured = camera->stream_ids();
    for (const auto& derived : camera->derived_streams()) {
      add_derived(out, camera->name(), derived);
      if (std::find(captured.begin(), captured.end(), derived.stream) == captured.end())
        add_stream(out, {{"camera", camera->name()}, {"stream", derived.stream}}, derived.counters);
    }
  }
  return out.text();
}

}  // namespace lenswire::server
