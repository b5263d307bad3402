# The packages behind the rooms that are installed. Included by our own build and, installed, by a
# site's.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
pkg_check_modules(memcached REQUIRED IMPORTED_TARGET libmemcached)
pkg_check_modules(mariadb REQUIRED IMPORTED_TARGET libmariadb)
