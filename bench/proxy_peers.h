// HAProxy and nginx stream beside levi-proxy, where they are installed: each a process of ours in
// front of the same upstream, one thread, pinned as the proxies are, gone with the object.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/proxy_stage.h"

namespace levi::bench {

inline bool is_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

class ProxyPeer {
 public:
  const std::string name;
  std::string missing;  // why it is not measured
  int port = 0;

  ProxyPeer(std::string name_given, int upstream_port) : name(std::move(name_given)) {
    for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/"}) {
      if (program_.empty() && is_file(folder + name)) program_ = folder + name;
    }
    if (program_.empty()) {
      missing = name + " is not installed";
      return;
    }
    auto free = os::listen_on(os::parse_endpoint("127.0.0.1:0").value());
    LEVI_CHECK(free);
    port = os::local_port(free.value().get()).value();
    free.value().reset();
    start(name == "nginx" ? nginx(upstream_port) : haproxy(upstream_port));
  }
  ~ProxyPeer() {
    if (!child_) return;
    (void)child_->kill(SIGKILL);
    (void)child_->wait(10s);
  }
  ProxyPeer(const ProxyPeer&) = delete;
  ProxyPeer& operator=(const ProxyPeer&) = delete;

 private:
  std::vector<std::string> haproxy(int upstream_port) {
    write("haproxy.cfg",
          "global\n  maxconn 4000\n  nbthread 1\ndefaults\n  mode tcp\n  timeout connect 5s\n"
          "  timeout client 60s\n  timeout server 60s\nlisten bench\n  bind 127.0.0.1:" +
              std::to_string(port) + "\n  server up 127.0.0.1:" + std::to_string(upstream_port) +
              "\n");
    return {"-db", "-q", "-f", folder_ / "haproxy.cfg"};
  }
  std::vector<std::string> nginx(int upstream_port) {
    // Debian keeps it apart; elsewhere it is compiled in.
    const std::string module = "/usr/lib/nginx/modules/ngx_stream_module.so";
    const std::string load = is_file(module) ? "load_module " + module + ";\n" : std::string();
    write("nginx.conf", load + "daemon off;\nmaster_process off;\npid " + (folder_ / "pid") +
                            ";\nerror_log stderr;\nevents { worker_connections 4000; }\n"
                            "stream { server { listen 127.0.0.1:" +
                            std::to_string(port) +
                            "; proxy_pass 127.0.0.1:" + std::to_string(upstream_port) + "; } }\n");
    return {"-p", folder_.path(), "-c", folder_ / "nginx.conf"};
  }
  void write(const std::string& file, const std::string& text) {
    LEVI_CHECK(os::write_file_atomic(folder_ / file, text));
  }
  void start(std::vector<std::string> arguments) {
    os::SpawnOptions options;
    options.program = program_;
    options.arguments = std::move(arguments);
    options.stdout_path = folder_ / "out";
    options.stderr_path = folder_ / "err";
    options.parent_death_signal = SIGKILL;
    auto child = os::Child::spawn(options);
    LEVI_CHECK(child);
    child_ = std::make_unique<os::Child>(std::move(child).value());
    pin(child_->pid(), kProxyCpu);
    const MonoTime deadline = os::mono_now() + 10s;
    const os::Endpoint endpoint{"127.0.0.1", static_cast<std::uint16_t>(port), {}};
    while (os::mono_now() < deadline && !child_->wait(10ms)) {
      if (os::connect_blocking(endpoint, 1s)) return;
    }
    missing = name + " does not start here";
  }

  test::TempFolder folder_;
  std::string program_;
  std::unique_ptr<os::Child> child_;
};

}  // namespace levi::bench
