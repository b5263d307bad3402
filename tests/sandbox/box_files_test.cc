#include "sandbox/box_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "base/error.h"
#include "sandbox/system.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::sandbox;

namespace {

UniqueFd open_folder(const tests::TempDir& folder) {
  return UniqueFd(::open(folder.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

void write_text(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

}  // namespace

TEST_CASE("sandbox: names of files in the box stay in the box") {
  for (const char* good : {"a", "a.c", "a/b/c.h", "with blank", "..a", "a..", "-x", "\xc3\xa4"})
    CHECK_MESSAGE(is_box_name(good), good);
  for (const char* bad : {"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "./a"})
    CHECK_FALSE_MESSAGE(is_box_name(bad), bad);
  CHECK_FALSE(is_box_name(std::string_view("a\0b", 3)));
  CHECK_FALSE(is_box_name(std::string(2000, 'a')));
}

TEST_CASE("sandbox: a placed file has its bytes and its mode, whatever the umask") {
  const tests::TempDir folder;
  write_text(folder / "source", "int main;");
  const UniqueFd source(::open((folder / "source").c_str(), O_RDONLY | O_CLOEXEC));
  const auto old = ::umask(077);
  place_file(open_folder(folder).get(), "a/b/run", source.get(), true);
  place_file(open_folder(folder).get(), "a/b/data", source.get(), false);
  ::umask(old);
  std::ifstream copy(folder / "a/b/run");
  CHECK(std::string(std::istreambuf_iterator<char>(copy), {}) == "int main;");
  CHECK(std::filesystem::status(folder / "a/b/run").permissions() == std::filesystem::perms(0755));
  CHECK(std::filesystem::status(folder / "a/b/data").permissions() == std::filesystem::perms(0644));
}

TEST_CASE("sandbox: a file is not placed over another, nor through a link") {
  const tests::TempDir folder, outside;
  write_text(folder / "source", "x");
  const UniqueFd source(::open((folder / "source").c_str(), O_RDONLY | O_CLOEXEC));
  std::filesystem::create_symlink(outside.path(), folder.path() / "link");
  CHECK_THROWS_AS(place_file(open_folder(folder).get(), "source", source.get(), false), Error);
  CHECK_THROWS_AS(place_file(open_folder(folder).get(), "link/x", source.get(), false), Error);
  CHECK(std::filesystem::is_empty(outside.path()));
}

TEST_CASE("sandbox: only regular files of the box are collected, sealed and capped") {
  const tests::TempDir folder, outside;
  write_text(outside / "secret", "secret");
  write_text(folder / "file", "bytes");
  std::filesystem::create_symlink(outside / "secret", folder.path() / "link");
  std::filesystem::create_symlink(outside.path(), folder.path() / "folder-link");
  std::filesystem::create_directory(folder / "folder");
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  const auto box = open_folder(folder);
  for (const char* name : {"link", "folder-link/secret", "folder", "fifo", "absent"})
    CHECK_FALSE_MESSAGE(collect_file(box.get(), name, mebibytes(1)).fd.is_open(), name);
  CHECK_FALSE(collect_file(box.get(), "file", Bytes(4)).fd.is_open());
  const auto file = collect_file(box.get(), "file", Bytes(5));
  REQUIRE(file.fd.is_open());
  CHECK(file.size == Bytes(5));
  CHECK(is_sealed(file.fd.get()));
  char text[8] = {};
  CHECK(::read(file.fd.get(), text, sizeof text) == 5);
  CHECK(std::string(text) == "bytes");
  CHECK(::pwrite(file.fd.get(), "x", 1, 0) < 0);
}
