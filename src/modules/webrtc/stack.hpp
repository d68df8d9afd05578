// stack.hpp - the module's object.
#pragma once

#include "net/rtc.hpp"

namespace lenswire::webrtc {

/// Threads and libraries start with the first peer. Errors: Unsupported.
Result<std::unique_ptr<net::RtcStack>> make_stack();

}  // namespace lenswire::webrtc
