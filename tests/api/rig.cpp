#include "tests/api/rig.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace levi::test {
namespace {

using machine::AnswerCode;

journal::Options journal_options(std::uint32_t incarnation, std::size_t ring_bytes) {
  journal::Options options;
  options.ring_bytes = ring_bytes;
  options.segment_bytes = 1u << 20;
  options.identity =
      journal::Identity{InstanceId("abcdefg"), {incarnation}, incarnation == 1, false, {}};
  return options;
}

}  // namespace

FakeCore::FakeCore(const journal::Paths& paths, latch::Latch& latch, std::uint32_t incarnation,
                   std::size_t ring_bytes)
    : incarnation_(incarnation), latch_(latch), now_(os::wall_now()), worker_([this] { run(); }) {
  const journal::Options options = journal_options(incarnation, ring_bytes);
  const auto recovered = journal::replay(
      paths, options, {[](auto, auto, auto) { return ok(); }, [](const auto&) { return ok(); }});
  LEVI_CHECK(recovered);
  auto writer = journal::Writer::open(paths, options, recovered.value(), {incarnation});
  LEVI_CHECK(writer);
  writer_ = std::make_unique<journal::Writer>(std::move(writer.value()));
  port.wake_trading_ = [this] { worker_.wake(); };
}

FakeCore::~FakeCore() { port.wake_trading_ = nullptr; }

void FakeCore::apply(std::vector<machine::Event> events) {
  const std::lock_guard lock(mutex_);
  for (const machine::Event& event : events) apply_locked(event);
}

void FakeCore::apply_locked(const machine::Event& event) {
  now_ += 1ms;
  LEVI_CHECK(machine::check(event));
  const auto sequence =
      writer_->append(machine::event_type(event), machine::event_bytes(event), now_);
  LEVI_CHECK(sequence.value != 0);
  effects_.clear();
  machine_.step(event, now_, effects_);
}

void FakeCore::start() {
  machine::Started started;
  started.incarnation = {incarnation_};
  started.instance = "abcdefg";
  started.wall_ns = now_.ns;
  started.mono_ns = os::mono_now().ns;
  started.latch_word = latch_.load().raw;
  std::vector<machine::Event> events{started, machine::Limits{}};
  for (const SymbolId symbol : {kBtc, kEth}) {
    machine::InstrumentDefined instrument;
    instrument.symbol = symbol;
    instrument.name = symbol == kBtc ? "BTCUSDT" : "ETHUSDT";
    instrument.price_exponent = 2;
    instrument.quantity_exponent = 6;
    instrument.quantity_min = {10};
    events.push_back(instrument);
    machine::EngineDefined engine;
    engine.engine = {symbol.value};
    engine.symbol = symbol;
    engine.name = symbol == kBtc ? "mm-btc" : "mm-eth";
    engine.strategy = "quoter";
    events.push_back(engine);
  }
  events.push_back(machine::ReconcileStarted{});
  events.push_back(machine::ReconcileDone{});
  machine::FeedUp feed;
  feed.source = machine::kPrivateSource;
  events.push_back(feed);
  apply(std::move(events));
  machine::EngineUp up;
  up.engine_incarnation = read([](const auto& state) { return state.engines[0].incarnation; });
  up.pid = getpid();
  apply(up);
  tops(1);
}

void FakeCore::tops(int count) {
  for (int i = 0; i < count; ++i) {
    machine::TopOfBook top;
    top.version = ++version_;
    top.bid_price = {50'000'00};
    top.ask_price = {50'001'00};
    top.bid_quantity = top.ask_quantity = {1'000'000};
    apply(top);
  }
}

OrderSequence FakeCore::open_order(Side side, std::int64_t price, std::int64_t quantity) {
  tops(1);
  machine::Intent intent;
  const std::lock_guard lock(mutex_);
  const machine::Engine& engine = machine_.state().engines[0];
  intent.engine_incarnation = engine.incarnation;
  intent.intent_number = engine.intents_seen + 1;
  intent.tag = static_cast<std::uint32_t>(intent.intent_number);
  intent.side = side;
  intent.price = {price};
  intent.quantity = {quantity};
  intent.tick_instant = now_;
  apply_locked(intent);
  for (const machine::Effect& effect : effects_) {
    const auto* sent = std::get_if<machine::SendOrder>(&effect);
    if (sent == nullptr) continue;
    const OrderSequence sequence = sent->sequence;
    apply_locked(machine::VenueAck{sequence, "V" + std::to_string(sequence.value)});
    return sequence;
  }
  return {};
}

void FakeCore::fill(OrderSequence sequence, std::int64_t quantity, const std::string& trade) {
  const std::lock_guard lock(mutex_);
  const machine::Order& order = machine_.state().orders.at(sequence.value);
  machine::VenueFill fill;
  fill.sequence = sequence;
  fill.symbol = order.symbol;
  fill.side = order.side;
  fill.price = order.price;
  fill.quantity = {quantity};
  fill.trade = trade;
  fill.fee = {1500};
  fill.incarnation = order.incarnation;
  apply_locked(fill);
}

void FakeCore::hang(bool on) {
  hanging_ = on;
  worker_.wake();
}

std::vector<machine::Command> FakeCore::commands() {
  const std::lock_guard lock(mutex_);
  return commands_;
}

std::vector<machine::ChaosMark> FakeCore::marks() {
  const std::lock_guard lock(mutex_);
  return marks_;
}

std::string FakeCore::snapshot() {
  const std::lock_guard lock(mutex_);
  return machine_.serialize();
}

RecordSequence FakeCore::last() {
  const std::lock_guard lock(mutex_);
  return writer_->last();
}

Instant FakeCore::last_instant() {
  const std::lock_guard lock(mutex_);
  return now_;
}

void FakeCore::run() {
  while (!hanging_) {
    const auto event = port.next_command();
    if (!event) return;
    obey(*event);
  }
}

void FakeCore::look_at_latch() {
  const latch::Word word = latch_.load();
  if (word.raw == machine_.state().latch_word) return;
  machine::LatchSeen seen;
  seen.word = word.raw;
  seen.sequence_last = latch_.last_sequence();
  seen.holders_new = word.holders() & ~machine_.state().latch().holders();
  for (unsigned i = 0; i < static_cast<unsigned>(latch::Holder::kCount); ++i) {
    const latch::SlotText slot = latch_.slot_text(static_cast<latch::Holder>(i));
    if (slot.epoch == word.epoch()) seen.actor = slot.actor;
  }
  apply_locked(seen);
}

void FakeCore::obey(const machine::Event& event) {
  const std::lock_guard lock(mutex_);
  look_at_latch();
  apply_locked(event);
  if (const auto* mark = std::get_if<machine::ChaosMark>(&event)) marks_.push_back(*mark);
  if (const auto* command = std::get_if<machine::Command>(&event)) commands_.push_back(*command);
  std::uint64_t granted = 0;
  for (const machine::Effect& effect : effects_) {
    if (const auto* grant = std::get_if<machine::GrantFlatten>(&effect))
      granted = grant->orders_max;
  }
  for (const machine::Effect& effect : effects_) {
    if (const auto* reply = std::get_if<machine::Answer>(&effect)) {
      answer(reply->request, reply->code, reply->text.view(), granted);
    } else if (const auto* open = std::get_if<machine::OpenLatch>(&effect)) {
      const auto released = latch_.release(static_cast<latch::Holder>(open->holder), open->epoch);
      answer(open->request, released ? AnswerCode::kDone : AnswerCode::kConflict,
             released ? "released" : "the epoch moved on");
    }
  }
}

void FakeCore::answer(std::uint64_t request, AnswerCode code, std::string_view text,
                      std::uint64_t granted) {
  control::CommandAnswer answer;
  answer.request = request;
  answer.code = code;
  answer.text = text;
  answer.latch_word = latch_.load().raw;
  answer.granted = granted;
  port.answer(answer);
}

ApiRig::ApiRig(api::ApiOptions options, std::function<void(ApiRig&)> before_start,
               std::size_t ring_bytes)
    : latch_(open_latch(memory_)),
      options_(std::move(options)),
      paths{memory_ / "journal.ring", disk_ / "journal"},
      core(paths, latch_, 1, ring_bytes) {
  options_.endpoint = {.host = "127.0.0.1", .port = 0, .path = {}};
  options_.data_folder = disk_.path();
  options_.store_path = store_path();
  options_.journal = paths;
  options_.facts.name = "rig";
  options_.facts.environment = "test";
  options_.facts.incarnation = 1;
  control::fill_own_identity(options_.facts);
  if (before_start) before_start(*this);
  start_server();
}

latch::Latch ApiRig::open_latch(const TempFolder& folder) {
  auto latch = latch::Latch::create(latch::latch_path(folder.path()));
  LEVI_CHECK(latch && latch.value().release(latch::Holder::kNewInstance, 0));
  return std::move(latch.value());
}

void ApiRig::start_server() {
  auto started =
      api::ApiServer::start(options_, {core.snapshot(), core.last()}, core.ring(),
                            {status, core.port, latch_, control_audit, [this] { ++aborts; }});
  if (!started) std::fprintf(stderr, "%s\n", started.error().text().c_str());
  LEVI_CHECK(started);
  server = std::move(started.value());
}

void ApiRig::restart() {
  server->stop();
  server.reset();
  start_server();
}

json ApiRig::get(const std::string& target, int status_wanted) {
  const HttpAnswer answer = connect().get(target);
  EXPECT_EQ(answer.status, status_wanted) << target << "\n" << answer.head << answer.body;
  return json::parse(answer.body, nullptr, false);
}

json ApiRig::post(const std::string& target, const std::string& body, int status_wanted) {
  const HttpAnswer answer = connect().post(target, body);
  EXPECT_EQ(answer.status, status_wanted) << target << "\n" << answer.head << answer.body;
  return json::parse(answer.body, nullptr, false);
}

void ApiRig::wait_audited(std::uint64_t count) {
  for (std::uint64_t seen = 0; (seen = status.audit_lines) < count;) status.audit_lines.wait(seen);
}

std::vector<json> ApiRig::audit_lines() const {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(audit_folder()))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<json> lines;
  for (const auto& file : files) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);)
      lines.push_back(json::parse(line, nullptr, false));
  }
  return lines;
}

StreamPeer::StreamPeer(HttpPeer peer, const std::string& target, const std::string& headers)
    : peer_(std::move(peer)) {
  peer_.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
  std::string& buffer = peer_.buffered();
  std::size_t end = 0;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!peer_.read_more()) return;
  }
  status_ = std::atoi(buffer.c_str() + 9);
  buffer.erase(0, end + 4);
}

bool StreamPeer::read_chunk() {
  std::string& buffer = peer_.buffered();
  while (true) {
    const std::size_t line = buffer.find("\r\n");
    if (line != std::string::npos) {
      const std::size_t size = std::strtoul(buffer.c_str(), nullptr, 16);
      if (buffer.size() >= line + 2 + size + 2) {
        text_ += buffer.substr(line + 2, size);
        buffer.erase(0, line + 2 + size + 2);
        ended_ = size == 0;
        return size != 0;
      }
    }
    if (!peer_.read_more()) {
      ended_ = true;
      return false;
    }
  }
}

std::optional<StreamEvent> StreamPeer::next() {
  while (true) {
    const std::size_t end = text_.find("\n\n");
    if (end == std::string::npos) {
      if (!read_chunk()) return std::nullopt;
      continue;
    }
    const std::string block = text_.substr(0, end);
    text_.erase(0, end + 2);
    StreamEvent event;
    std::istringstream lines(block);
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("id: ", 0) == 0) event.id = line.substr(4);
      if (line.rfind("event: ", 0) == 0) event.type = line.substr(7);
      if (line.rfind("data: ", 0) == 0) event.data = json::parse(line.substr(6), nullptr, false);
    }
    if (!event.type.empty()) return event;  // else a comment
  }
}

}  // namespace levi::test
