#include "chaos/proxy/metrics.h"

#include <sys/resource.h>

#include <cstdlib>
#include <string_view>

#include "core/base/version.h"
#include "core/os/file.h"

namespace levi::proxy {
namespace {

std::string label(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text + '"';
}

void append_counter(std::string& text, const Proxies& proxies, const char* name, const char* help,
                    bool sent) {
  text += std::string("# HELP ") + name + ' ' + help + "\n# TYPE " + name + " counter\n";
  for (const auto& [proxy_name, proxy] : proxies.all()) {
    const ByteCounters& counters = proxy->counters();
    for (const int direction : {1, 0}) {
      const std::uint64_t bytes = (sent ? counters.sent : counters.received)[direction];
      text += std::string(name) + "{direction=\"" + (direction == 0 ? "upstream" : "downstream") +
              "\",listener=" + label(proxy->listen()) + ",proxy=" + label(proxy_name) +
              ",upstream=" + label(proxy->upstream()) + "} " + std::to_string(bytes) + '\n';
    }
  }
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void append_value(std::string& text, const char* name, const char* kind, const char* help,
                  double value) {
  text += std::string("# HELP ") + name + ' ' + help + "\n# TYPE " + name + ' ' + kind + "\n" +
          name + ' ' + std::to_string(value) + '\n';
}

void append_gauge(std::string& text, const char* name, const char* help, std::uint64_t value) {
  text += std::string("# HELP ") + name + ' ' + help + "\n# TYPE " + name + " gauge\n" + name +
          ' ' + std::to_string(value) + '\n';
}

// "VmRSS:     1234 kB" of /proc/self/status.
std::uint64_t status_kilobytes(const std::string& status, std::string_view field) {
  const std::size_t at = status.find(field);
  if (at == std::string::npos) return 0;
  return std::strtoull(status.c_str() + at + field.size(), nullptr, 10);
}

}  // namespace

void append_proxy_metrics(std::string& text, const Proxies& proxies) {
  append_counter(text, proxies, "toxiproxy_proxy_received_bytes_total",
                 "The total number of bytes received on a given proxy link in a given direction",
                 false);
  append_counter(text, proxies, "toxiproxy_proxy_sent_bytes_total",
                 "The total number of bytes sent on a given proxy link in a given direction", true);
}

void append_runtime_metrics(std::string& text, const Proxies& proxies) {
  const auto status = os::read_file("/proc/self/status");
  const std::string all = status ? status.value() : std::string();
  append_gauge(text, "process_resident_memory_bytes", "Resident memory size in bytes.",
               status_kilobytes(all, "VmRSS:") * 1024);
  append_gauge(text, "process_virtual_memory_bytes", "Virtual memory size in bytes.",
               status_kilobytes(all, "VmSize:") * 1024);
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  append_value(text, "process_cpu_seconds_total", "counter",
               "Total user and system CPU time spent in seconds.",
               seconds(used.ru_utime) + seconds(used.ru_stime));
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  append_gauge(text, "process_max_fds", "Maximum number of open file descriptors.", limit.rlim_cur);
  const auto open = os::list_folder("/proc/self/fd");
  append_gauge(text, "process_open_fds", "Number of open file descriptors.",
               open ? open.value().size() : 0);
  append_gauge(text, "levi_proxy_proxies", "Number of proxies.", proxies.all().size());
  append_gauge(text, "levi_proxy_connections", "Number of open connections.",
               proxies.connection_count());
  text += "# HELP levi_proxy_build_info Which build this is.\n# TYPE levi_proxy_build_info gauge\n";
  text += "levi_proxy_build_info{version=" + label(kBuild) + "} 1\n";
}

}  // namespace levi::proxy
