#include "cli/rtc_options.hpp"

#include <CLI/CLI.hpp>

namespace lenswire::cli {

void add_rtc_options(CLI::App& command, RtcServers& servers) {
  command
      .add_option("--rtc-stun", servers.stun,
                  "STUN server that tells data channels their address behind a NAT")
      ->type_name("HOST[:PORT]");
  command
      .add_option("--rtc-turn", servers.turn,
                  "TURN server that relays data channels (over UDP); repeatable. What is written "
                  "here, other users of this machine can read: leave the password to its file")
      ->type_name("USER[:PASSWORD]@HOST[:PORT]")
      ->allow_extra_args(false);
  command
      .add_option("--rtc-turn-password-file", servers.turn_password_file,
                  "File with the password of TURN servers, readable by you alone")
      ->type_name("FILE")
      ->envname("LENSWIRE_RTC_TURN_PASSWORD_FILE");
}

}  // namespace lenswire::cli
