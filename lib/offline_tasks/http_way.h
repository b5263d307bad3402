// By a signed POST to processors behind a load balancer: strategy `http`. The wire format and what
// each answer means: http_wire.h. Private to this room. Source: Boost.Beast.
#pragma once

#include <memory>
#include <string>

#include "offline_tasks/way.h"

namespace daemonz::offline_tasks {

/// http://HOST[:PORT][/PATH], in parts. Throws Error that shows what is allowed.
struct HttpTarget {
  std::string host;  ///< without the brackets of an IPv6 address
  std::uint16_t port = 80;
  std::string path = "/offline_tasks";
  [[nodiscard]] static HttpTarget parse(const std::string& url);
};

/// One connection per try: the balancer chooses a processor for each. Threads: any.
class HttpWay final : public Way {
 public:
  /// Checks the URL and looks the host up (throws Error). A name is looked up again when nothing
  /// could be reached for lookup_again: that may take the resolver's own time.
  explicit HttpWay(const std::string& url);
  ~HttpWay() override;

  [[nodiscard]] std::string_view name() const override { return "http"; }
  [[nodiscard]] bool is_remote() const override { return true; }
  broker::PushResult take(const Parcel& parcel, Milliseconds patience) override;

 private:
  struct Addresses;
  const HttpTarget target_;
  std::unique_ptr<Addresses> addresses_;
};

}  // namespace daemonz::offline_tasks
