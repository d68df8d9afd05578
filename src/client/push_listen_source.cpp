#include "client/push_listen_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <utility>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/stop_token.hpp"
#include "client/push_listener.hpp"
#include "codec/codec.hpp"
#include "frame/frame_pool.hpp"

namespace lenswire::client {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kDefaultPort = 5038;
constexpr auto kFirstPicture = 2s;
/// How often it is looked whether the sender is still there.
constexpr auto kLook = 1s;
constexpr double kSplitDepthUnitM = 10.0 / 255;

struct Settings {
  PushListenerSettings listener;
  std::string stream_id;
  bool split = false;
};

StreamProfile profile_of(StreamKind kind, PixelFormat format, std::uint32_t width,
                         std::uint32_t height) {
  StreamProfile profile;
  profile.stream = to_string(kind);
  profile.kind = kind;
  profile.format = format;
  profile.width = width;
  profile.height = height;
  if (kind == StreamKind::Depth) profile.depth_unit_m = kSplitDepthUnitM;
  return profile;
}

bool is_printable(char c) noexcept { return c >= 0x20 && c < 0x7f; }

// What a stranger calls itself goes into JSON and CBOR, which want UTF-8.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return !is_printable(c); }, '?');
  return text;
}

// Pictures into frames: as they are, or cut in two.
class Delivery {
 public:
  Delivery(SourceSink& sink, SourceDescription description, bool split)
      : sink_(sink), description_(std::move(description)), split_(split) {}

  void deliver(const Picture& picture) {
    ++sequence_;
    if (split_)
      halves(picture);
    else
      whole(picture);
  }

 private:
  void offer(std::vector<StreamProfile> profiles) {
    const bool same = profiles.size() == description_.streams.size() &&
                      std::equal(profiles.begin(), profiles.end(), description_.streams.begin(),
                                 [](const auto& a, const auto& b) { return a == *b; });
    if (same) return;
    description_.streams.clear();
    for (auto& profile : profiles)
      description_.streams.push_back(std::make_shared<const StreamProfile>(std::move(profile)));
    sink_.opened(description_);
  }

  [[nodiscard]] std::shared_ptr<Frame> frame(std::size_t stream, const Picture& picture) {
    auto frame = pool_.acquire(description_.streams[stream]);
    frame->sequence = sequence_;
    frame->capture_time = picture.time;
    frame->arrival_time = picture.time;
    return frame;
  }

  void whole(const Picture& picture) {
    const auto format = picture.has_huffman_tables ? PixelFormat::JPEG : PixelFormat::MJPEG;
    offer({profile_of(StreamKind::Color, format, picture.width, picture.height)});
    auto frame = this->frame(0, picture);
    frame->data = *picture.jpeg;
    sink_.frame(std::move(frame));
  }

  void halves(const Picture& picture) {
    if (!decoder_) decoder_ = codec::find_codec(CodecId::Jpeg)->make_decoder();
    decoded_.format = PixelFormat::JPEG;
    decoded_.width = picture.width;
    decoded_.height = picture.height;
    if (auto ok = decoder_->decode(*picture.jpeg, decoded_); !ok) return sink_.trouble(ok.error());
    const auto width = picture.width / 2;
    const bool grey = decoded_.format == PixelFormat::Y8;
    const auto color = grey ? PixelFormat::Y8 : PixelFormat::RGB8;
    const std::size_t pixel = grey ? 1 : 3;
    if (width == 0)
      return sink_.trouble({ErrorCode::InvalidArgument, "the picture is too narrow to be cut"});
    offer({profile_of(StreamKind::Color, color, width, picture.height),
           profile_of(StreamKind::Depth, PixelFormat::Z16, width, picture.height)});
    auto left = frame(0, picture);
    auto right = frame(1, picture);
    for (std::size_t y = 0; y < picture.height; ++y) {
      const auto* const row = decoded_.data.data() + y * decoded_.stride_bytes;
      std::memcpy(left->data.data() + y * left->stride_bytes, row, pixel * width);
      // Green stands for grey; the three are equal but for what JPEG does to them.
      const auto* from = row + pixel * width + (grey ? 0 : 1);
      auto* to = right->data.data() + y * right->stride_bytes;
      for (std::size_t x = 0; x < width; ++x) {
        const std::uint16_t shade = std::to_integer<std::uint8_t>(from[x * pixel]);
        std::memcpy(to + 2 * x, &shade, sizeof shade);
      }
    }
    sink_.frame(std::move(left));
    sink_.frame(std::move(right));
  }

  SourceSink& sink_;
  SourceDescription description_;
  const bool split_;
  std::uint64_t sequence_ = 0;
  frame::FramePool pool_;
  std::unique_ptr<codec::Decoder> decoder_;
  frame::Image decoded_;
};

class PushListenSource final : public Source {
 public:
  PushListenSource(Settings settings, const base::Clock& clock)
      : settings_(std::move(settings)),
        clock_(clock),
        receiver_(std::make_shared<PushReceiver>(settings_.stream_id)) {}

  ~PushListenSource() override {
    if (listener_) listener_->remove(*receiver_);
  }

  Result<void> probe() override {
    if (auto open = listen(); !open) return open;
    if (receiver_->sender() && receiver_->pictures().peek()) return {};
    return nobody();
  }

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override {
    if (auto open = listen(); !open) return open;
    const auto deadline = clock_.now() + kFirstPicture;
    while (!receiver_->sender() || !receiver_->pictures().peek()) {
      const auto come = receiver_->pictures().take(deadline, stop);
      if (!come) return {};
      if (clock_.now() >= deadline) return nobody();
    }
    const auto sender = receiver_->sender();
    if (!sender) return nobody();
    SourceDescription description;
    description.model = "pushed by " + sender->peer;
    description.serial = printable(sender->stream_id);
    description.bus = listener_address();
    Delivery delivery(sink, std::move(description), settings_.split);
    auto damaged = receiver_->damage().count;
    // The newest, which may have come long ago: a sender that is slow is no less there.
    if (const auto taken = receiver_->pictures().take(clock_.now(), stop); !taken) return {};
    if (const auto newest = receiver_->pictures().peek()) delivery.deliver(*newest);
    while (true) {
      const auto picture = receiver_->pictures().take(clock_.now() + kLook, stop);
      if (!picture) return {};
      if (*picture) delivery.deliver(**picture);
      const auto damage = receiver_->damage();
      if (std::exchange(damaged, damage.count) != damage.count)
        sink.trouble({ErrorCode::InvalidArgument, "a pushed picture: " + damage.reason});
      if (!receiver_->sender())
        return fail(ErrorCode::Disconnected,
                    fmt::format("{} has ended its push; it may come back", sender->peer));
    }
  }

 private:
  Result<void> listen() {
    base::MutexLock lock(mutex_);
    if (listener_) return {};
    auto shared = PushListener::share(settings_.listener, receiver_);
    if (!shared) return fail(std::move(shared).error());
    listener_ = std::move(*shared);
    return {};
  }

  [[nodiscard]] std::string listener_address() const {
    base::MutexLock lock(mutex_);
    return listener_->address().text();
  }

  [[nodiscard]] tl::unexpected<Error> nobody() const {
    const auto address = listener_address();
    const auto id = settings_.stream_id.empty()
                        ? std::string()
                        : fmt::format(" with Stream-ID '{}'", settings_.stream_id);
    return fail(ErrorCode::Disconnected,
                fmt::format("nobody pushes pictures{0} to {1} yet; for example: lenswire push "
                            "http://{1} --camera NAME=URI{2}",
                            id, address,
                            settings_.stream_id.empty()
                                ? std::string()
                                : fmt::format(" --stream-id {}", settings_.stream_id)));
  }

  const Settings settings_;
  const base::Clock& clock_;
  const std::shared_ptr<PushReceiver> receiver_;
  mutable base::Mutex mutex_;  // run() and probe() are on different threads
  std::shared_ptr<PushListener> listener_ LENSWIRE_GUARDED_BY(mutex_);
};

Result<std::unique_ptr<Source>> make(base::SourceUri uri, const source::SourceContext& context) {
  Settings settings;
  auto& listener = settings.listener;
  auto& options = uri.options;
  const bool port_alone =
      !uri.path.empty() && std::all_of(uri.path.begin(), uri.path.end(),
                                       [](unsigned char c) { return std::isdigit(c) != 0; });
  const auto address = net::Address::parse(port_alone ? ":" + uri.path : uri.path, kDefaultPort);
  if (!address)
    return fail(ErrorCode::InvalidArgument, fmt::format("'{}': {}; write push-listen:[HOST:]PORT",
                                                        uri.text, address.error().message));
  listener.address = *address;
  settings.stream_id = options.text("stream-id", "");
  if (!std::all_of(settings.stream_id.begin(), settings.stream_id.end(), is_printable))
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}': stream-id= takes printable ASCII", uri.text));
  listener.certificate_file = options.text("cert", "");
  listener.key_file = options.text("key", "");
  if (listener.certificate_file.empty() != listener.key_file.empty())
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}': cert= and key= go together", uri.text));
  if (options.contains("tls")) {
    const auto tls = options.boolean("tls", true);
    if (!tls) return fail(tls.error());
    listener.transport = *tls ? PushTransport::Tls : PushTransport::Plain;
  }
  const auto split = options.boolean("split", false);
  if (!split) return fail(split.error());
  settings.split = *split;
  if (auto rest = options.finish("stream-id, tls, cert, key, split"); !rest)
    return fail(std::move(rest).error());
  return std::make_unique<PushListenSource>(std::move(settings), context.clock);
}

}  // namespace

source::SourceKind push_listen_source_kind() noexcept {
  return {"push-listen", "pictures that a sender pushes by HTTP or HTTPS", "push-listen:5038",
          make};
}

}  // namespace lenswire::client
