// wish_query.hpp - what a URL's query asks of a stream.
#pragma once

#include <string>

#include "base/uri.hpp"
#include "hub/delivery_queue.hpp"
#include "hub/wish.hpp"

namespace lenswire::server {

struct StreamQuery {
  hub::Wish wish;
  hub::DeliverySettings delivery;
};

/// `fps`, `quality`, `scale`, `region=x,y,w,h`, `filter`, `colormap=turbo|heat|ocean|gray|gray8`,
/// `range=fixed|histogram`, `min_m`, `max_m`, `policy`.
/// The rest of the query (tickets) must have been read before.
/// Errors: InvalidArgument, naming the option.
Result<StreamQuery> parse_stream_query(base::QueryOptions& options, CodecId codec,
                                       const StreamProfile& profile);

/// "x,y,width,height".
Result<hub::Region> parse_region(const std::string& text);

}  // namespace lenswire::server
