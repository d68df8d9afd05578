#include "client/credentials.hpp"

#include "base/secret_file.hpp"

namespace lenswire::client {

Result<std::string> read_token(const ClientSettings& settings) {
  if (!settings.token.empty() || settings.token_file.empty()) return settings.token;
  return base::read_secret_file(settings.token_file, "token");
}

}  // namespace lenswire::client
