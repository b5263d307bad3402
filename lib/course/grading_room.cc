#include "course/grading_room.h"

#include "base/check.h"
#include "course/store.h"

namespace daemonz::course {

GradingRoom::GradingRoom(std::vector<std::unique_ptr<sandbox::Slot>> slots,
                         judge::ReadYaml read_yaml)
    : slots_(std::move(slots)), read_yaml_(std::move(read_yaml)) {
  DAEMONZ_CHECK(!slots_.empty(), "a grading room without a slot");
  for (const auto& slot : slots_) {
    judges_.push_back(std::make_unique<judge::Judge>(*slot));
    free_.push_back(judges_.back().get());
  }
}

GradingRoom::~GradingRoom() = default;

void GradingRoom::prepare_tables(db::Connection& connection) {
  std::call_once(tables_, [&] { migrate(connection); });
}

void GradingRoom::with_judge(const std::function<void(judge::Judge&)>& body) {
  judge::Judge* judge = nullptr;
  {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [&] { return !free_.empty(); });
    judge = free_.back();
    free_.pop_back();
  }
  struct Return {
    GradingRoom& room;
    judge::Judge* judge;
    ~Return() {
      const std::lock_guard lock(room.mutex_);
      room.free_.push_back(judge);
      room.returned_.notify_one();
    }
  } const give_back{*this, judge};
  body(*judge);
}

}  // namespace daemonz::course
