// controls.cpp - lenswire get and set: controls, and size, rate and format.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/remote.hpp"
#include "cli/text.hpp"
#include "client/reply_maps.hpp"
#include "wire/maps.hpp"

namespace lenswire::cli {
namespace {

struct Options {
  RemoteOptions remote;
  std::vector<std::string> words;  // get: names; set: name value name value ...
  bool json = false;
};

const Control* find(const std::vector<Control>& controls, std::string_view name) {
  for (const auto& control : controls)
    if (control.name == name) return &control;
  return nullptr;
}

Error unknown(const std::vector<Control>& controls, const std::string& camera,
              const std::string& name) {
  std::string names;
  for (const auto& control : controls) names += (names.empty() ? "" : ", ") + control.name;
  return {ErrorCode::NotFound, fmt::format("camera '{}' has no control '{}'; it has: {}", camera,
                                           name, names.empty() ? "none" : names)};
}

template <typename T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The text as the control's type wants it; a menu item also by its name.
Result<ControlValue> parse_value(const Control& control, const std::string& text) {
  const auto bad = [&](std::string_view wanted) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{}={}: expected {}", control.name, text, wanted));
  };
  switch (control.type) {
    case ControlType::Boolean:
      if (text == "1" || text == "true" || text == "on" || text == "yes") return ControlValue(true);
      if (text == "0" || text == "false" || text == "off" || text == "no")
        return ControlValue(false);
      return bad("on or off");
    case ControlType::Real:
      if (const auto value = number<double>(text)) return ControlValue(*value);
      return bad("a number");
    case ControlType::Text:
      return ControlValue(text);
    case ControlType::Menu:
      for (const auto& item : control.menu)
        if (item.name == text) return ControlValue(item.index);
      [[fallthrough]];
    case ControlType::Integer:
    case ControlType::Button:
      if (const auto value = number<std::int64_t>(text)) return ControlValue(*value);
      return bad(control.type == ControlType::Menu ? "the name or the number of a menu item"
                                                   : "a whole number");
  }
  return bad("something else");
}

void print(const Options& options, const std::vector<Control>& controls) {
  if (options.json) {
    fmt::print("{}\n", json_line({{"controls", wire::to_map(controls)}}));
    return;
  }
  for (const auto& control : controls)
    fmt::print("{}={}\n", printable(control.name), control_value_text(control.value));
}

// NAME VALUE or NAME=VALUE, in any mixture.
Result<std::vector<std::pair<std::string, std::string>>> pairs_of(
    const std::vector<std::string>& words) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    if (equals != std::string::npos)
      pairs.emplace_back(words[i].substr(0, equals), words[i].substr(equals + 1));
    else if (i + 1 < words.size())
      pairs.emplace_back(words[i], words[i + 1]), ++i;
    else
      pairs.clear(), i = words.size();
  }
  if (pairs.empty())
    return fail(ErrorCode::InvalidArgument,
                "set needs pairs of CONTROL and VALUE; `lenswire set --help` shows an example");
  for (std::size_t i = 0; i < pairs.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (pairs[k].first == pairs[i].first)
        return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is named twice", pairs[i].first));
  return pairs;
}

// Takes size, fps and format out of the pairs; nothing where none is among them.
Result<std::optional<ProfileWish>> take_profile(
    std::vector<std::pair<std::string, std::string>>& pairs) {
  ProfileWish wish;
  bool any = false;
  for (auto pair = pairs.begin(); pair != pairs.end();) {
    const std::string& name = pair->first;
    const std::string& text = pair->second;
    const auto bad = [&](std::string_view wanted) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("{}={}: expected {}", name, text, wanted));
    };
    if (name == "size") {
      const auto cross = std::min(text.find('x'), text.size());
      const auto width = number<std::uint32_t>(std::string_view(text).substr(0, cross));
      const auto height =
          number<std::uint32_t>(std::string_view(text).substr(std::min(cross + 1, text.size())));
      if (!width || !height || *width == 0 || *height == 0) return bad("a size such as 1280x720");
      wish.width = *width;
      wish.height = *height;
    } else if (name == "fps") {
      const auto rate = number<double>(text);
      if (!rate || !(*rate > 0)) return bad("frames a second");
      wish.rate_hz = *rate;
    } else if (name == "format") {
      wish.format = pixel_format_from_string(text);
      if (!wish.format) return bad("a pixel format such as mjpeg or yuyv");
    } else {
      ++pair;
      continue;
    }
    any = true;
    pair = pairs.erase(pair);
  }
  if (!any) return std::optional<ProfileWish>();
  return std::optional(wish);
}

void print_streams(const Options& options, const CameraInfo& camera) {
  if (options.json) {
    fmt::print("{}\n", json_line({{"camera", client::to_map(camera)}}));
    return;
  }
  for (const auto& stream : camera.streams) {
    const auto& profile = *stream.profile;
    fmt::print("{}: {} {}x{} at {:.4g} Hz\n", printable(profile.stream), to_string(profile.format),
               profile.width, profile.height, profile.rate_hz);
  }
}

struct Opened {
  std::unique_ptr<Client> client;
  std::string camera;
  std::vector<Control> controls;
};

Result<Opened> open(const Options& options, const Context& context) {
  const auto url = base::LenswireUrl::parse(options.remote.url);
  if (!url) return fail(url.error());
  auto client = connect(options.remote, context);
  if (!client) return fail(std::move(client).error());
  const auto camera = choose_camera(**client, *url);
  if (!camera) return fail(camera.error());
  auto controls = (*client)->controls(camera->name);
  if (!controls) return fail(std::move(controls).error());
  return Opened{std::move(*client), camera->name, std::move(*controls)};
}

Result<void> get(const Options& options, const Context& context) {
  const auto opened = open(options, context);
  if (!opened) return fail(opened.error());
  if (options.words.empty()) {
    print(options, opened->controls);
    return {};
  }
  std::vector<Control> chosen;
  for (const auto& name : options.words) {
    const auto* control = find(opened->controls, name);
    if (!control) return fail(unknown(opened->controls, opened->camera, name));
    chosen.push_back(*control);
  }
  print(options, chosen);
  return {};
}

Result<void> set(const Options& options, const Context& context) {
  auto pairs = pairs_of(options.words);
  if (!pairs) return fail(pairs.error());
  const auto profile = take_profile(*pairs);
  if (!profile) return fail(profile.error());
  const auto opened = open(options, context);
  if (!opened) return fail(opened.error());
  ControlSettings settings;
  for (const auto& [name, text] : *pairs) {
    const auto* control = find(opened->controls, name);
    if (!control) return fail(unknown(opened->controls, opened->camera, name));
    auto value = parse_value(*control, text);
    if (!value) return fail(std::move(value).error());
    settings.emplace_back(name, std::move(*value));
  }
  if (*profile) {
    const auto camera = opened->client->set_profile(opened->camera, **profile);
    if (!camera) return fail(camera.error());
    print_streams(options, *camera);
  }
  if (settings.empty()) return {};
  const auto now = opened->client->set_controls(opened->camera, settings);
  if (!now) return fail(now.error());
  print(options, *now);
  return {};
}

CLI::App* add(CLI::App& app, Context& context, const char* name, const char* what,
              const char* words, Result<void> (*run)(const Options&, const Context&)) {
  auto* command = app.add_subcommand(name, what);
  auto options = std::make_shared<Options>();
  command->add_option("URL", options->remote.url, "HOST[:PORT]/CAMERA")->required();
  command->add_option("CONTROL", options->words, words);
  command->add_flag("--json", options->json, "One line of JSON");
  add_remote_options(*command, options->remote);
  command->callback([options, run, &context] { context.finish(run(*options, context)); });
  return command;
}

}  // namespace

void add_get(CLI::App& app, Context& context) {
  add(app, context, "get", "Show a camera's controls", "Names; none = all", get)
      ->footer("Example: lenswire get 127.0.0.1/webcam brightness");
}

void add_set(CLI::App& app, Context& context) {
  add(app, context, "set", "Set a camera's controls, as one group, and show what it took",
      "CONTROL VALUE or CONTROL=VALUE, any number; size, fps and format change how it captures",
      set)
      ->footer(
          "Size, rate and format change for everybody who watches the camera.\n"
          "Example: lenswire set 127.0.0.1/webcam auto_exposure manual_mode exposure_time_absolute "
          "200\n"
          "         lenswire set 127.0.0.1/webcam size=1280x720 fps=30");
}

}  // namespace lenswire::cli
