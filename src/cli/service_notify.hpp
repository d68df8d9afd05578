// service_notify.hpp - tells systemd how the service is.
#pragma once

#include <optional>
#include <string_view>

#include <lenswire/time.hpp>

namespace lenswire::cli {

/// Sends `READY=1`, `WATCHDOG=1` or the like to $NOTIFY_SOCKET; does nothing where there is none.
/// Source: sd_notify(3).
void notify_service_manager(std::string_view message) noexcept;

/// How often the watchdog wants to hear from this process: half of $WATCHDOG_USEC.
[[nodiscard]] std::optional<Nanoseconds> watchdog_period() noexcept;

}  // namespace lenswire::cli
