#include "source/driver/driver_channel.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace lenswire::source::driver {
namespace {

// Room for one descriptor, aligned as the kernel wants it.
union DescriptorSpace {
  cmsghdr header;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

}  // namespace

Result<Channel::Pair> Channel::make_pair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(ErrorCode::Busy, fmt::format("a socket for a driver: {}", std::strerror(errno)));
  return Pair{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

Result<void> Channel::send(const Message& message, int descriptor, Patience patience) {
  base::MutexLock lock(mutex_);
  encode(message, out_);
  if (out_.size() > kMaxMessageBytes)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("a message of {} bytes to or from a driver", out_.size()));
  iovec content{out_.data(), out_.size()};
  msghdr header{};
  header.msg_iov = &content;
  header.msg_iovlen = 1;
  DescriptorSpace space{};
  if (descriptor >= 0) {
    header.msg_control = space.bytes.data();
    header.msg_controllen = space.bytes.size();
    auto* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(control), &descriptor, sizeof descriptor);
  }
  const int flags = MSG_NOSIGNAL | (patience == Patience::DontWait ? MSG_DONTWAIT : 0);
  while (::sendmsg(socket_.get(), &header, flags) < 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return fail(ErrorCode::Busy, "the driver does not read");
    return fail(ErrorCode::Closed, "the driver's connection is closed");
  }
  return {};
}

Result<std::optional<Channel::Received>> Channel::receive() {
  packet_.resize(kMaxMessageBytes + 1);
  iovec content{packet_.data(), packet_.size()};
  DescriptorSpace space{};
  msghdr header{};
  header.msg_iov = &content;
  header.msg_iovlen = 1;
  header.msg_control = space.bytes.data();
  header.msg_controllen = space.bytes.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
    // One that died with something of ours unread resets the connection, once: what it sent before
    // is still there.
  } while (size < 0 && (errno == EINTR || errno == ECONNRESET));
  if (size <= 0) return std::optional<Received>();
  base::UniqueFd descriptor;
  const auto* control = CMSG_FIRSTHDR(&header);
  if (control != nullptr && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
      control->cmsg_len >= CMSG_LEN(sizeof(int))) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(control), sizeof fd);
    descriptor.reset(fd);
  }
  auto message = decode(std::span(packet_).first(static_cast<std::size_t>(size)));
  if (!message) return fail(message.error());
  return std::optional<Received>({std::move(*message), std::move(descriptor)});
}

Result<std::unique_ptr<SharedSlots>> SharedSlots::map(base::UniqueFd memory, std::size_t slots,
                                                      std::size_t slot_bytes, int protection) {
  void* mapped = ::mmap(nullptr, slots * slot_bytes, protection, MAP_SHARED, memory.get(), 0);
  if (mapped == MAP_FAILED)
    return fail(ErrorCode::Busy, fmt::format("shared memory of {} bytes: {}", slots * slot_bytes,
                                             std::strerror(errno)));
  std::unique_ptr<SharedSlots> out(new SharedSlots);
  out->fd_ = std::move(memory);
  out->memory_ = static_cast<std::byte*>(mapped);
  out->slots_ = slots;
  out->slot_bytes_ = slot_bytes;
  return out;
}

Result<std::unique_ptr<SharedSlots>> SharedSlots::create(std::size_t slots,
                                                         std::size_t slot_bytes) {
  base::UniqueFd memory(::memfd_create("lenswire-frames", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory || ::ftruncate(memory.get(), static_cast<off_t>(slots * slot_bytes)) != 0 ||
      ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return fail(ErrorCode::Busy, fmt::format("shared memory of {} bytes: {}", slots * slot_bytes,
                                             std::strerror(errno)));
  return map(std::move(memory), slots, slot_bytes, PROT_READ | PROT_WRITE);
}

Result<std::unique_ptr<SharedSlots>> SharedSlots::open(base::UniqueFd memory, std::size_t slots,
                                                       std::size_t slot_bytes) {
  // Memory that shrinks under a reader kills it.
  const int seals = ::fcntl(memory.get(), F_GET_SEALS);
  struct stat status {};
  const bool sound = slots > 0 && slots <= kMaxSlots && slot_bytes > 0 &&
                     slot_bytes <= kMaxFrameBytes && seals >= 0 && (seals & F_SEAL_SHRINK) != 0 &&
                     ::fstat(memory.get(), &status) == 0 &&
                     static_cast<std::size_t>(status.st_size) >= slots * slot_bytes;
  if (!sound) return fail(ErrorCode::InvalidArgument, "a driver's shared memory is not as it said");
  return map(std::move(memory), slots, slot_bytes, PROT_READ);
}

SharedSlots::~SharedSlots() {
  if (memory_ != nullptr) ::munmap(memory_, slots_ * slot_bytes_);
}

}  // namespace lenswire::source::driver
