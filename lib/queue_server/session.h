// One client's conversation: bytes in, bytes out. It parses commands, runs them on the store and
// keeps the answers in order, holding back what must be durable first. Pure: no sockets and no
// waiting; the connection (connection.h) moves the bytes. Follows queue-protocol.md.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "queue_server/command.h"
#include "queue_server/hub.h"

namespace daemonz::queue_server {

/// The client's end, as far as a session must know it. Threads: one.
class Peer {
 public:
  virtual ~Peer() = default;
  /// The client has gone or will send nothing more (a half-closed one counts as gone).
  [[nodiscard]] virtual bool is_gone() = 0;
  /// The session has output that it had not at the end of its last call from the peer.
  virtual void has_output() = 0;
  /// Finds out whether that is a user's password and says it to Session::authenticated(), later and
  /// never before this returns: a check is slow.
  virtual void authenticate(std::string name, std::string password) = 0;
};

/// Output that is not taken, or not durable yet, stops the running of further commands: a slow
/// reader costs this much and one answer.
inline constexpr std::size_t output_size_max = 1 << 20;

/// Who may give commands: everybody, or who sent `set auth 0 0 n` with "user password" first.
enum class Access { open, by_password };

/// Threads: one. The connection's items come back when it is destroyed (unless Hub::is_stopping).
class Session {
 public:
  Session(Hub& hub, Peer& peer, queue::ConnectionId id, Access access = Access::open);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Bytes from the client: commands are run as far as they are complete.
  void receive(std::string_view bytes);
  /// The client will send nothing more: a waiting get is dropped.
  void end_of_input();
  /// Commands that were stopped by unread output go on.
  void go_on();

  /// What may be sent now.
  [[nodiscard]] std::string_view output() const {
    return std::string_view(output_).substr(output_start_);
  }
  /// The first `size` bytes of it were sent.
  void sent(std::size_t size);
  /// Nothing will be read any more; close when output() is empty and nothing is held back.
  [[nodiscard]] bool is_over() const { return is_over_ && held_.empty(); }
  [[nodiscard]] bool is_waiting() const { return waiting_.has_value(); }
  [[nodiscard]] bool is_holding() const { return !held_.empty(); }
  /// go_on() may have something to do once output was sent.
  [[nodiscard]] bool has_unrun_input() const {
    return !input_.empty() || !rest_.empty() || has_ended_;
  }
  /// False: further input would only pile up; read again when this is true.
  [[nodiscard]] bool wants_input() const;

  // Called by the hub and the server.
  void retry();            ///< a queue that it waits for may have an item
  void give_up_waiting();  ///< its time is over
  void release_durable();  ///< the store is durable further than before, or has failed
  /// What this turn's answers rest on is in the log.
  void is_written() { unwritten_at_.reset(); }
  /// It is not and never will be: the client sees them as unknown, its connection closes.
  void take_back_unwritten();
  /// The output ends a wait: the client may have gone meanwhile, and took nothing then.
  [[nodiscard]] bool has_ended_wait() const { return has_ended_wait_; }

  void authenticated(bool is_user);  ///< what the peer found out

 private:
  struct Waiting {
    bool shows_id = false;
    KeyToken key;
    std::string key_text;  ///< key.text points here
  };
  struct Held {  // an answer that is not durable yet, or stands behind one
    queue::Sequence wait_for;
    std::string bytes;
    std::vector<queue::Unsent> pops;
  };
  struct SentMark {  // a pop is sent when so many bytes of this connection are
    std::uint64_t position;
    queue::Unsent pop;
  };

  // the stream (session.cc)
  void run();
  [[nodiscard]] bool is_full() const { return output().size() + held_size_ >= output_size_max; }
  [[nodiscard]] bool run_line(std::string_view line, std::string_view& left);
  void begin_body(const Command& command, std::string_view line, std::string_view& left);
  void run_body(const Command& command, std::string_view& left);
  void log_in(std::string_view body);
  [[nodiscard]] bool run_one(std::string_view& left);
  [[nodiscard]] bool skip(std::string_view& left);
  void hang_up();
  void stop_waiting();
  void answer(std::string_view reply, queue::Sequence wait_for = 0);
  void emit(std::string bytes, queue::Sequence wait_for, std::vector<queue::Unsent> pops);
  void emit_now(std::string_view bytes, const std::vector<queue::Unsent>& pops);
  void rest_on_unwritten();

  // commands (commands.cc)
  void execute(Command& command);
  void execute_set(const Command& command, std::string_view body);
  void execute_set_many(const Command& command, std::string_view body);
  void execute_get(Command& command);
  void execute_list(const Command& command);
  void execute_multi_get(const Command& command);
  void execute_delete(const Command& command);
  void execute_touch(const Command& command);
  void execute_flush(const Command& command);
  void execute_flush_all(const Command& command);
  void execute_stats(const Command& command);
  void answer_put(queue::PutResult result);
  void answer_settled(queue::SettleResult result, std::string_view done);
  [[nodiscard]] std::optional<std::string> leave_open(const KeyToken& key);
  [[nodiscard]] bool has_open(const KeyToken& key);
  [[nodiscard]] bool take(const KeyToken& key, bool shows_id);
  [[nodiscard]] queue::SettleResult settle(const KeyToken& key);
  [[nodiscard]] std::uint64_t body_size_max(const Command& command) const;

  Hub& hub_;
  Peer& peer_;
  const queue::ConnectionId id_;
  std::string input_;  ///< received and not yet run
  std::string line_;   ///< of the command whose body is awaited: command_ points into it
  std::optional<Command> command_;
  std::string rest_;  ///< of a get of many keys whose answer is sent in pieces; runs next
  std::uint64_t skip_bytes_ = 0;  ///< of a body that is eaten
  bool skips_line_ = false;       ///< then everything up to the next line end
  bool is_over_ = false;
  bool has_ended_ = false;  ///< the client sends nothing more
  bool has_ended_wait_ = false;
  bool is_stranger_;                ///< must authenticate first
  bool is_authenticating_ = false;  ///< the peer finds out
  std::optional<Waiting> waiting_;
  std::map<std::string, queue::DeliveryId, std::less<>> open_;  ///< Kestrel's open items, by queue
  std::string output_;
  std::size_t output_start_ = 0;
  std::optional<std::size_t> unwritten_at_;  ///< from here output_ rests on records not yet written
  std::uint64_t emitted_ = 0, sent_ = 0;     ///< bytes of this connection so far
  std::size_t held_size_ = 0;                ///< bytes in held_
  std::deque<Held> held_;
  std::deque<SentMark> marks_;
};

}  // namespace daemonz::queue_server
