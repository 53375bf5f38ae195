// A chain of toxics without a socket: what goes in, when, and what comes out, when.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "chaos/proxy/chain.h"
#include "chaos/proxy/codec.h"
#include "chaos/proxy/json_value.h"

namespace levi::proxy {

constexpr MonoTime at_ms(std::int64_t ms) { return {ms * 1'000'000}; }

// A toxic as the API would make it.
inline ToxicEntry toxic(const std::string& json, std::uint64_t id = 1) {
  const auto value = read_json(json);
  EXPECT_TRUE(value);
  auto entry = read_toxic(value.value(), [](const std::string&) { return false; });
  EXPECT_TRUE(entry) << (entry ? "" : entry.error().text());
  entry.value().id = id;
  entry.value().begun = true;
  return std::move(entry).value();
}

class ChainRig final : public ChainSink {
 public:
  explicit ChainRig(Direction direction = Direction::kDownstream) : chain_(direction, *this) {}

  void add(const std::string& json, bool live = false, std::uint64_t seed = 7) {
    entries_.push_back(std::make_unique<ToxicEntry>(toxic(json, entries_.size() + 1)));
    chain_.add(*entries_.back(), seed, {.now = now_, .live = live, .websocket = websocket});
  }
  void update(std::size_t index, const std::string& json) {
    entries_[index]->values = toxic(json).values;
    chain_.update(*entries_[index], {.now = now_, .websocket = websocket});
  }
  void remove(std::size_t index) { chain_.remove(*entries_[index], now_); }

  void send(const std::string& bytes) { chain_.push({.bytes = bytes, .at = now_}, now_); }
  void send(Item item) { chain_.push(std::move(item), now_); }
  void end() { chain_.push({.bytes = {}, .at = now_, .ending = Ending::kEndOfStream}, now_); }
  // Lets the time come, with every deadline on the way met exactly.
  void go_to(MonoTime time) {
    for (MonoTime next = chain_.next_deadline(); next <= time; next = chain_.next_deadline()) {
      now_ = std::max(now_, next);
      chain_.advance(now_);
    }
    now_ = time;
  }
  MonoTime now() const { return now_; }

  // "0:ab 100:cd 200:EOF" — milliseconds, then what came out; FIN and RST for the endings.
  bool websocket = false;  // what a toxic that comes now is told
  std::string log() const { return log_; }
  std::string bytes() const { return bytes_; }
  std::vector<std::size_t> sizes() const { return sizes_; }
  std::size_t dropped() const { return dropped_; }
  std::string answers() const { return answers_; }
  std::vector<Nanos> asked() const { return asked_; }
  Chain& chain() { return chain_; }

 private:
  void note(const std::string& what) {
    if (!log_.empty()) log_ += ' ';
    log_ += std::to_string(now_.ns / 1'000'000) + ':' + what;
  }
  void on_item(Item item) override {
    if (item.ending == Ending::kNone) {
      bytes_ += item.bytes;
      sizes_.push_back(item.bytes.size());
      note(item.bytes.size() > 40 ? std::to_string(item.bytes.size()) : item.bytes);
    } else {
      note(item.ending == Ending::kEndOfStream ? "EOF"
           : item.ending == Ending::kClose     ? "FIN"
                                               : "RST");
    }
  }
  void on_reset() override { note("RST"); }
  void on_answer(const Message*, std::string answer, bool close) override {
    answers_ += answer;
    if (close) answers_ += "|close";
  }
  void on_delayed(const ToxicEntry&, Nanos asked, Nanos achieved) override {
    EXPECT_GE(achieved, asked);
    asked_.push_back(asked);
  }
  void on_dropped(const ToxicEntry&, std::size_t bytes) override { dropped_ += bytes; }

  std::vector<std::unique_ptr<ToxicEntry>> entries_;
  Chain chain_;
  MonoTime now_ = at_ms(0);
  std::string log_;
  std::string bytes_;
  std::vector<std::size_t> sizes_;
  std::size_t dropped_ = 0;
  std::string answers_;
  std::vector<Nanos> asked_;
};

}  // namespace levi::proxy
