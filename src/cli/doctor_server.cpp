// doctor_server.cpp - lenswire doctor URL: one server.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "cli/doctor.hpp"
#include "cli/text.hpp"

namespace lenswire::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstFrame = 10s;
constexpr auto kMeasure = 2s;
// Less than this share of the nominal rate is worth a word.
constexpr double kSlowShare = 0.8;

MonotonicTime now() noexcept { return base::system_clock().now(); }

// Frames of one stream: the first within a limit, then as many as come in two seconds.
Result<Finding> look_at_stream(Client& client, const CameraInfo& camera,
                               const StreamProfile& profile) {
  const auto subject = fmt::format("{}/{}", camera.name, profile.stream);
  SubscribeSettings settings;
  settings.camera = camera.name;
  settings.stream = profile.stream;
  const auto subscription = client.subscribe(settings);
  if (!subscription) return problem_from(subject, subscription.error());
  const auto first = client.next(kFirstFrame);
  if (!first) {
    if (first.error().code == ErrorCode::Closed) return fail(first.error());
    if (first.error().code != ErrorCode::Timeout) return problem_from(subject, first.error());
    (void)client.unsubscribe(subscription->id);
    return Finding{Verdict::Problem, subject, "no frame within 10 s",
                   "look at the camera's state above, and at the server's log"};
  }
  const auto begun = now();
  std::uint64_t frames = 0;
  auto age = first->received_time - first->frame->capture_time;
  while (now() < begun + kMeasure) {
    const auto received = client.next(begun + kMeasure - now());
    if (!received && received.error().code == ErrorCode::Timeout) break;
    if (!received && received.error().code == ErrorCode::Closed) return fail(received.error());
    if (!received) return problem_from(subject, received.error());
    ++frames;
    age = std::min(age, received->received_time - received->frame->capture_time);
  }
  const double rate =
      static_cast<double>(frames) / std::chrono::duration<double>(now() - begun).count();
  if (auto ended = client.unsubscribe(subscription->id); !ended)
    return problem_from(subject, ended.error());
  Finding finding{
      Verdict::Good, subject,
      fmt::format("frames come: {} {}x{}, codec {}, {:.1f} of {:.4g} a second, least age {}",
                  to_string(first->frame->format()), first->frame->width(), first->frame->height(),
                  subscription->codec, rate, profile.rate_hz, milliseconds_text(age)),
      ""};
  if (rate < kSlowShare * profile.rate_hz) {
    finding.verdict = Verdict::Note;
    finding.remedy = "`lenswire stat` shows why frames are missed; in the dark cameras slow down";
  }
  return finding;
}

Finding look_at_camera(const CameraInfo& camera) {
  Finding finding{Verdict::Good, fmt::format("camera {}", camera.name),
                  fmt::format("{} ({})", camera.state, camera.uri), ""};
  if (camera.state == "failed" || camera.state == "absent" || camera.state == "stalled") {
    finding.verdict = Verdict::Problem;
    finding.text = fmt::format("{}: {}", camera.state, camera.reason);
    finding.remedy = "the server tries again by itself; mend what the reason names";
  }
  return finding;
}

}  // namespace

Result<Findings> examine_server(const RemoteOptions& options, const Context& context) {
  Findings out;
  const auto url = base::LenswireUrl::parse(options.url);
  if (!url) return fail(url.error());
  auto opened = connect(options, context);
  if (!opened && opened.error().code == ErrorCode::Closed) return fail(opened.error());
  if (!opened) {
    out.push_back(problem_from(fmt::format("server {}:{}", url->host, url->port), opened.error()));
    return out;
  }
  auto& client = **opened;
  const auto& server = client.server();
  out.push_back({Verdict::Good, fmt::format("server {}:{}", url->host, url->port),
                 fmt::format("{} '{}', protocol {}, your role is '{}'", server.software,
                             server.name, server.protocol_version, server.role),
                 ""});
  const auto offset = client.clock_offset();
  out.push_back({Verdict::Good, "round trip", milliseconds_text(offset.round_trip), ""});
  const auto cameras = client.cameras();
  if (!cameras) {
    out.push_back(problem_from("cameras", cameras.error()));
    return out;
  }
  if (cameras->empty())
    out.push_back({Verdict::Problem, "cameras", "the server has none",
                   "start it with `lenswire serve --camera NAME=URI`"});
  bool found = url->camera.empty();
  for (const auto& camera : *cameras) {
    if (!url->camera.empty() && camera.name != url->camera) continue;
    found = true;
    out.push_back(look_at_camera(camera));
    for (const auto& stream : camera.streams) {
      if (!url->stream.empty() && stream.profile->stream != url->stream) continue;
      auto finding = look_at_stream(client, camera, *stream.profile);
      if (!finding) return fail(std::move(finding).error());
      out.push_back(std::move(*finding));
      if (!client.connected()) return out;
    }
  }
  if (!found)
    out.push_back({Verdict::Problem, "camera " + url->camera, "the server has no such camera",
                   fmt::format("`lenswire ls {}` lists those there are", url->host)});
  return out;
}

}  // namespace lenswire::cli
