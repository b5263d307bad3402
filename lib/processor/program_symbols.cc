#include "processor/program_symbols.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/unique_fd.h"

namespace daemonz::processor {

ProgramSymbols::ProgramSymbols() {
  const UniqueFd fd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));  // also when it was replaced
  struct stat facts {};
  if (!fd.is_open() || ::fstat(fd.get(), &facts) != 0) return;
  const auto size = static_cast<std::size_t>(facts.st_size);
  auto* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (mapped == MAP_FAILED) return;
  file_ = static_cast<const std::byte*>(mapped);
  size_ = size;
  read_tables();
  // dl_iterate_phdr(3): the first object is the program.
  ::dl_iterate_phdr(
      [](dl_phdr_info* program, std::size_t, void* base) {
        *static_cast<std::uintptr_t*>(base) = program->dlpi_addr;
        return 1;
      },
      &loaded_at_);
}

ProgramSymbols::~ProgramSymbols() {
  if (file_) ::munmap(const_cast<std::byte*>(file_), size_);
}

void ProgramSymbols::read_tables() {
  const auto* head = reinterpret_cast<const ElfW(Ehdr)*>(file_);
  const std::span sections(reinterpret_cast<const ElfW(Shdr)*>(file_ + head->e_shoff),
                           head->e_shnum);
  if (head->e_shoff + sections.size_bytes() > size_) return;  // a linker that wrote no sections
  for (const auto& section : sections) {
    if (section.sh_type != SHT_SYMTAB) continue;
    symbols_ = {reinterpret_cast<const ElfW(Sym)*>(file_ + section.sh_offset),
                section.sh_size / sizeof(ElfW(Sym))};
    names_ = reinterpret_cast<const char*>(file_ + sections[section.sh_link].sh_offset);
  }
}

const char* ProgramSymbols::find(std::uintptr_t address) const {
  const auto wanted = address - loaded_at_;
  for (const auto& symbol : symbols_)
    if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_value <= wanted &&
        wanted < symbol.st_value + symbol.st_size)
      return names_ + symbol.st_name;
  return nullptr;
}

}  // namespace daemonz::processor
