// subscribe_request.hpp - the arguments of the native op `subscribe`.
#pragma once

#include <string>

#include <lenswire/result.hpp>
#include <lenswire/stream_profile.hpp>
#include <nlohmann/json_fwd.hpp>

#include "hub/delivery_queue.hpp"
#include "hub/wish.hpp"
#include "server/lwp_subscription.hpp"

namespace lenswire::server {

struct SubscribeRequest {
  hub::Wish wish;
  hub::DeliverySettings delivery;
  FlowWindow window;
};

/// docs/protocol.md, section 3.
/// Errors: InvalidArgument, naming the key; Unsupported for a codec this build does not have.
Result<SubscribeRequest> parse_subscribe(const nlohmann::json& map, const StreamProfile& profile);

}  // namespace lenswire::server
