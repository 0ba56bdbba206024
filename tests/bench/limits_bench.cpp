// What this machine can do at best, measured in the same minute as the rest: no node can be
// cheaper than its cryptography and its socket.
//
//   limits_bench
//
// Printed is one JSON object on one line:
//
//   cryptography, in CPU time
//     seal_ns, open_ns                 a frame through conn/comet/frame_cipher.h, in full batches
//     sodium_seal_ns, sodium_open_ns   the same bytes through libsodium
//     aead_cpu_s_per_GB                of payload, both ends, from the first two
//     keys_us                          one side of a handshake, through libsodium: two X25519
//                                      operations, a signature and a verification
//   plain TCP over loopback, two processes
//     tcp_MBps, tcp_cpu_s_per_GB       writes of 64 KiB
//     tcp_rtt_us                       there and back, 64 bytes, idle in between; the median
//     tcp_handshake_us                 CPU of one side: connect, three messages of a handshake's
//                                      sizes each way, close; eight connections in step
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conn/comet/frame_aead.h"
#include "conn/comet/frame_cipher.h"

namespace {

using namespace peerage;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

double ns_since(Clock::time_point begun) {
  return std::chrono::duration<double, std::nano>(Clock::now() - begun).count();
}

// What cryptography costs is counted in CPU, like what it is compared with: others on the machine
// take time from it, not CPU.
double cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// --- cryptography ---

struct PerFrame {
  double seal_ns = 0;
  double open_ns = 0;
};

constexpr std::size_t kBatch = conn::kMaxFramesPerWrite;
constexpr std::size_t kRounds = 12'000;

// `seal` and `open` take a buffer of kBatch frames, which the one makes and the other reads.
template <typename Seal, typename Open>
PerFrame measure_frames(Seal seal, Open open) {
  PerFrame sum;
  for (std::size_t i = 0; i < kRounds; ++i) {
    const double begun = cpu_ns();
    seal();
    const double sealed = cpu_ns();
    open();
    sum.seal_ns += sealed - begun;
    sum.open_ns += cpu_ns() - sealed;
  }
  static constexpr double kFrames = static_cast<double>(kBatch * kRounds);
  return {sum.seal_ns / kFrames, sum.open_ns / kFrames};
}

PerFrame measure_cipher() {
  conn::ByteArray<32> key{};
  conn::FrameSealer sealer{conn::FrameKey(key)};
  conn::FrameOpener opener{conn::FrameKey(key)};
  conn::Bytes buffer(kBatch * conn::kFrameSealed);
  const conn::Bytes stream(kBatch * conn::kFrameData, 0x5a);
  return measure_frames(
      [&] {
        conn::FrameWriter writer(buffer);
        writer.append(stream);
        if (!sealer.seal(writer.finish())) std::abort();
      },
      [&] {
        for (std::size_t at = 0; at < buffer.size(); at += conn::kFrameSealed) {
          if (!opener.open(conn::MutableBytes(buffer).subspan(at, conn::kFrameSealed))) {
            std::abort();
          }
        }
      });
}

PerFrame measure_sodium() {
  const std::array<std::uint8_t, 32> key{};
  const std::array<std::uint8_t, 12> nonce{};
  conn::Bytes plain(kBatch * conn::kFramePlain, 0x5a);
  conn::Bytes sealed(kBatch * conn::kFrameSealed);
  return measure_frames(
      [&] {
        for (std::size_t i = 0; i < kBatch; ++i) {
          crypto_aead_chacha20poly1305_ietf_encrypt(
              &sealed[i * conn::kFrameSealed], nullptr, &plain[i * conn::kFramePlain],
              conn::kFramePlain, nullptr, 0, nullptr, nonce.data(), key.data());
        }
      },
      [&] {
        for (std::size_t i = 0; i < kBatch; ++i) {
          if (crypto_aead_chacha20poly1305_ietf_decrypt(
                  &plain[i * conn::kFramePlain], nullptr, nullptr, &sealed[i * conn::kFrameSealed],
                  conn::kFrameSealed, nullptr, 0, nonce.data(), key.data()) != 0) {
            std::abort();
          }
        }
      });
}

double measure_keys_us() {
  static constexpr int kTimes = 3'000;
  std::array<std::uint8_t, 32> public_key{}, base{}, shared{};
  std::array<std::uint8_t, 64> secret_key{}, signature{};
  std::array<std::uint8_t, 32> message{};
  crypto_sign_keypair(public_key.data(), secret_key.data());
  const double begun = cpu_ns();
  for (int i = 0; i < kTimes; ++i) {
    if (crypto_scalarmult_base(base.data(), secret_key.data()) != 0 ||
        crypto_scalarmult(shared.data(), secret_key.data(), base.data()) != 0) {
      std::abort();
    }
    crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                         secret_key.data());
    if (crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                    public_key.data()) != 0) {
      std::abort();
    }
    message[0] = static_cast<std::uint8_t>(i);
  }
  return (cpu_ns() - begun) / 1e3 / kTimes;
}

// --- loopback ---

struct Pipe {
  int listener = -1;
  sockaddr_in at{};
};

constexpr std::size_t kTogether = 8;  // handshakes

Pipe listen_somewhere() {
  Pipe pipe;
  pipe.listener = ::socket(AF_INET, SOCK_STREAM, 0);
  pipe.at.sin_family = AF_INET;
  pipe.at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof pipe.at;
  auto* address = reinterpret_cast<sockaddr*>(&pipe.at);
  if (pipe.listener < 0 || ::bind(pipe.listener, address, size) != 0 ||
      ::listen(pipe.listener, kTogether) != 0 ||
      ::getsockname(pipe.listener, address, &size) != 0) {
    die("listen");
  }
  return pipe;
}

void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int accept_one(const Pipe& pipe) {
  const int socket = ::accept(pipe.listener, nullptr, nullptr);
  if (socket < 0) die("accept");
  send_at_once(socket);
  return socket;
}

int connect_to(const Pipe& pipe) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (socket < 0 ||
      ::connect(socket, reinterpret_cast<const sockaddr*>(&pipe.at), sizeof pipe.at) != 0) {
    die("connect");
  }
  send_at_once(socket);
  return socket;
}

void write_all(int socket, const std::uint8_t* from, std::size_t count) {
  while (count > 0) {
    const ssize_t written = ::write(socket, from, count);
    if (written <= 0) die("write");
    from += written;
    count -= static_cast<std::size_t>(written);
  }
}

// False at the end.
bool read_all(int socket, std::uint8_t* into, std::size_t count) {
  while (count > 0) {
    const ssize_t got = ::read(socket, into, count);
    if (got < 0) die("read");
    if (got == 0) return false;
    into += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

double cpu_of(int whom) {
  rusage usage{};
  ::getrusage(whom, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Runs `child` in a process of its own while `parent` runs here; the CPU that both took.
template <typename Child, typename Parent>
double in_two_processes(Child child, Parent parent) {
  const double before = cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
  const pid_t process = ::fork();
  if (process < 0) die("fork");
  if (process == 0) {
    child();
    ::_exit(0);
  }
  parent();
  int status = 0;
  if (::waitpid(process, &status, 0) != process || status != 0) die("the other process");
  return cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN) - before;
}

struct Loopback {
  double mbps = 0;
  double cpu_s_per_gb = 0;
};

Loopback measure_throughput() {
  static constexpr std::size_t kWrite = 64u << 10;
  static constexpr std::size_t kWrites = 24'000;
  static constexpr double kBytes = static_cast<double>(kWrite * kWrites);
  const Pipe pipe = listen_somewhere();
  double seconds = 0;
  const double cpu = in_two_processes(
      [&] {
        const int socket = connect_to(pipe);
        const std::vector<std::uint8_t> bytes(kWrite, 0x5a);
        for (std::size_t i = 0; i < kWrites; ++i) write_all(socket, bytes.data(), bytes.size());
        ::close(socket);
      },
      [&] {
        const int socket = accept_one(pipe);
        std::vector<std::uint8_t> bytes(kWrite);
        const auto begun = Clock::now();
        while (::read(socket, bytes.data(), bytes.size()) > 0) {
        }
        seconds = ns_since(begun) / 1e9;
        ::close(socket);
      });
  ::close(pipe.listener);
  return {kBytes / 1e6 / seconds, cpu * 1e9 / kBytes};
}

double measure_round_trip_us() {
  static constexpr std::size_t kTimes = 200;
  const Pipe pipe = listen_somewhere();
  std::vector<double> us;
  us.reserve(kTimes);
  in_two_processes(
      [&] {
        const int socket = accept_one(pipe);
        std::array<std::uint8_t, 64> bytes{};
        while (read_all(socket, bytes.data(), bytes.size())) {
          write_all(socket, bytes.data(), bytes.size());
        }
      },
      [&] {
        const int socket = connect_to(pipe);
        std::array<std::uint8_t, 64> bytes{};
        for (std::size_t i = 0; i < kTimes; ++i) {
          const auto begun = Clock::now();
          write_all(socket, bytes.data(), bytes.size());
          if (!read_all(socket, bytes.data(), bytes.size())) std::abort();
          us.push_back(ns_since(begun) / 1e3);
          std::this_thread::sleep_until(begun + 7ms);
        }
        ::close(socket);
      });
  ::close(pipe.listener);
  std::sort(us.begin(), us.end());
  return us[us.size() / 2];
}

// The messages of a handshake without what is in them: an ephemeral key, then a frame with the
// proof of the own key, then one with NodeInfo.
constexpr std::array<std::size_t, 3> kHandshakeMessages = {35, conn::kFrameSealed,
                                                           conn::kFrameSealed};

void exchange_all(const std::array<int, kTogether>& sockets) {
  conn::Bytes bytes(conn::kFrameSealed);
  for (const std::size_t size : kHandshakeMessages) {
    for (const int socket : sockets) write_all(socket, bytes.data(), size);
    for (const int socket : sockets) {
      if (!read_all(socket, bytes.data(), size)) std::abort();
    }
  }
}

double measure_handshake_us() {
  static constexpr std::size_t kTimes = 500;
  const Pipe pipe = listen_somewhere();
  const double cpu = in_two_processes(
      [&] {
        std::array<int, kTogether> sockets;
        for (std::size_t i = 0; i < kTimes; ++i) {
          for (int& socket : sockets) socket = connect_to(pipe);
          exchange_all(sockets);
          for (const int socket : sockets) ::close(socket);
        }
      },
      [&] {
        std::array<int, kTogether> sockets;
        for (std::size_t i = 0; i < kTimes; ++i) {
          for (int& socket : sockets) socket = accept_one(pipe);
          exchange_all(sockets);
          for (const int socket : sockets) {
            std::uint8_t byte = 0;
            if (read_all(socket, &byte, 1)) std::abort();
            ::close(socket);
          }
        }
      });
  ::close(pipe.listener);
  return cpu * 1e6 / (2 * kTimes * kTogether);
}

}  // namespace

int main() {
  if (sodium_init() < 0) return 1;
  PerFrame cipher, sodium;
  double keys_us = 0;
  const auto measure = [&] {
    cipher = measure_cipher();
    sodium = measure_sodium();
    keys_us = measure_keys_us();
  };
  in_two_processes(measure, measure);  // two ends are at work, and share what cores share
  const Loopback tcp = measure_throughput();
  const double round_trip_us = measure_round_trip_us();
  const double handshake_us = measure_handshake_us();
  // Of each frame's 1024 bytes of the stream about 10 are headers of packets.
  static constexpr double kPayload = static_cast<double>(conn::kFrameData) - 10;
  std::printf(
      "{\"cipher\": \"%s\", \"seal_ns\": %.1f, \"open_ns\": %.1f, \"sodium_seal_ns\": %.1f, "
      "\"sodium_open_ns\": %.1f, \"aead_cpu_s_per_GB\": %.4f, \"keys_us\": %.2f, "
      "\"tcp_MBps\": %.1f, \"tcp_cpu_s_per_GB\": %.4f, \"tcp_rtt_us\": %.2f, "
      "\"tcp_handshake_us\": %.2f}\n",
      std::string(conn::frame_aead().name()).c_str(), cipher.seal_ns, cipher.open_ns,
      sodium.seal_ns, sodium.open_ns, (cipher.seal_ns + cipher.open_ns) / kPayload, keys_us,
      tcp.mbps, tcp.cpu_s_per_gb, round_trip_us, handshake_us);
  return 0;
}
