// controls.cpp - lenswire get and set.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/remote.hpp"
#include "cli/text.hpp"
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
  if (options.words.empty() || options.words.size() % 2 != 0)
    return fail(ErrorCode::InvalidArgument,
                "set needs pairs of CONTROL and VALUE; `lenswire set --help` shows an example");
  const auto opened = open(options, context);
  if (!opened) return fail(opened.error());
  ControlSettings settings;
  for (std::size_t i = 0; i < options.words.size(); i += 2) {
    const auto& name = options.words[i];
    const auto* control = find(opened->controls, name);
    if (!control) return fail(unknown(opened->controls, opened->camera, name));
    if (std::any_of(settings.begin(), settings.end(),
                    [&](const auto& s) { return s.first == name; }))
      return fail(ErrorCode::InvalidArgument, fmt::format("control '{}' is named twice", name));
    auto value = parse_value(*control, options.words[i + 1]);
    if (!value) return fail(std::move(value).error());
    settings.emplace_back(name, std::move(*value));
  }
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
      "CONTROL VALUE [CONTROL VALUE ...]", set)
      ->footer(
          "Example: lenswire set 127.0.0.1/webcam auto_exposure manual_mode exposure_time_absolute "
          "200");
}

}  // namespace lenswire::cli
