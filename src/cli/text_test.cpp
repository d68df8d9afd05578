#include "cli/text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/exit_code.hpp"

namespace lenswire::cli {

TEST(Text, DisarmsTerminalSequences) {
  EXPECT_EQ(printable("a\x1b[31mb\n\x7f"), "a?[31mb??");
  EXPECT_EQ(printable("x\xc2\x9b"
                      "31m"),
            "x?31m");
  EXPECT_EQ(printable("Küche"), "Küche");
}

TEST(Text, MendsJsonThatIsNoUtf8) {
  EXPECT_EQ(json_line({{"name", "\xff"}}), "{\"name\":\"\xef\xbf\xbd\"}");
}

TEST(ExitCode, DiffersForEveryError) {
  std::vector<int> seen = {kExitOk, kExitInternal, kExitInterrupted};
  for (const auto code :
       {ErrorCode::InvalidArgument, ErrorCode::NotFound, ErrorCode::Unsupported, ErrorCode::Busy,
        ErrorCode::PermissionDenied, ErrorCode::Disconnected, ErrorCode::Timeout, ErrorCode::Closed,
        ErrorCode::Truncated, ErrorCode::VersionMismatch}) {
    EXPECT_EQ(std::count(seen.begin(), seen.end(), exit_code(code)), 0);
    seen.push_back(exit_code(code));
  }
}

}  // namespace lenswire::cli
