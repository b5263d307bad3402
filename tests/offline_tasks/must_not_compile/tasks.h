#include "offline_tasks/outbox.h"
#include "offline_tasks/push.h"

struct First {
  int number = 0;
  static constexpr std::string_view name = "first";
};
BOOST_DESCRIBE_STRUCT(First, (), (number))

struct Second {
  static constexpr std::string_view name = "second";
};
BOOST_DESCRIBE_STRUCT(Second, (), ())

struct AlsoFirst {
  static constexpr std::string_view name = "first";
};
BOOST_DESCRIBE_STRUCT(AlsoFirst, (), ())

struct Undescribed {
  static constexpr std::string_view name = "undescribed";
};
