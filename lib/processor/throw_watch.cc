#include "processor/throw_watch.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <unwind.h>

#include <exception>
#include <string_view>

#include "base/check.h"
#include "offline_tasks/type_name.h"
#include "processor/program_symbols.h"

namespace daemonz::processor {
namespace {

thread_local ThrowWatch* watch_here = nullptr;

struct Walk {
  ThrowWatch::Throw& into;
  std::uintptr_t below, above;  ///< frames between these belong to the handler
};

/// libgcc gives a frame's own stack pointer at its call, which lies above what it called.
_Unwind_Reason_Code step(_Unwind_Context* context, void* given) {
  auto& walk = *static_cast<Walk*>(given);
  const auto place = static_cast<std::uintptr_t>(_Unwind_GetCFA(context));
  if (place <= walk.below) return _URC_NO_REASON;
  if (place > walk.above || walk.into.size == throw_frames_max) return _URC_END_OF_STACK;
  const auto address = static_cast<std::uintptr_t>(_Unwind_GetIP(context));
  walk.into.frames[walk.into.size++] = reinterpret_cast<const void*>(address);
  return _URC_NO_REASON;
}

struct Frame {
  std::string name, place;

  [[nodiscard]] std::string line() const {
    if (name.empty()) return place;
    const auto room = throw_line_size_max - std::min(throw_line_size_max - 10, place.size() + 3);
    if (name.size() <= room) return name + " (" + place + ")";
    return name.substr(0, room - 3) + "... (" + place + ")";
  }
  /// What brings a job to its handler, and what the library needs for that.
  [[nodiscard]] bool is_dispatch() const {
    for (const std::string_view ours :
         {"daemonz::offline_tasks::Registry::", "std::_Function_handler<", "std::function<",
          "std::__invoke", "std::invoke"})
      if (name.find(ours) != std::string::npos) return true;
    return false;
  }
};

/// Without what a compiler adds to the name of a part or a copy of a function: ".cold", ".isra.0".
std::string name_of(const char* symbol) {
  const std::string_view text(symbol);
  return offline_tasks::demangled(std::string(text.substr(0, text.find('.'))).c_str());
}

Frame look_up(const ProgramSymbols& symbols, const void* return_address) {
  // The call stands before it; behind a call that never returns another function may begin.
  const auto* address = static_cast<const char*>(return_address) - 1;
  Dl_info known{};
  if (::dladdr(address, &known) == 0 || !known.dli_fname) return {"", "?"};
  std::string_view file = known.dli_fname;
  file.remove_prefix(std::min(file.size(), file.rfind('/') + 1));
  char offset[32];
  std::snprintf(offset, sizeof offset, "+0x%tx",
                address - static_cast<const char*>(known.dli_fbase));
  const auto* own = symbols.find(reinterpret_cast<std::uintptr_t>(address));
  const auto* symbol = own ? own : known.dli_sname;
  return {symbol ? name_of(symbol) : "", std::string(file) + offset};
}

std::string lines_of(const ThrowWatch::Throw& thrown) {
  const ProgramSymbols symbols;
  std::vector<Frame> frames;
  for (std::size_t i = 0; i < thrown.size; ++i)
    frames.push_back(look_up(symbols, thrown.frames[i]));
  while (frames.size() > 1 && frames.back().is_dispatch()) frames.pop_back();
  std::string text;
  for (const auto& frame : frames) text += (text.empty() ? "" : "\n") + frame.line();
  return text;
}

/// Whole lines only.
std::string shortened(std::string text) {
  if (text.size() <= throw_trace_size_max) return text;
  text.resize(throw_trace_size_max);
  const auto end = text.rfind('\n');
  return end == std::string::npos ? text : text.substr(0, end);
}

}  // namespace

// Not inlined, so that its frame lies below the one of the function that makes it.
[[gnu::noinline]] ThrowWatch::ThrowWatch() : entry_(__builtin_frame_address(0)) {
  DAEMONZ_CHECK(!watch_here, "one attempt at a time on a thread");
  watch_here = this;
}

ThrowWatch::~ThrowWatch() { watch_here = nullptr; }

void ThrowWatch::note(const void* object, const std::type_info* type, const void* frame) noexcept {
  const bool is_handling = std::uncaught_exceptions() > 0 || std::current_exception();
  if (!is_handling) last_.object = nullptr;
  auto& into = is_handling && first_.object ? last_ : first_;
  into.object = object;
  into.type = type;
  into.size = 0;
  Walk walk{into, reinterpret_cast<std::uintptr_t>(frame),
            reinterpret_cast<std::uintptr_t>(entry_)};
  _Unwind_Backtrace(step, &walk);
}

std::string ThrowWatch::trace_of(const void* thrown) const {
  const auto is_it = [&](const Throw& noted) {
    if (!noted.object) return false;
    if (thrown) return noted.object == thrown;
    const auto* type = abi::__cxa_current_exception_type();
    return type && *type == *noted.type;
  };
  if (is_it(last_))
    return shortened(lines_of(last_) + "\nwhile handling " +
                     offline_tasks::type_name(*first_.type) + ":\n" + lines_of(first_));
  return is_it(first_) ? shortened(lines_of(first_)) : "";
}

}  // namespace daemonz::processor

namespace __cxxabiv1 {

/// Stands before the C++ library's, and before a sanitizer's, which it calls.
extern "C" void __cxa_throw(void* object, std::type_info* type, void (*destroy)(void*)) {
  using Throw = void (*)(void*, std::type_info*, void (*)(void*));
  static const auto next = reinterpret_cast<Throw>(::dlsym(RTLD_NEXT, "__cxa_throw"));
  if (auto* watch = daemonz::processor::watch_here)
    watch->note(object, type, __builtin_frame_address(0));
  DAEMONZ_CHECK(next, "link the shared libstdc++: nothing stands behind this __cxa_throw");
  next(object, type, destroy);
  __builtin_unreachable();
}

}  // namespace __cxxabiv1
