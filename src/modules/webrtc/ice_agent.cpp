#include "modules/webrtc/ice_agent.hpp"

#include <fmt/format.h>
#include <gio/gio.h>
#include <nice/agent.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "net/interfaces.hpp"

namespace lenswire::webrtc {
namespace {

constexpr guint kComponent = 1;
// A burst of a whole frame waits here while the thread is busy with another peer.
constexpr int kSocketBufferBytes = 2 << 20;
// After so many datagrams the loop gets to whatever else it has to do.
constexpr int kDatagramsAtOnce = 64;

using wire::sdp::Candidate;
using wire::sdp::CandidateType;

NiceCandidateType to_nice(CandidateType type) noexcept {
  switch (type) {
    case CandidateType::Host:
      return NICE_CANDIDATE_TYPE_HOST;
    case CandidateType::ServerReflexive:
      return NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE;
    case CandidateType::PeerReflexive:
      return NICE_CANDIDATE_TYPE_PEER_REFLEXIVE;
    case CandidateType::Relay:
      return NICE_CANDIDATE_TYPE_RELAYED;
  }
  return NICE_CANDIDATE_TYPE_HOST;
}

CandidateType from_nice(NiceCandidateType type) noexcept {
  switch (type) {
    case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE:
      return CandidateType::ServerReflexive;
    case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE:
      return CandidateType::PeerReflexive;
    case NICE_CANDIDATE_TYPE_RELAYED:
      return CandidateType::Relay;
    default:
      return CandidateType::Host;
  }
}

const char* name_of(NiceCandidateType type) noexcept {
  constexpr std::array names = {"host", "srflx", "prflx", "relay"};
  const auto index = static_cast<std::size_t>(type);
  return index < names.size() ? names[index] : "unknown";
}

std::string text_of(const NiceAddress& address) {
  std::array<char, NICE_ADDRESS_STRING_LEN> text{};
  nice_address_to_string(&address, text.data());
  return text.data();
}

std::string text_of(const NiceCandidate& candidate) {
  const auto address = text_of(candidate.addr);
  const bool v6 = address.find(':') != std::string::npos;
  return fmt::format("{} {}{}{}:{} udp", name_of(candidate.type), v6 ? "[" : "", address,
                     v6 ? "]" : "", nice_address_get_port(&candidate.addr));
}

bool has_other_than_loopback() {
  const auto all = net::ipv4_interfaces();
  return std::any_of(all.begin(), all.end(), [](const auto& interface) {
    return std::any_of(interface.addresses.begin(), interface.addresses.end(),
                       [](const auto& address) { return !address.is_loopback(); });
  });
}

}  // namespace

class IceAgent::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(GlibLoop& l, const net::RtcPeerSettings& s, IceListener& who)
      : loop(l), settings(s), listener(&who) {
    agent =
        nice_agent_new_full(static_cast<GMainContext*>(loop.context()), NICE_COMPATIBILITY_RFC5245,
                            static_cast<NiceAgentOption>(NICE_AGENT_OPTION_REGULAR_NOMINATION |
                                                         NICE_AGENT_OPTION_ICE_TRICKLE |
                                                         NICE_AGENT_OPTION_CONSENT_FRESHNESS));
    g_object_set(agent, "upnp", FALSE, "ice-tcp", FALSE, "force-relay",
                 settings.relay_only ? TRUE : FALSE, nullptr);
    stream = nice_agent_add_stream(agent, 1);
    g_signal_connect(agent, "candidate-gathering-done", G_CALLBACK(on_gathering_done), this);
    g_signal_connect(agent, "component-state-changed", G_CALLBACK(on_state), this);
    attach(on_receive);
  }

  void attach(NiceAgentRecvFunc receiver) {
    nice_agent_attach_recv(agent, stream, kComponent, static_cast<GMainContext*>(loop.context()),
                           receiver, this);
  }

  void close() {
    listener = nullptr;
    g_signal_handlers_disconnect_by_data(agent, this);
    attach(nullptr);
    nice_agent_close_async(
        agent, [](GObject* self, GAsyncResult*, gpointer) { g_object_unref(self); }, nullptr);
    agent = nullptr;
  }

  // GLib's types carry no ownership; the callback owns this until it ran.
  struct Lookup {
    std::weak_ptr<Impl> self;
    std::size_t index;
  };

  void gather(bool controlling) {
    g_object_set(agent, "controlling-mode", controlling ? TRUE : FALSE, nullptr);
    if (settings.stun) servers.push_back({*settings.stun, false, {}});
    for (const auto& turn : settings.turn) servers.push_back({turn, true, {}});
    unresolved = 0;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      NiceAddress literal;
      nice_address_init(&literal);
      if (nice_address_set_from_string(&literal, servers[i].server.host.c_str())) {
        servers[i].address = servers[i].server.host;
        continue;
      }
      ++unresolved;
      auto* resolver = g_resolver_get_default();
      g_resolver_lookup_by_name_async(resolver, servers[i].server.host.c_str(), nullptr,
                                      on_resolved, new Lookup{weak_from_this(), i});
      g_object_unref(resolver);
    }
    if (unresolved == 0) begin();
  }

  static void on_resolved(GObject* resolver, GAsyncResult* result, gpointer data) {
    const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(data));
    GList* found = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, nullptr);
    const auto self = lookup->self.lock();
    if (self && self->agent != nullptr) {
      if (found != nullptr) {
        char* text = g_inet_address_to_string(G_INET_ADDRESS(found->data));
        self->servers[lookup->index].address = text;
        g_free(text);
      }
      if (--self->unresolved == 0 && !self->begun) self->begin();
    }
    if (found != nullptr) g_resolver_free_addresses(found);
  }

  void begin() {
    begun = true;
    for (const auto& [server, relay, address] : servers) {
      // One that has no address is left out: the others may do.
      if (address.empty()) continue;
      if (relay)
        nice_agent_set_relay_info(agent, stream, kComponent, address.c_str(), server.port,
                                  server.user.c_str(), server.password.c_str(),
                                  NICE_RELAY_TYPE_TURN_UDP);
      else
        g_object_set(agent, "stun-server", address.c_str(), "stun-server-port",
                     static_cast<guint>(server.port), nullptr);
    }
    auto own = settings.local_addresses;
    if (own.empty() && !has_other_than_loopback()) own.emplace_back("127.0.0.1");
    for (const auto& text : own) {
      NiceAddress address;
      nice_address_init(&address);
      if (nice_address_set_from_string(&address, text.c_str()))
        nice_agent_add_local_address(agent, &address);
    }
    if (!nice_agent_gather_candidates(agent, stream) && listener != nullptr)
      listener->on_ice_failed("this machine has no address to offer");
  }

  static void on_gathering_done(NiceAgent*, guint, gpointer data) {
    auto* self = static_cast<Impl*>(data);
    self->widen_sockets();
    if (self->listener != nullptr) self->listener->on_gathered();
  }

  void widen_sockets() const {
    GPtrArray* sockets = nice_agent_get_sockets(agent, stream, kComponent);
    if (sockets == nullptr) return;
    for (guint i = 0; i < sockets->len; ++i) {
      const int fd = g_socket_get_fd(static_cast<GSocket*>(g_ptr_array_index(sockets, i)));
      const int bytes = kSocketBufferBytes;
      if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
        ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
      if (::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
        ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    }
    g_ptr_array_unref(sockets);
  }

  static void on_state(NiceAgent*, guint, guint, guint state, gpointer data) {
    auto* listener = static_cast<Impl*>(data)->listener;
    if (listener == nullptr) return;
    if (state == NICE_COMPONENT_STATE_CONNECTED || state == NICE_COMPONENT_STATE_READY)
      listener->on_ice_connected();
    else if (state == NICE_COMPONENT_STATE_FAILED)
      listener->on_ice_failed("no way leads to the peer any more (ICE)");
  }

  static void on_receive(NiceAgent*, guint, guint, guint size, gchar* bytes, gpointer data) {
    // The listener may end the agent in the middle of it.
    const auto self = static_cast<Impl*>(data)->shared_from_this();
    if (self->listener != nullptr)
      self->listener->on_datagram({reinterpret_cast<const std::byte*>(bytes), size});
    if (++self->received_at_once >= kDatagramsAtOnce) self->pause();
  }

  // libnice reads on while there is anything to read and somebody who wants it, so a peer that
  // sends without a break would keep the loop from its other peers, its tasks and its timers.
  void pause() {
    received_at_once = 0;
    if (agent == nullptr) return;
    attach(nullptr);
    loop.post([weak = weak_from_this()] {
      if (const auto self = weak.lock(); self && self->agent != nullptr) self->attach(on_receive);
    });
  }

  void add_remote(std::span<const Candidate> candidates) {
    GSList* list = nullptr;
    for (const auto& candidate : candidates) {
      NiceCandidate* added = nice_candidate_new(to_nice(candidate.type));
      added->component_id = kComponent;
      added->stream_id = stream;
      added->transport = NICE_CANDIDATE_TRANSPORT_UDP;
      added->priority = candidate.priority;
      g_strlcpy(added->foundation, candidate.foundation.c_str(), NICE_CANDIDATE_MAX_FOUNDATION);
      if (!nice_address_set_from_string(&added->addr, candidate.address.c_str())) {
        nice_candidate_free(added);
        continue;
      }
      nice_address_set_port(&added->addr, candidate.port);
      if (!candidate.related_address.empty() &&
          nice_address_set_from_string(&added->base_addr, candidate.related_address.c_str()))
        nice_address_set_port(&added->base_addr, candidate.related_port);
      list = g_slist_prepend(list, added);
    }
    list = g_slist_reverse(list);
    if (list != nullptr) nice_agent_set_remote_candidates(agent, stream, kComponent, list);
    g_slist_free_full(list,
                      [](gpointer one) { nice_candidate_free(static_cast<NiceCandidate*>(one)); });
  }

  struct Server {
    net::RtcServer server;
    bool relay;
    std::string address;
  };

  GlibLoop& loop;
  const net::RtcPeerSettings settings;
  IceListener* listener;
  NiceAgent* agent = nullptr;
  guint stream = 0;
  std::vector<Server> servers;
  std::size_t unresolved = 0;
  bool begun = false;
  int received_at_once = 0;
};

IceAgent::IceAgent(GlibLoop& loop, const net::RtcPeerSettings& settings, IceListener& listener)
    : impl_(std::make_shared<Impl>(loop, settings, listener)) {}

IceAgent::~IceAgent() { impl_->close(); }

void IceAgent::gather(bool controlling) { impl_->gather(controlling); }

bool IceAgent::hurry() {
  if (impl_->begun) return true;
  impl_->begin();
  return false;
}

void IceAgent::describe(wire::sdp::DataSession& out) const {
  gchar* ufrag = nullptr;
  gchar* password = nullptr;
  if (nice_agent_get_local_credentials(impl_->agent, impl_->stream, &ufrag, &password)) {
    out.ufrag = ufrag;
    out.password = password;
  }
  g_free(ufrag);
  g_free(password);
  out.candidates.clear();
  GSList* list = nice_agent_get_local_candidates(impl_->agent, impl_->stream, kComponent);
  for (GSList* i = list; i != nullptr; i = i->next) {
    const auto& found = *static_cast<NiceCandidate*>(i->data);
    if (found.transport != NICE_CANDIDATE_TRANSPORT_UDP) continue;
    if (impl_->settings.relay_only && found.type != NICE_CANDIDATE_TYPE_RELAYED) continue;
    Candidate candidate;
    candidate.foundation = found.foundation;
    candidate.priority = found.priority;
    candidate.address = text_of(found.addr);
    candidate.port = static_cast<std::uint16_t>(nice_address_get_port(&found.addr));
    candidate.type = from_nice(found.type);
    if (found.type != NICE_CANDIDATE_TYPE_HOST && !impl_->settings.relay_only) {
      candidate.related_address = text_of(found.base_addr);
      candidate.related_port = static_cast<std::uint16_t>(nice_address_get_port(&found.base_addr));
    }
    out.candidates.push_back(std::move(candidate));
  }
  g_slist_free_full(list,
                    [](gpointer one) { nice_candidate_free(static_cast<NiceCandidate*>(one)); });
}

void IceAgent::set_remote(const std::string& ufrag, const std::string& password,
                          const std::vector<Candidate>& candidates) {
  nice_agent_set_remote_credentials(impl_->agent, impl_->stream, ufrag.c_str(), password.c_str());
  impl_->add_remote(candidates);
}

void IceAgent::add_remote(const Candidate& candidate) { impl_->add_remote({&candidate, 1}); }

bool IceAgent::send(std::span<const std::byte> bytes) noexcept {
  return nice_agent_send(impl_->agent, impl_->stream, kComponent, static_cast<guint>(bytes.size()),
                         reinterpret_cast<const gchar*>(bytes.data())) ==
         static_cast<gint>(bytes.size());
}

std::pair<std::string, std::string> IceAgent::selected() const {
  NiceCandidate* local = nullptr;
  NiceCandidate* remote = nullptr;
  if (!nice_agent_get_selected_pair(impl_->agent, impl_->stream, kComponent, &local, &remote))
    return {};
  return {text_of(*local), text_of(*remote)};
}

}  // namespace lenswire::webrtc
