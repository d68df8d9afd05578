#include "cli/sources.hpp"

#include "client/camera2tcp_source.hpp"
#include "client/ethersense_source.hpp"
#include "client/push_listen_source.hpp"
#include "client/remote_source.hpp"

namespace lenswire::cli {

source::SourceTable all_sources() {
  source::SourceTable table;
  table.add(client::remote_source_kind());
  table.add(client::remote_tls_source_kind());
  table.add(client::camera2tcp_source_kind());
  table.add(client::ethersense_source_kind());
  table.add(client::push_listen_source_kind());
  return table;
}

}  // namespace lenswire::cli
