#include "broker/memcache_link.h"

#include <libmemcached/memcached.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "base/check.h"
#include "base/error.h"
#include "broker/own_socket.h"

namespace daemonz::broker {
namespace {

void choose(memcached_st* library, memcached_behavior_t behavior, std::uint64_t value) {
  if (const auto code = memcached_behavior_set(library, behavior, value); memcached_failed(code))
    throw Error("libmemcached refuses behaviour " + std::to_string(behavior) + ": " +
                memcached_strerror(library, code));
}

memcached_st* make(const Address& address, const Options& options) {
  memcached_st* library = memcached_create(nullptr);
  if (!library) throw Error("cannot make a libmemcached handle: out of memory");
  const auto microseconds = static_cast<std::uint64_t>(options.answer_timeout.count()) * 1000;
  choose(library, MEMCACHED_BEHAVIOR_VERIFY_KEY, 1);   // a blank in a key desynchronises the stream
  choose(library, MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1);  // gets: shows the delivery id
  choose(library, MEMCACHED_BEHAVIOR_TCP_NODELAY, 1);
  choose(library, MEMCACHED_BEHAVIOR_TCP_KEEPALIVE, 1);
  choose(library, MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT,
         static_cast<std::uint64_t>(options.connect_timeout.count()));
  choose(library, MEMCACHED_BEHAVIOR_SND_TIMEOUT, microseconds);
  choose(library, MEMCACHED_BEHAVIOR_RCV_TIMEOUT, microseconds);
  choose(library, MEMCACHED_BEHAVIOR_RETRY_TIMEOUT, 0);  // back at once when the server is back
  choose(library, MEMCACHED_BEHAVIOR_DEAD_TIMEOUT, 0);
  const auto code = address.is_unix()
                        ? memcached_server_add_unix_socket(library, address.socket_path.c_str())
                        : memcached_server_add(library, address.host.c_str(), address.port);
  if (memcached_failed(code)) {
    const std::string why = memcached_strerror(library, code);
    memcached_free(library);
    throw Error("libmemcached refuses the server's address: " + why);
  }
  return library;
}

Reply reply_of(memcached_return_t code) {
  switch (code) {
    case MEMCACHED_SUCCESS:
    case MEMCACHED_STORED:
    case MEMCACHED_DELETED: return Reply::done;
    case MEMCACHED_DATA_EXISTS: return Reply::exists;
    case MEMCACHED_NOTSTORED: return Reply::not_stored;
    case MEMCACHED_NOTFOUND:
    case MEMCACHED_END: return Reply::not_found;
    case MEMCACHED_CLIENT_ERROR:
    case MEMCACHED_ERROR:
    case MEMCACHED_PROTOCOL_ERROR: return Reply::client_error;
    case MEMCACHED_SERVER_ERROR: return Reply::server_error;
    case MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE: return Reply::no_memory;
    case MEMCACHED_E2BIG: return Reply::too_large;
    default: return Reply::broken;
  }
}

}  // namespace

MemcacheLink::MemcacheLink(const Options& options)
    : options_(options), address_(parse_url(options.url)), pid_(::getpid()) {}

MemcacheLink::~MemcacheLink() {
  if (!library_) return;
  // In a forked child the connection is the parent's: freeing would say "quit" over it. Leaked.
  if (pid_ == ::getpid()) memcached_free(library_);
}

memcached_st* MemcacheLink::made() {
  DAEMONZ_CHECK(pid_ == ::getpid(), "a broker connection was used in a forked child");
  if (!library_) library_ = make(address_, options_);
  return library_;
}

/// The server may have closed the connection since the last command; to notice before the next one
/// is sent keeps that one from an unknown outcome.
bool MemcacheLink::has_peer() const {
  if (!socket_.is_open()) return true;  // not known
  pollfd state{.fd = socket_.get(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&state, 1, 0) == 0;
}

std::string MemcacheLink::last_words(const char* otherwise) const {
  const char* words = library_ ? memcached_last_error_message(library_) : nullptr;
  if (!words || !*words) return otherwise;
  // "(0x55..) WHAT HAPPENED,  host: HOST:PORT -> ./src/FILE:LINE": a person wants the middle.
  std::string_view text = words;
  if (text.starts_with("(0x")) text.remove_prefix(std::min(text.size(), text.find(") ") + 2));
  text = text.substr(0, text.find(" -> "));
  if (const auto host = text.find(", "); text.find("host: ") != std::string_view::npos)
    text = text.substr(0, host);
  return std::string(text);
}

void MemcacheLink::disconnect() {
  is_connected_ = false;
  if (library_) memcached_quit(library_);
  const std::lock_guard lock(socket_mutex_);
  socket_.reset();
}

/// The first words of a connection: it makes one, and says who we are where the server asks.
int MemcacheLink::log_in(memcached_st* library) const {
  constexpr std::string_view key = "auth";
  const auto& login = address_.login;
  if (login.empty()) return memcached_version(library);
  return memcached_set(library, key.data(), key.size(), login.data(), login.size(), 0, 0);
}

bool MemcacheLink::is_reachable(std::string& why) {
  (void)made();  // not in a forked child
  if (is_connected_ && has_peer()) return true;
  disconnect();
  // A handle whose server failed refuses to try again before the next second begins, whatever its
  // RETRY_TIMEOUT says.
  memcached_free(std::exchange(library_, nullptr));
  auto* library = made();
  choose(library, MEMCACHED_BEHAVIOR_POLL_TIMEOUT,
         static_cast<std::uint64_t>(options_.answer_timeout.count()));
  auto found = find_own_socket(address_, options_.connect_timeout, [&] {
    const auto code = log_in(library);
    if (memcached_success(static_cast<memcached_return_t>(code))) return true;
    why = last_words(memcached_strerror(library, static_cast<memcached_return_t>(code)));
    return false;
  });
  if (!found.is_connected) {
    disconnect();
    return false;
  }
  const std::lock_guard lock(socket_mutex_);
  socket_ = std::move(found.socket);
  is_connected_ = true;
  return true;
}

/// Words first: disconnecting forgets them.
Answer MemcacheLink::answer(int code) {
  const auto reply = reply_of(static_cast<memcached_return_t>(code));
  if (reply == Reply::done) return {.reply = reply, .text = {}};
  Answer said{
      .reply = reply,
      .text = last_words(memcached_strerror(library_, static_cast<memcached_return_t>(code)))};
  if (reply == Reply::broken) disconnect();
  return said;
}

Answer MemcacheLink::set(const std::string& key, std::string_view body) {
  if (std::string why; !is_reachable(why)) return {Reply::unreachable, why};
  return answer(memcached_set(library_, key.data(), key.size(), body.data(), body.size(), 0, 0));
}

Answer MemcacheLink::remove(const std::string& key) {
  if (std::string why; !is_reachable(why)) return {Reply::unreachable, why};
  return answer(memcached_delete(library_, key.data(), key.size(), 0));
}

Answer MemcacheLink::touch(const std::string& key, Seconds deadline) {
  if (std::string why; !is_reachable(why)) return {Reply::unreachable, why};
  return answer(memcached_touch(library_, key.data(), key.size(), deadline.count()));
}

/// mget with one key: memcached_get would take a SERVER_ERROR for "not found".
Answer MemcacheLink::get(const std::string& key, Milliseconds wait, std::optional<Value>& value) {
  value.reset();
  if (std::string why; !is_reachable(why)) return {Reply::unreachable, why};
  if (is_interrupted_) return {Reply::unreachable, "interrupted"};
  choose(library_, MEMCACHED_BEHAVIOR_POLL_TIMEOUT,
         static_cast<std::uint64_t>((wait + options_.answer_timeout).count()));
  const char* keys[] = {key.data()};
  const std::size_t sizes[] = {key.size()};
  auto code = memcached_mget(library_, keys, sizes, 1);
  while (memcached_success(code)) {
    const std::unique_ptr<memcached_result_st, void (*)(memcached_result_st*)> result(
        memcached_fetch_result(library_, nullptr, &code), memcached_result_free);
    if (!result) break;
    value =
        Value{.key = {memcached_result_key_value(result.get()),
                      memcached_result_key_length(result.get())},
              .body = {memcached_result_value(result.get()), memcached_result_length(result.get())},
              .flags = memcached_result_flags(result.get()),
              .delivery = memcached_result_cas(result.get())};
  }
  if (value) return {.reply = Reply::done, .text = {}};
  // The fetch loop ends with NOTFOUND or END also when the server answered an error.
  if (const auto last = memcached_last_error(library_); memcached_failed(last)) code = last;
  auto said = answer(code == MEMCACHED_SUCCESS ? MEMCACHED_END : code);
  choose(library_, MEMCACHED_BEHAVIOR_POLL_TIMEOUT,
         static_cast<std::uint64_t>(options_.answer_timeout.count()));
  return said;
}

Answer MemcacheLink::stats(
    const std::string& arguments,
    const std::function<void(std::string_view name, std::string_view value)>& each) {
  if (std::string why; !is_reachable(why)) return {Reply::unreachable, why};
  using Each = std::remove_reference_t<decltype(each)>;
  const auto code = memcached_stat_execute(
      library_, arguments.c_str(),
      [](const memcached_instance_st*, const char* key, std::size_t key_size, const char* text,
         std::size_t text_size, void* context) {
        (*static_cast<Each*>(context))({key, key_size}, {text, text_size});
        return MEMCACHED_SUCCESS;
      },
      const_cast<void*>(static_cast<const void*>(&each)));
  return answer(code);
}

void MemcacheLink::interrupt() noexcept {
  is_interrupted_ = true;
  const std::lock_guard lock(socket_mutex_);
  // libmemcached's poll(2) swallows EINTR: only an end of file wakes it.
  if (socket_.is_open()) ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace daemonz::broker
