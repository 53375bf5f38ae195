// noop: passes everything. The smallest toxic there is.
#include "chaos/proxy/toxic.h"

namespace levi::proxy {
namespace {

class Noop final : public Toxic {
  Verdict on_chunk(const Chunk&, const Setting&) override { return {}; }
};

}  // namespace

extern const ToxicType toxic_noop;
const ToxicType toxic_noop{
    .name = "noop", .go_name = "NoopToxic", .fields = {}, .make = make_toxic<Noop>};

}  // namespace levi::proxy
