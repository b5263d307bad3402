# The rule of the house, enforced: a room uses only rooms on lower floors, and only those it names.
# Each room has an include root of its own (one symlink in the build tree), so that the headers of a
# room that was not named are not found by the compiler. Archives are passed on by LINK_ONLY.
# base needs no naming. Shown by tests/layering.

add_library(daemonz_pch OBJECT ${CMAKE_CURRENT_LIST_DIR}/base/pch.cc)
target_precompile_headers(daemonz_pch PRIVATE
  <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <filesystem> <functional>
  <map> <memory> <mutex> <optional> <set> <span> <string> <string_view> <thread> <unordered_map>
  <utility> <variant> <vector>)

function(room_root name)                  # the include root that shows this room alone
  set(root ${PROJECT_BINARY_DIR}/rooms/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/lib/${name} ${root}/${name} SYMBOLIC)
endfunction()

function(room name)                       # room(NAME FLOOR n USES rooms... PRIVATELY packages...)
  cmake_parse_arguments(ROOM "" "FLOOR" "USES;PRIVATELY" ${ARGN})
  if(ROOM_UNPARSED_ARGUMENTS OR NOT DEFINED ROOM_FLOOR)
    message(FATAL_ERROR "room ${name}: write room(NAME FLOOR n USES rooms.. PRIVATELY packages..)")
  endif()
  if(NOT name STREQUAL "base")
    list(PREPEND ROOM_USES base)
  endif()
  foreach(used IN LISTS ROOM_USES)
    if(NOT TARGET ${used})
      message(FATAL_ERROR "room ${name} uses ${used}: no such room above this line of the map")
    endif()
    get_property(floor TARGET ${used} PROPERTY DAEMONZ_FLOOR)
    if(NOT floor LESS ROOM_FLOOR)
      message(FATAL_ERROR "room ${name} (floor ${ROOM_FLOOR}) may not use ${used} (floor "
                          "${floor}): only lower floors")
    endif()
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/pch\\.cc$")
  add_library(${name} STATIC ${sources})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX DAEMONZ_FLOOR ${ROOM_FLOOR}
                        OUTPUT_NAME daemonz_${name})
  room_root(${name})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/rooms/${name}> $<INSTALL_INTERFACE:include/daemonz>)
  foreach(used IN LISTS ROOM_USES)
    target_include_directories(${name} PRIVATE ${PROJECT_BINARY_DIR}/rooms/${used})
    target_link_libraries(${name} PUBLIC $<LINK_ONLY:${used}>)
  endforeach()
  target_link_libraries(${name} PRIVATE ${ROOM_PRIVATELY} Threads::Threads)
  target_precompile_headers(${name} REUSE_FROM daemonz_pch)
endfunction()

function(see_rooms target)                # a program or a test: the headers and archives it names
  foreach(used IN LISTS ARGN ITEMS base)
    target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/rooms/${used})
    target_link_libraries(${target} PRIVATE $<LINK_ONLY:${used}>)
  endforeach()
  target_link_libraries(${target} PRIVATE Threads::Threads)
endfunction()
