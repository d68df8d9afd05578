// control_bank.hpp - the controls of a source that keeps their values itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/control.hpp>
#include <lenswire/result.hpp>

namespace lenswire::source {

/// A list of controls that are read, checked and set by name.
///
/// Threading: reentrant.
class ControlBank {
 public:
  explicit ControlBank(std::vector<Control> controls) : controls_(std::move(controls)) {}

  [[nodiscard]] const std::vector<Control>& all() const noexcept { return controls_; }
  [[nodiscard]] Control& at(std::string_view name);
  [[nodiscard]] const Control& at(std::string_view name) const;

  /// Checks the whole group, then applies it in order: all or nothing. Answers the controls it
  /// names as they are now. Whole numbers are taken for Real too, 0 and 1 for Boolean, and an
  /// item's name for Menu.
  /// Errors: NotFound (naming those there are), PermissionDenied (read-only), InvalidArgument (type
  /// or range, naming what is accepted).
  Result<std::vector<Control>> set(const ControlSettings& settings);

 private:
  std::vector<Control> controls_;
};

/// `value` as this control would store it.
/// Errors: PermissionDenied, InvalidArgument, as ControlBank::set().
Result<ControlValue> checked_value(const Control& control, const ControlValue& value);

}  // namespace lenswire::source
