#ifndef REPORT_H
#define REPORT_H

#include <string>

// Where the messages go, and how the validator ends.
class Report {
    std::string folder_;

    void write(const char *file, const std::string &text) const;

public:
    explicit Report(const std::string &folder) : folder_(folder) {}

    [[noreturn]] void accepted(int piles, int moves) const;
    [[noreturn]] void wrong(int pile, const std::string &why) const;
    [[noreturn]] void broken(const std::string &why) const;
};

#endif
