// reply_maps.hpp - the server's CBOR maps as the client's values.
#pragma once

#include <lenswire/client.hpp>
#include <nlohmann/json_fwd.hpp>

namespace lenswire::client {

/// A whole number of a map, or the fallback where it is absent or something else.
[[nodiscard]] std::int64_t integer_of(const nlohmann::json& map, const char* key,
                                      std::int64_t fallback) noexcept;
/// A text of a map, or the empty one.
[[nodiscard]] std::string text_of(const nlohmann::json& map, const char* key);
[[nodiscard]] double number_of(const nlohmann::json& map, const char* key) noexcept;

/// The error of a Bye or of a failed Reply.
[[nodiscard]] Error error_of(const nlohmann::json& map, ErrorCode fallback);

/// Errors: InvalidArgument, naming the key.
Result<CameraInfo> camera_from_map(const nlohmann::json& map);
Result<std::vector<CameraInfo>> cameras_from_map(const nlohmann::json& list);

/// A camera as the command line prints it: the map that the server sent.
[[nodiscard]] nlohmann::json to_map(const CameraInfo& camera);

/// The arguments of a `subscribe` request.
[[nodiscard]] nlohmann::json subscribe_request(const SubscribeSettings& settings);
/// Errors: InvalidArgument, naming the setting.
Result<void> check(const SubscribeSettings& settings);

/// The camera events; nothing for those this version does not know or that are about a
/// subscription.
Result<std::optional<ClientEvent>> camera_event_from_map(const nlohmann::json& map);

}  // namespace lenswire::client
