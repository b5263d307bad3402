#pragma once
#include <istream>
#include <set>
#include <string>
std::set<std::string> lost(std::istream& text, std::istream& list);
