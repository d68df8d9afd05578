// extension_type.hpp - the extensions' numbers. Never reused.
#pragma once

#include <cstdint>

namespace lenswire::wire::lwp {

enum class ExtensionType : std::uint16_t {
  Frame = 1,
  Missed = 2,
  Region = 3,
  DeviceTime = 4,
  Fragment = 5,  // reserved
  Lease = 6,     // reserved
  Annotations = 7,
  Conditions = 8,
  Ack = 16,
  Pull = 17,
  Time = 18,
};

}  // namespace lenswire::wire::lwp
