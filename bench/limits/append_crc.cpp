// The limit of a journal append: 64 bytes and their CRC32C, copied to the end of a mapped 64 MiB
// file on tmpfs. No sequence, no reader, no wrap-around inside a record. A sample is the mean of
// 1,000.
#include "bench/limits/limit.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace {

using namespace levi::limit;

constexpr std::size_t kBytes = 64u << 20;
constexpr std::size_t kBody = 64;
constexpr int kAppends = 1000;

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc(const unsigned char* data) {
  std::uint64_t value = ~0u;
  for (std::size_t i = 0; i < kBody; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data + i, 8);
    value = _mm_crc32_u64(value, word);
  }
  return ~static_cast<std::uint32_t>(value);
}
#else
std::uint32_t crc(const unsigned char* data) {
  std::uint32_t value = ~0u;
  for (std::size_t i = 0; i < kBody; ++i) {
    value ^= data[i];
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0x82f63b78u : value >> 1;
  }
  return ~value;
}
#endif

unsigned char* map_file() {
  char path[] = "/dev/shm/levi-limit.XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0 || unlink(path) != 0 || posix_fallocate(fd, 0, kBytes) != 0) std::exit(1);
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (memory == MAP_FAILED) std::exit(1);
  // Populated is not yet touched: under a hypervisor the first write to a page costs microseconds.
  std::memset(memory, 1, kBytes);
  return static_cast<unsigned char*>(memory);
}

}  // namespace

int main(int argc, char** argv) {
  unsigned char* file = map_file();
  unsigned char body[kBody];
  std::memset(body, 7, sizeof body);
  std::size_t position = 0;
  return run("append_crc", 2000, argc, argv, [&] {
    const std::int64_t begin = now_ns();
    for (int i = 0; i < kAppends; ++i) {
      if (position + 8 + kBody > kBytes) position = 0;
      body[0] = static_cast<unsigned char>(i);
      const std::uint64_t head = std::uint64_t{crc(body)} << 32 | (8 + kBody);
      std::memcpy(file + position + 8, body, kBody);
      reinterpret_cast<std::atomic<std::uint64_t>*>(file + position)
          ->store(head, std::memory_order_release);
      position += 8 + kBody;
    }
    return (now_ns() - begin) / kAppends;
  });
}
