# `levictl proxy …`, with levi-proxy itself inside.
levi_library(levi_proxy_cli
  SOURCES proxy_calls.cpp proxy_cli.cpp
  DEPS levi_cli levi_proxy CLI11::CLI11 nlohmann_json::nlohmann_json)
