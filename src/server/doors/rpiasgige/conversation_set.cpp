// conversation_set.cpp - SET0: what becomes options of the source, and what controls of the camera.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "server/doors/rpiasgige/conversation.hpp"

namespace lenswire::server::rpiasgige {
namespace {

using wire::Status;

// OpenCV's own limit.
constexpr double kMaxBuffers = 10;

std::string size_text(const PictureSize& size) {
  return fmt::format("{}x{}", size.width, size.height);
}

}  // namespace

void Conversation::set() {
  const auto property = request_.property();
  const auto value = request_.value();
  if (!property || !value) return answer(Status::BadRequest);
  if (!state_.open) return answer(Status::No);
  if (!state_.remembered.contains(*property) && state_.remembered.size() >= kMaxRemembered)
    return answer(Status::No);
  switch (*property) {
    case kWidth:
      return set_size(kWidth, *value);
    case kHeight:
      return set_size(kHeight, *value);
    case kRate:
      if (!(*value > 0)) return answer(Status::No);
      return set_option(kRate, *value, {{"fps", fmt::format("{}", *value)}});
    case kFourcc: {
      const auto format = format_from(*value);
      const auto now = profile();
      // Another kind of stream would be another camera.
      if (!format || !now || kind_of(*format) != now->kind) return answer(Status::No);
      return set_option(kFourcc, *value, {{"format", std::string(to_string(*format))}});
    }
    case kBufferSize:
      // Everybody always gets the newest picture; more buffers would only make them older.
      if (!(*value >= 1 && *value <= kMaxBuffers)) return answer(Status::No);
      remember(kBufferSize, *value);
      return answer(Status::Ok);
    default:
      return set_control(*property, *value);
  }
}

void Conversation::set_size(Property side, double value) {
  const auto pixels = pixels_from(value);
  const auto now = profile();
  if (!pixels || !now) return answer(Status::No);
  if (*pixels == (side == kWidth ? now->width : now->height)) {
    remember(side, value);
    return answer(Status::Ok);
  }
  begin(Waiting::Camera);
  door_.camera.read_sizes(on_result<std::vector<
                              PictureSize>>([side, value, pixels = *pixels](
                                                Conversation& self,
                                                const Result<std::vector<PictureSize>>& offered) {
    if (!offered) return self.try_again();
    const auto present = self.profile();
    if (!present) return self.answer(Status::No);
    const auto other = self.state_.remembered.find(side == kWidth ? kHeight : kWidth);
    std::optional<std::uint32_t> kept;
    if (other != self.state_.remembered.end()) kept = pixels_from(other->second);
    const auto size = choose_size(side, pixels, {present->width, present->height}, kept, *offered);
    if (!size) return self.answer(Status::No);
    // It can't be had together with the new side.
    if (kept && kept != (side == kWidth ? size->height : size->width))
      self.state_.remembered.erase(other);
    self.set_option(side, value, {{"size", size_text(*size)}});
  }));
  check();
}

void Conversation::set_option(std::int32_t property, double value, base::OptionChanges changes) {
  std::erase_if(changes, [this](const auto& change) { return already(change); });
  if (changes.empty()) {
    remember(property, value);
    return answer(Status::Ok);
  }
  const bool first_step = waiting_ == Waiting::Nothing;
  if (first_step) begin(Waiting::Camera);
  door_.camera.reconfigure(
      std::move(changes),
      on_result<void>([property, value](Conversation& self, const Result<void>& done) {
        if (!done) {
          base::log_info("rpiasgige_set_refused", {{"camera", self.door_.camera.name()},
                                                   {"property", property},
                                                   {"reason", done.error().message}});
          if (done.error().code == ErrorCode::Busy) return self.try_again();
          return self.answer(Status::No);
        }
        self.remember(property, value);
        self.answer(Status::Ok);
      }));
  if (first_step) check();
}

void Conversation::set_control(std::int32_t property, double value) {
  begin(Waiting::Camera);
  door_.camera.read_controls(on_result<std::vector<Control>>(
      [property, value](Conversation& self, const Result<std::vector<Control>>& controls) {
        if (!controls && controls.error().code == ErrorCode::Busy) return self.try_again();
        const auto* control = controls ? find_control(property, *controls) : nullptr;
        const auto wanted =
            control && !control->read_only ? control_value_from(*control, value) : std::nullopt;
        if (!wanted) return self.answer(Status::No);
        self.door_.camera.apply_controls(
            {{control->name, *wanted}},
            self.on_result<std::vector<Control>>(
                [property, value](Conversation& me, const Result<std::vector<Control>>& set) {
                  if (!set && set.error().code == ErrorCode::Busy) return me.try_again();
                  if (!set) return me.answer(Status::No);
                  me.remember(property, value);
                  me.answer(Status::Ok);
                }));
      }));
  check();
}

// The geometry first, all in one; then the controls, one by one.
void Conversation::apply_again() {
  base::OptionChanges changes;
  const auto& kept = state_.remembered;
  const auto width = kept.find(kWidth);
  const auto height = kept.find(kHeight);
  const auto now = profile();
  if (now && (width != kept.end() || height != kept.end())) {
    PictureSize size{now->width, now->height};
    if (width != kept.end()) size.width = pixels_from(width->second).value_or(size.width);
    if (height != kept.end()) size.height = pixels_from(height->second).value_or(size.height);
    if (size != PictureSize{now->width, now->height}) changes.emplace_back("size", size_text(size));
  }
  if (const auto rate = kept.find(kRate); rate != kept.end())
    changes.emplace_back("fps", fmt::format("{}", rate->second));
  if (const auto code = kept.find(kFourcc); code != kept.end())
    if (const auto format = format_from(code->second))
      changes.emplace_back("format", std::string(to_string(*format)));
  std::erase_if(changes, [this](const auto& change) { return already(change); });

  controls_again_.clear();
  for (const auto& [property, value] : kept)
    if (property != kWidth && property != kHeight && property != kRate && property != kFourcc &&
        property != kBufferSize)
      controls_again_.emplace_back(property, value);
  schedule_check();
  if (changes.empty()) return apply_next_control();
  door_.camera.reconfigure(std::move(changes),
                           on_result<void>([](Conversation& self, const Result<void>&) {
                             // What can't be had any more must not keep the camera closed.
                             self.apply_next_control();
                           }));
}

void Conversation::apply_next_control() {
  if (controls_again_.empty()) {
    waiting_ = Waiting::Open;
    return check();
  }
  door_.camera.read_controls(on_result<std::vector<Control>>(
      [](Conversation& self, const Result<std::vector<Control>>& controls) {
        ControlSettings settings;
        for (const auto& [property, value] : std::exchange(self.controls_again_, {})) {
          const auto* control = controls ? find_control(property, *controls) : nullptr;
          if (!control || control->read_only || number_from(*control) == value) continue;
          if (auto wanted = control_value_from(*control, value))
            settings.emplace_back(control->name, *wanted);
        }
        if (settings.empty()) return self.apply_next_control();
        self.door_.camera.apply_controls(
            settings, self.on_result<std::vector<Control>>(
                          [](Conversation& me, const Result<std::vector<Control>>&) {
                            me.apply_next_control();
                          }));
      }));
}

// Whether the camera has that option's value, by the user's choice or by itself.
bool Conversation::already(const std::pair<std::string, std::string>& change) const {
  auto uri = base::SourceUri::parse(door_.camera.uri());
  if (uri && uri->options.text(change.first, {}) == change.second) return true;
  const auto now = profile();
  if (!now) return false;
  if (change.first == "size") return change.second == size_text({now->width, now->height});
  if (change.first == "fps") return change.second == fmt::format("{}", now->rate_hz);
  return change.first == "format" && change.second == to_string(now->format);
}

}  // namespace lenswire::server::rpiasgige
