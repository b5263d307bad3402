#include "supervisor/host_lookup.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/eventfd.h>

#include <cstring>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/error.h"

namespace daemonz::supervisor {
namespace {

Addresses addresses_of(const std::string& host, const std::string& port, int flags) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found) != 0) return {};
  Addresses addresses;
  for (const auto* one = found; one; one = one->ai_next) {
    Address address{.size = one->ai_addrlen};
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  return addresses;
}

}  // namespace

struct HostLookup::Shared {
  UniqueFd done{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};  // readable for ever after
  std::mutex mutex;                                         // of what follows
  bool is_done = false;
  Addresses found;

  static std::shared_ptr<Shared> begin(const std::string& host, const std::string& port) {
    static std::map<std::pair<std::string, std::string>, std::weak_ptr<Shared>> under_way;
    auto& known = under_way[{host, port}];  // as many as the configuration has names
    if (auto shared = known.lock()) {
      const std::lock_guard lock(shared->mutex);
      if (!shared->is_done) return shared;
    }
    auto shared = std::make_shared<Shared>();
    if (!shared->done.is_open()) throw_errno("cannot make an eventfd");
    try {
      std::thread([shared, host, port] { shared->look_up(host, port); }).detach();
    } catch (const std::system_error&) {
      shared->tell({});
    }
    known = shared;
    return shared;
  }

  void look_up(const std::string& host, const std::string& port) {
    tell(addresses_of(host, port, AI_ADDRCONFIG));
  }

  void tell(Addresses addresses) {
    const std::lock_guard lock(mutex);
    found = std::move(addresses);
    is_done = true;
    ::eventfd_write(done.get(), 1);
  }
};

std::optional<Addresses> numeric_addresses(const std::string& host, const std::string& port) {
  auto addresses = addresses_of(host, port, AI_NUMERICHOST | AI_NUMERICSERV);
  return addresses.empty() ? std::nullopt : std::optional(std::move(addresses));
}

// A descriptor of its own: the loop watches each only once.
HostLookup::HostLookup(Loop& loop, const std::string& host, const std::string& port,
                       std::function<void(Addresses)> found)
    : shared_(Shared::begin(host, port)), done_(::fcntl(shared_->done.get(), F_DUPFD_CLOEXEC, 0)) {
  if (!done_.is_open()) throw_errno("cannot wait for the address of a host", host);
  watch_ = loop.when_readable(done_.get(), [this, found = std::move(found)] {
    watch_.cancel();
    Addresses addresses;
    {
      const std::lock_guard lock(shared_->mutex);
      addresses = shared_->found;
    }
    const auto call = found;  // copied: the owner may end this object in the call
    call(std::move(addresses));
  });
}

}  // namespace daemonz::supervisor
