#include "base/thread.hpp"

#include <pthread.h>

namespace lenswire::base {

void set_thread_name(const std::string& name) noexcept {
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace lenswire::base
