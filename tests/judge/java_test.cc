#include "judge/java.h"

#include <doctest/doctest.h>

namespace daemonz {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("java: package, public type and types with a main method are found") {
  const auto source = judge::scan_java(R"(
    // package wrong;
    package school . sums; /* public class Wrong { */
    import java.util.*;
    @Deprecated class Helper { static int main(int x) { return x; } void main() {} }
    public final class Sum<T extends Comparable<T>> {
      static class Inner { public static void main(String[] a) {} }
      String text = "} class Wrong { \" {", block = """
         public class Wrong { "quoted" } """;
      char brace = '{', quote = '\'';
      public static void main(final String... arguments) throws Exception { int main = 1; }
    }
    interface Other { static void main(String[] a) { } }
    enum Third { A, B; public static synchronized void main(String[] a) { } })");
  CHECK(source.package == "school.sums");
  CHECK(source.public_type == "Sum");
  CHECK(source.startable == Names{"Sum", "Other", "Third"});
  CHECK(source.qualified("Sum") == "school.sums.Sum");
}

TEST_CASE("java: a file without package or main says so, and odd bytes are survived") {
  const auto plain = judge::scan_java("class A { int x; }");
  CHECK(plain.package == "");
  CHECK(plain.public_type == "");
  CHECK(plain.startable.empty());
  CHECK(plain.qualified("A") == "A");
  for (const std::string text : {"", "\"", "'", "/*", "}}}}", "class", "\"\"\"", "\\", "'\\"})
    CHECK(judge::scan_java(text).startable.empty());
  CHECK(judge::scan_java("class \xc3\x84pfel { static void main(String[] a) {} }").startable ==
        Names{"\xc3\x84pfel"});
  CHECK(judge::scan_java("record R(int a) { public static void main(String[] a) {} }").startable ==
        Names{"R"});
}

}  // namespace
}  // namespace daemonz
