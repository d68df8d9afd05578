#include "server/doors/camera2tcp/camera2tcp_door.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "server/camera.hpp"
#include "server/doors/camera2tcp/camera2tcp_session.hpp"

namespace lenswire::server::camera2tcp {
namespace {

constexpr std::uint32_t kMaxSide = 4096;
constexpr Geometry kTestPictureSize{512, 512, 3};
constexpr std::string_view kSkeletonStream = "skeleton";

StreamKind kind_of(Service service) noexcept {
  if (service == Service::KinectDepth) return StreamKind::Depth;
  if (service == Service::KinectSkeleton) return StreamKind::Skeleton;
  return StreamKind::Color;
}

// Nothing where the door's camera is no `image:`.
std::optional<base::SourceUri> image_uri(const DoorContext& context) {
  const auto& cameras = context.settings.cameras;
  const auto found = std::find_if(cameras.begin(), cameras.end(), [&](const auto& camera) {
    return camera.name == context.camera.name();
  });
  if (found == cameras.end()) return std::nullopt;
  auto uri = base::SourceUri::parse(found->uri);
  if (!uri || uri->scheme != "image") return std::nullopt;
  return std::move(*uri);
}

}  // namespace

Camera2TcpDoor::Camera2TcpDoor(const DoorOptions& options, const DoorContext& context)
    : options_(options),
      camera_(context.camera),
      kinect_depth_(options.gzip ? Compression::Gzip : Compression::None),
      kinect_color_(wire::camera2tcp::kKinectWebcam,
                    options.gzip ? Compression::Gzip : Compression::None) {
  if (auto uri = image_uri(context)) {
    // Two marks at one place would cancel each other.
    const auto marked = uri->options.boolean("mark", false);
    if (marked && !*marked) image_mark_ = ColorPacking::Mark::Moving;
  } else {
    test_picture_ = std::make_unique<TestPicture>(options.size.value_or(kTestPictureSize));
  }
}

net::SocketSettings Camera2TcpDoor::socket_settings() const {
  // A session has one picture under way at most, so the kernel may take all of it at once.
  net::SocketSettings settings;
  settings.unsent_limit_bytes = std::numeric_limits<std::int32_t>::max();
  return settings;
}

std::unique_ptr<Session> Camera2TcpDoor::greet(Worker& worker, std::unique_ptr<net::Stream> stream,
                                               ConnectionTable::Admission admission) {
  return std::make_unique<Camera2TcpSession>(worker, std::move(stream), std::move(admission),
                                             *this);
}

Result<std::string> Camera2TcpDoor::stream_of(Service service) const {
  const auto kind = kind_of(service);
  if (kind == StreamKind::Skeleton) {
    if (auto found = camera_.stream(kSkeletonStream); !found) return fail(found.error());
    return std::string(kSkeletonStream);
  }
  for (const auto& id : camera_.stream_ids())
    if (const auto stream = camera_.stream(id); stream && (*stream)->profile()->kind == kind)
      return id;
  // The camera tells best why it has none: still being opened, or gone.
  const auto named = camera_.stream(to_string(kind));
  return fail(named ? Error{ErrorCode::NotFound, "no such stream"} : named.error());
}

Result<Geometry> Camera2TcpDoor::geometry_of(Service service) const {
  if (service == Service::KinectWebcam) return wire::camera2tcp::kKinectWebcam;
  if (service == Service::KinectDepth) return wire::camera2tcp::kKinectDepth;
  if (service == Service::KinectSkeleton) return Geometry{};
  if (service == Service::SimpleImage && test_picture_)
    return options_.size.value_or(kTestPictureSize);
  const auto id = stream_of(service);
  if (!id) return fail(id.error());
  if (options_.size) return *options_.size;
  const auto stream = camera_.stream(*id);
  if (!stream) return fail(stream.error());
  const auto profile = (*stream)->profile();
  return Geometry{profile->height, profile->width, 3};
}

hub::Wish Camera2TcpDoor::wish_for(Service service, const std::optional<Geometry>& fixed) {
  hub::Wish wish;
  if (service == Service::KinectSkeleton) return wish;
  if (service == Service::KinectDepth) {
    wish.packing = &kinect_depth_;
    return wish;
  }
  wish.format = PixelFormat::BGR8;
  if (service == Service::KinectWebcam) {
    wish.packing = &kinect_color_;
    return wish;
  }
  const auto mark = service == Service::SimpleImage ? image_mark_ : ColorPacking::Mark::None;
  if (const auto size = options_.size ? options_.size : fixed) {
    wish.packing = &fitted(*size, mark);
  } else if (mark == ColorPacking::Mark::Moving) {
    if (const auto geometry = geometry_of(service)) wish.packing = &fitted(*geometry, mark);
  }
  return wish;
}

const ColorPacking& Camera2TcpDoor::fitted(const Geometry& geometry, ColorPacking::Mark mark) {
  base::MutexLock lock(mutex_);
  auto& packings = mark == ColorPacking::Mark::Moving ? marked_ : plain_;
  auto& packing = packings[{geometry.columns, geometry.rows}];
  if (!packing) packing = std::make_unique<ColorPacking>(geometry, Compression::None, mark);
  return *packing;
}

Result<std::unique_ptr<Door>> make_door(DoorRequest request, const DoorContext& context) {
  DoorOptions options;
  const auto strict = request.options.boolean("strict", false);
  if (!strict) return fail(strict.error());
  options.strict = *strict;
  const auto compressed = request.options.boolean("gzip", false);
  if (!compressed) return fail(compressed.error());
  options.gzip = *compressed;
  const auto skeleton = request.options.text("skeleton", "words");
  if (skeleton != "words" && skeleton != "json")
    return fail(ErrorCode::InvalidArgument,
                fmt::format("skeleton={}: it may be words or json", skeleton));
  options.skeleton_json = skeleton == "json";
  if (request.options.contains("size")) {
    const auto size = request.options.size("size", {}, kMaxSide);
    if (!size) return fail(size.error());
    options.size = Geometry{size->height, size->width, 3};
  }
  if (auto rest = request.options.finish("strict, gzip, skeleton, size"); !rest)
    return fail(rest.error());
  return std::make_unique<Camera2TcpDoor>(options, context);
}

}  // namespace lenswire::server::camera2tcp
