// Names of the running program's functions, also of those that it does not export: static ones, and
// the parts that a compiler moves out of a function because they are rarely run, as each throw is.
// From the symbol table of /proc/self/exe (elf(5), .symtab), which `strip` takes away. Of this room
// only, for throw_watch.h.
#pragma once

#include <link.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace daemonz::processor {

/// The file stays mapped while this lives. Threads: any.
class ProgramSymbols {
 public:
  ProgramSymbols();  ///< without a table nothing will be found
  ~ProgramSymbols();
  ProgramSymbols(const ProgramSymbols&) = delete;
  ProgramSymbols& operator=(const ProgramSymbols&) = delete;

  /// The symbol of the function that holds this address of the process; nullptr: none, or not the
  /// program's own.
  [[nodiscard]] const char* find(std::uintptr_t address) const;

 private:
  void read_tables();

  const std::byte* file_ = nullptr;
  std::size_t size_ = 0;
  std::uintptr_t loaded_at_ = 0;  ///< what is added to an address of the file
  std::span<const ElfW(Sym)> symbols_;
  const char* names_ = nullptr;
};

}  // namespace daemonz::processor
