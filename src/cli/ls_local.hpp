// ls_local.hpp - the cameras of this machine, and how controls look in listings.
#pragma once

#include <string_view>

#include <lenswire/control.hpp>
#include <lenswire/result.hpp>

namespace lenswire::cli {

/// Prints the cameras of this machine with their names, formats, sizes, rates and controls; with
/// `json` as one line.
Result<void> list_local(bool json);

/// One line: name, type, value, range or menu, state.
void print_control(const Control& control, std::string_view indent);

}  // namespace lenswire::cli
