// thread.hpp - named threads.
#pragma once

#include <string>

namespace lenswire::base {

/// Names the calling thread as `ps -L` and debuggers show it; 15 bytes are kept.
void set_thread_name(const std::string& name) noexcept;

}  // namespace lenswire::base
