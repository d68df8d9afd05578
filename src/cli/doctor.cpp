// doctor.cpp - lenswire doctor: this machine.
#include "cli/doctor.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "cli/camera_trial.hpp"
#include "cli/text.hpp"
#include "cli/version.hpp"
#include "net/tcp_client.hpp"
#include "source/source_table.hpp"

namespace lenswire::cli {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint16_t kPort = 6480;
constexpr rlim_t kEnoughDescriptors = 4096;
constexpr std::uint64_t kEnoughMemoryKb = 256 * 1024;

constexpr int kUvcFixBandwidth = 128;  // UVC_QUIRK_FIX_BANDWIDTH
constexpr auto kTrialPatience = 5s;

struct Options {
  RemoteOptions remote;
  std::vector<std::string> cameras;
  bool json = false;
};

void look_at_build(Findings& out) {
  const auto info = build_info();
  out.push_back({Verdict::Good, "build",
                 fmt::format("lenswire {} ({}, {})", info.version, info.build_type, info.compiler),
                 ""});
  out.push_back({Verdict::Good, "codecs", fmt::format("{}", fmt::join(info.codecs, ", ")), ""});
  out.push_back({Verdict::Good, "sources", fmt::format("{}", fmt::join(info.sources, ", ")), ""});
}

bool only_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// The programs that have this device open, as far as /proc lets us see.
std::vector<std::string> holders_of(const fs::path& device) {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& process : fs::directory_iterator("/proc", error)) {
    const auto pid = process.path().filename().string();
    if (!only_digits(pid)) continue;
    for (const auto& fd : fs::directory_iterator(process.path() / "fd", error)) {
      std::error_code unreadable;
      if (fs::read_symlink(fd.path(), unreadable) != device) continue;
      std::string name;
      std::getline(std::ifstream(process.path() / "comm"), name);
      out.push_back(fmt::format("{} (process {})", name, pid));
      break;
    }
  }
  return out;
}

bool in_group(gid_t group) {
  if (::getegid() == group) return true;
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

Finding look_at_video_device(const fs::path& device) {
  Finding finding{Verdict::Good, device.string(), "", ""};
  struct stat status {};
  if (::stat(device.c_str(), &status) != 0) {
    finding.verdict = Verdict::Problem;
    finding.text = std::strerror(errno);
    finding.remedy = "plug the camera in again";
    return finding;
  }
  if (::access(device.c_str(), R_OK | W_OK) != 0) {
    const auto* group = ::getgrgid(status.st_gid);
    const std::string name = group ? group->gr_name : std::to_string(status.st_gid);
    finding.verdict = Verdict::Problem;
    finding.text = fmt::format("you may not open it; it belongs to group '{}', and you are {}in it",
                               name, in_group(status.st_gid) ? "" : "not ");
    finding.remedy = in_group(status.st_gid)
                         ? fmt::format("ask for group rights: sudo chmod g+rw {}", device.string())
                         : fmt::format("sudo usermod -aG {} $USER, then log in again", name);
    return finding;
  }
  const auto holders = holders_of(device);
  finding.text = holders.empty()
                     ? "may be opened, and nobody seen holds it"
                     : fmt::format("may be opened; in use by {}", fmt::join(holders, ", "));
  if (!holders.empty()) {
    finding.verdict = Verdict::Note;
    finding.remedy = "a camera streams to one program at a time: stop that one, or connect to it";
  }
  return finding;
}

void look_at_video_devices(Findings& out) {
  std::vector<fs::path> devices;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/dev", error)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("video") && only_digits(name.substr(5))) devices.push_back(entry.path());
  }
  std::sort(devices.begin(), devices.end());
  for (const auto& device : devices) out.push_back(look_at_video_device(device));
  if (devices.empty())
    out.push_back({Verdict::Note, "/dev/video*", "no V4L2 camera on this machine",
                   "plug one in, or serve the built-in scene: lenswire serve --camera "
                   "demo=synthetic:room"});
}

std::string first_line(const fs::path& file) {
  std::string line;
  std::getline(std::ifstream(file), line);
  return line;
}

// "usb1" of /sys/devices/.../usb1/1-2/1-2:1.0, for cameras of the uvcvideo driver.
std::string usb_bus_of(const fs::path& video) {
  std::error_code error;
  const auto device = fs::canonical(video / "device", error);
  if (error || fs::canonical(device / "driver", error).filename() != "uvcvideo") return {};
  for (const auto& part : device)
    if (part.string().starts_with("usb") && only_digits(part.string().substr(3)))
      return part.string();
  return {};
}

// Most webcams reserve more bandwidth than they use, so that a second one on the bus finds none.
void look_at_usb(Findings& out) {
  std::map<std::string, std::set<fs::path>> cameras;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/sys/class/video4linux", error)) {
    const auto bus = usb_bus_of(entry.path());
    if (!bus.empty()) cameras[bus].insert(fs::canonical(entry.path() / "device", error));
  }
  if (cameras.empty()) return;
  const auto quirks_text = first_line("/sys/module/uvcvideo/parameters/quirks");
  const bool fixed = (static_cast<unsigned>(std::strtol(quirks_text.c_str(), nullptr, 0)) &
                      kUvcFixBandwidth) != 0 &&
                     quirks_text != "-1" && quirks_text != "4294967295";
  for (const auto& [bus, devices] : cameras) {
    Finding finding{Verdict::Good, fmt::format("USB bus {}", bus),
                    fmt::format("{} camera{}, uvcvideo quirks={}", devices.size(),
                                devices.size() == 1 ? "" : "s", quirks_text),
                    ""};
    if (devices.size() > 1 && !fixed) {
      finding.verdict = Verdict::Note;
      finding.remedy = fmt::format(
          "where a second camera finds no bandwidth: another bus, a smaller size, or sudo rmmod "
          "uvcvideo && sudo modprobe uvcvideo quirks={}",
          kUvcFixBandwidth);
    }
    out.push_back(std::move(finding));
  }
}

// Where each camera is plugged in: the name that survives another number.
void look_at_bus_positions(Findings& out) {
  const source::SourceTable table;
  for (const auto& kind : table.kinds()) {
    if (!kind.find) continue;
    for (const auto& found : kind.find()) {
      const auto at = found.description.find(" at ");
      const auto end = found.description.find(": ", at);
      Finding finding{Verdict::Good, found.uri, found.description, ""};
      if (at != std::string::npos && end != std::string::npos)
        finding.remedy = fmt::format("a name that stays after replugging: {}:{}", kind.scheme,
                                     found.description.substr(at + 4, end - at - 4));
      out.push_back(std::move(finding));
    }
  }
}

// Whether it opens with these settings, and gives pictures.
void try_camera(Findings& out, const std::string& uri, const Context& context) {
  CameraTrial trial;
  const auto opened = trial.open(uri, kTrialPatience, context.stop);
  if (!opened) {
    out.push_back(problem_from(fmt::format("camera {}", uri), opened.error()));
    out.back().text = "failed to open: " + out.back().text;
    return;
  }
  const auto frames = trial.count_frames(3, kTrialPatience, context.stop);
  if (!frames) {
    out.push_back(problem_from(fmt::format("camera {}", uri), frames.error()));
    out.back().text = "read timeout: " + out.back().text;
    return;
  }
  std::string streams;
  for (const auto& profile : opened->streams)
    streams +=
        fmt::format("{}{} {}x{} {} at {:.4g} Hz", streams.empty() ? "" : ", ", profile->stream,
                    profile->width, profile->height, to_string(profile->format), profile->rate_hz);
  out.push_back({Verdict::Good, fmt::format("camera {}", uri), "gives pictures: " + streams, ""});
}

void look_at_port(Findings& out, const Context& context) {
  const auto subject = fmt::format("port {}", kPort);
  const auto deadline = base::system_clock().now() + 2s;
  const auto fd = net::connect_tcp("127.0.0.1", kPort, deadline, context.stop);
  if (!fd && fd.error().code == ErrorCode::Disconnected) {
    out.push_back({Verdict::Good, subject, "free", ""});
    return;
  }
  RemoteOptions options;
  options.connect_timeout_s = 2;
  options.settings.reconnect.enabled = false;
  const auto client = connect(options, context);
  if (client)
    out.push_back(
        {Verdict::Good, subject,
         fmt::format("{} '{}' answers", (*client)->server().software, (*client)->server().name),
         ""});
  else if (client.error().code == ErrorCode::PermissionDenied)
    out.push_back({Verdict::Good, subject, "a lenswire server answers and wants a token", ""});
  else
    out.push_back(
        {Verdict::Problem, subject,
         fmt::format("another program has it, or a server that hangs ({})", client.error().message),
         "stop that program, or choose another port with --listen HOST:PORT"});
}

void look_at_limits(Findings& out) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  Finding finding{Verdict::Good, "file descriptors",
                  fmt::format("{} allowed, {} at most", files.rlim_cur, files.rlim_max), ""};
  if (files.rlim_cur < kEnoughDescriptors) {
    finding.verdict = Verdict::Note;
    finding.remedy = fmt::format("for many clients: ulimit -n {}, or LimitNOFILE in the unit",
                                 kEnoughDescriptors);
  }
  out.push_back(std::move(finding));

  std::ifstream meminfo("/proc/meminfo");
  for (std::string key, unit; std::uint64_t kilobytes = 0;) {
    if (!(meminfo >> key >> kilobytes)) break;
    std::getline(meminfo, unit);
    if (key != "MemAvailable:") continue;
    Finding memory{Verdict::Good, "memory",
                   fmt::format("{} available", bytes_text(static_cast<double>(kilobytes) * 1024)),
                   ""};
    if (kilobytes < kEnoughMemoryKb) {
      memory.verdict = Verdict::Problem;
      memory.remedy = "stop other programs, or choose smaller pictures";
    }
    out.push_back(std::move(memory));
    break;
  }
}

void look_at_clock(Findings& out) {
  timex state{};
  const int result = ::adjtimex(&state);
  if (result == -1 || result == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
    out.push_back({Verdict::Note, "clock",
                   "not synchronised, so UTC times of frames may be off (other times are not)",
                   "sudo timedatectl set-ntp true"});
  else
    out.push_back({Verdict::Good, "clock",
                   fmt::format("synchronised, to within {:.1f} ms",
                               static_cast<double>(state.maxerror) / 1000),
                   ""});
}

// A server of our own for one byte: firewalls and odd network namespaces show here.
void look_at_loopback(Findings& out, const Context& context) {
  base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool listening = listener && ::bind(listener.get(), generic, size) == 0 &&
                         ::listen(listener.get(), 1) == 0 &&
                         ::getsockname(listener.get(), generic, &size) == 0;
  const auto deadline = base::system_clock().now() + 2s;
  const auto fd =
      listening ? net::connect_tcp("127.0.0.1", ntohs(address.sin_port), deadline, context.stop)
                : Result<base::UniqueFd>(fail(ErrorCode::Unsupported, std::strerror(errno)));
  if (fd)
    out.push_back({Verdict::Good, "loopback", "a server on 127.0.0.1 can be reached", ""});
  else
    out.push_back({Verdict::Problem, "loopback",
                   fmt::format("a server on 127.0.0.1 cannot be reached ({})", fd.error().message),
                   "ip link set lo up; check the firewall's rules for lo"});
}

std::string_view name_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::Good:
      return "ok";
    case Verdict::Note:
      return "note";
    case Verdict::Problem:
      return "problem";
  }
  return "problem";
}

void print(const Options& options, const Findings& findings) {
  if (options.json) {
    auto list = nlohmann::json::array();
    for (const auto& f : findings)
      list.push_back({{"verdict", name_of(f.verdict)},
                      {"subject", f.subject},
                      {"text", f.text},
                      {"remedy", f.remedy}});
    fmt::print("{}\n", json_line({{"findings", std::move(list)}}));
    return;
  }
  for (const auto& f : findings) {
    fmt::print("{:8} {}: {}\n", name_of(f.verdict), printable(f.subject), printable(f.text));
    if (!f.remedy.empty()) fmt::print("         -> {}\n", printable(f.remedy));
  }
}

void run(const Options& options, Context& context) {
  Findings findings = examine_machine(context);
  for (const auto& camera : options.cameras) try_camera(findings, camera, context);
  if (!options.remote.url.empty()) {
    auto server = examine_server(options.remote, context);
    if (!server) {
      context.finish(fail(server.error()));
      return;
    }
    findings.insert(findings.end(), server->begin(), server->end());
  }
  print(options, findings);
  const bool sick = std::any_of(findings.begin(), findings.end(),
                                [](const auto& f) { return f.verdict == Verdict::Problem; });
  context.exit_code = sick ? 1 : 0;
}

}  // namespace

Finding problem_from(std::string subject, const Error& error) {
  const auto split = error.message.rfind("; ");
  Finding finding{Verdict::Problem, std::move(subject), error.message.substr(0, split), ""};
  if (split != std::string::npos) finding.remedy = error.message.substr(split + 2);
  return finding;
}

Findings examine_machine(const Context& context) {
  Findings out;
  look_at_build(out);
  look_at_video_devices(out);
  look_at_bus_positions(out);
  look_at_usb(out);
  look_at_port(out, context);
  look_at_limits(out);
  look_at_clock(out);
  look_at_loopback(out, context);
  return out;
}

void add_doctor(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("doctor", "Look for what is wrong, here or with a server");
  auto options = std::make_shared<Options>();
  options->remote.url.clear();
  command->add_option("URL", options->remote.url, "Also examine this server: HOST[:PORT][/CAMERA]");
  command->add_option("--camera", options->cameras,
                      "Also open this source, with the settings of its URI, and wait for pictures");
  command->add_flag("--json", options->json, "One line of JSON");
  add_remote_options(*command, options->remote);
  command->footer(
      "Exit code 1 if there is a problem.\nExample: lenswire doctor 192.168.1.20\n"
      "         lenswire doctor --camera 'v4l2:/dev/video0?size=1280x720'");
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace lenswire::cli
