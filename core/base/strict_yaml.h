// StrictYaml: reads a YAML mapping where every key must be known, and every error names file, line,
// what was expected and what to do. Exceptions of yaml-cpp stay inside. Anchors and aliases are
// followed; documents are limited to 1 MiB.
//
//   LEVI_TRY(root, YamlDocument::parse(text, "levid.yaml"));
//   options.name = root.text("name", "levid");           // optional, with a default
//   options.port = root.integer("port", 1, 65535, 8000);
//   LEVI_TRY_STATUS(root.finish());                       // the first error, or the first unknown
//   key
//
// Getters do not fail at once: the first error is kept in the document and returned by `finish`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/instant.h"
#include "core/base/result.h"

namespace levi {

class YamlMap {
 public:
  ~YamlMap();
  YamlMap(YamlMap&&) noexcept;
  YamlMap& operator=(YamlMap&&) noexcept;

  bool has(const char* key) const;
  int line() const;  // of the mapping, from 1

  // Required where no fallback is given.
  std::string text(const char* key);
  std::string text(const char* key, std::string fallback);
  std::int64_t integer(const char* key, std::int64_t min, std::int64_t max);
  std::int64_t integer(const char* key, std::int64_t min, std::int64_t max, std::int64_t fallback);
  bool boolean(const char* key, bool fallback);
  Nanos duration(const char* key, Nanos fallback);  // "250ms", "5s", "2m", "1h", "200us"
  std::string choice(const char* key, const std::vector<std::string>& allowed,
                     std::string fallback);
  std::vector<std::string> texts(
      const char* key);  // a scalar or a list of scalars; empty if absent
  // A decimal as the text that stands in the file ("200", "0.001"), for parse_decimal; empty if
  // absent.
  std::string decimal(const char* key, std::string fallback);

  // Visits the mapping under `key`, or each mapping of the list under `key`; absent: not called.
  // Unknown keys inside are reported by this map's document at `finish`.
  void map(const char* key, const std::function<void(YamlMap&)>& visit);
  void list(const char* key, const std::function<void(YamlMap&)>& visit);
  // Visits every key and scalar of the mapping under `key`: for free-form parameters.
  void scalars(const char* key,
               const std::function<void(const std::string& name, const std::string& value)>& visit);

  // Reports an error of the caller's own at this key's line.
  void fail(const char* key, const std::string& problem, const std::string& fix = {});
  // All keys known so far are those asked for: anything else is an error that names the nearest
  // known key.
  Status finish();

 private:
  friend class YamlDocument;
  struct Impl;
  explicit YamlMap(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class YamlDocument {
 public:
  static Result<YamlMap> parse(std::string_view text,
                               const std::string& file_name);  // text of a file already read
};

Result<Nanos> parse_duration(std::string_view text);
std::string format_duration(Nanos duration);  // "1.5s", "250ms", "31us"

}  // namespace levi
