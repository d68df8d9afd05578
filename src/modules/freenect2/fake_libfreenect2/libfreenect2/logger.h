// See frame_listener.hpp.
#pragma once

namespace libfreenect2 {

class Logger;

// Null: no log.
void setGlobalLogger(Logger* logger);

}  // namespace libfreenect2
