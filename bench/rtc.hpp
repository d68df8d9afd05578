// rtc.hpp - data channels between two of our own ends, against plain TCP over loopback.
#pragma once

namespace lenswire::bench {

int run_rtc(int argc, char** argv);

}  // namespace lenswire::bench
