// acknowledged.hpp - whether a TCP peer has everything that was sent.
#pragma once

#include <cstddef>

namespace lenswire::net {

/// Bytes given to the kernel that the peer has not acknowledged, sent or not.
[[nodiscard]] std::size_t unacknowledged_bytes(int fd) noexcept;

/// From now on the acknowledgement of each write wakes whoever waits for the socket to become
/// readable, though there is nothing to read: discard_acknowledgements(), or it wakes for ever.
/// A kernel without this (before 4.0) merely does not wake.
void report_acknowledgements(int fd) noexcept;
void discard_acknowledgements(int fd) noexcept;

}  // namespace lenswire::net
