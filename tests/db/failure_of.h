// How a statement failed, for the tests of both drivers.
#pragma once

#include <doctest/doctest.h>

#include <functional>

#include "db/connection.h"

namespace daemonz::tests {

/// Runs `body`, which must throw a DatabaseError.
inline db::Failure failure_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const db::DatabaseError& problem) {
    return problem.failure();
  }
  FAIL("nothing was thrown");
  return db::Failure::other;
}

}  // namespace daemonz::tests
