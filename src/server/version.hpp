// version.hpp - the program's version, as CMake knows it.
#pragma once

namespace lenswire::server {

inline constexpr const char* kVersion = LENSWIRE_VERSION;

}  // namespace lenswire::server
