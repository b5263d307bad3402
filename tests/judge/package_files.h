// Verbs for the judge's tests: write the files of a package, read it.
#pragma once

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/error.h"
#include "config/yaml_json.h"
#include "judge/files.h"
#include "judge/package.h"
#include "support/temp_dir.h"

namespace daemonz::tests {

inline void write_file(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

/// A file without a name that holds these bytes; its offset is not at the start.
inline UniqueFd file_of(std::string_view bytes) {
  auto fd = judge::memory_file("test");
  for (std::size_t done = 0; done < bytes.size();) {
    const auto written = ::write(fd.get(), bytes.data() + done, bytes.size() - done);
    REQUIRE(written > 0);
    done += static_cast<std::size_t>(written);
  }
  return fd;
}

inline json::value read_yaml(const std::filesystem::path& path) {
  return config::yaml_file_as_json(path);
}

/// Right programs for a package whose answer is the sum of two numbers.
inline constexpr const char* sum_c =
    "#include <stdio.h>\nint main(void) { int a, b; scanf(\"%d %d\", &a, &b);\n"
    "  printf(\"%d\\n\", a + b); return 0; }\n";
inline constexpr const char* sum_python = "print(sum(map(int, input().split())))\n";

/// A package in a folder of its own; every verb returns it.
class PackageFiles {
 public:
  PackageFiles() { write("problem.yaml", "name: Sum of two\n"); }

  PackageFiles& write(const std::string& name, std::string_view text) {
    write_file(folder_.path() / name, text);
    return *this;
  }
  PackageFiles& with_case(const std::string& name, std::string_view input,
                          std::string_view answer) {
    return write("data/" + name + ".in", input).write("data/" + name + ".ans", answer);
  }
  [[nodiscard]] std::filesystem::path path() const { return folder_.path(); }
  [[nodiscard]] judge::Package read() const { return judge::read_package(path(), read_yaml); }

 private:
  TempDir folder_;
};

/// The message of what reading a package throws; empty: nothing.
inline doctest::String refusal(const std::filesystem::path& folder) {
  try {
    static_cast<void>(judge::read_package(folder, read_yaml));
  } catch (const Error& problem) {
    return problem.what();
  }
  return {};
}

inline doctest::String refusal(const PackageFiles& files) { return refusal(files.path()); }

}  // namespace daemonz::tests
