// GET /docs and GET /.
#include "core/api/docs.h"

#include "core/api/api.h"
#include "core/base/version.h"

namespace levi::api::docs {

void index(Api& api, const CallPtr& call) {
  Json paths = Json::array({"POST /live/kill"});
  for (const Route& route : routes()) paths.push_back(std::string(route.method) + " " + route.path);
  call->answer(Json{{"service", "levid"},
                    {"name", api.options().facts.name},
                    {"version", kVersion},
                    {"build", kBuild},
                    {"docs", "/docs"},
                    {"paths", std::move(paths)}});
}

void page(Api&, const CallPtr& call) {
  os::HttpResponse response;
  response.content_type = "text/markdown; charset=utf-8";
  response.body = kApiPage;
  call->status = 200;
  call->reply->send(response);
}

}  // namespace levi::api::docs
