#include <lenswire/control.hpp>

namespace lenswire {

std::string_view to_string(ControlType type) noexcept {
  switch (type) {
    case ControlType::Integer:
      return "integer";
    case ControlType::Boolean:
      return "boolean";
    case ControlType::Menu:
      return "menu";
    case ControlType::Button:
      return "button";
    case ControlType::Real:
      return "real";
    case ControlType::Text:
      return "text";
  }
  return "integer";
}

}  // namespace lenswire
