# The hostile programs of tests/programs, the keeper whose layers can be taken away, and the program
# that runs the ones under the other. Compiled plainly: sanitizers and our warnings are not theirs.
set(DAEMONZ_PROGRAMS_DIR ${PROJECT_BINARY_DIR}/bin/programs)
file(MAKE_DIRECTORY ${DAEMONZ_PROGRAMS_DIR})
file(GLOB program_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/programs/*.c)
set(program_images)
foreach(source IN LISTS program_sources)
  get_filename_component(name ${source} NAME_WE)
  add_custom_command(
    OUTPUT ${DAEMONZ_PROGRAMS_DIR}/${name}
    COMMAND ${CMAKE_C_COMPILER} -std=gnu17 -O1 -Wall -Wextra -Wno-unused-result -Werror -pthread
            ${source} -o ${DAEMONZ_PROGRAMS_DIR}/${name}
    DEPENDS ${source} ${CMAKE_CURRENT_SOURCE_DIR}/programs/probe.h
    VERBATIM)
  list(APPEND program_images ${DAEMONZ_PROGRAMS_DIR}/${name})
endforeach()
add_custom_target(hostile_programs ALL DEPENDS ${program_images})

# keeper-without-LAYER: one program, told by its name what to leave out (lib/sandbox/layers.h).
file(GLOB keeper_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/sandbox/*.cc)
list(FILTER keeper_sources EXCLUDE REGEX "/(slot|keeper_link)\\.cc$")
keeper(keeper-without-nothing ${CMAKE_CURRENT_SOURCE_DIR}/sandbox/keeper_without.cc
       ${keeper_sources})
target_compile_definitions(keeper-without-nothing PRIVATE DAEMONZ_SANDBOX_TEST_LAYERS)
foreach(layer seccomp landlock pid_namespace user_namespace_ban net_namespace cgroup)
  add_custom_command(TARGET keeper-without-nothing POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E create_symlink keeper-without-nothing
            ${PROJECT_BINARY_DIR}/bin/keeper-without-${layer} VERBATIM)
endforeach()

add_library(hostile_suite OBJECT ${CMAKE_CURRENT_SOURCE_DIR}/sandbox/suite.cc
            ${CMAKE_CURRENT_SOURCE_DIR}/sandbox/hostile_program.cc
            ${CMAKE_CURRENT_SOURCE_DIR}/sandbox/unconfined.cc)
see_rooms(hostile_suite sandbox process)
target_include_directories(hostile_suite PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
add_executable(sandbox-probes ${CMAKE_CURRENT_SOURCE_DIR}/sandbox/probes.cc
               $<TARGET_OBJECTS:hostile_suite>)
see_rooms(sandbox-probes sandbox process)
target_include_directories(sandbox-probes PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(sandbox-probes PRIVATE CLI11::CLI11)
target_sources(test_sandbox PRIVATE $<TARGET_OBJECTS:hostile_suite>)
add_dependencies(test_sandbox hostile_programs keeper-without-nothing daemonz-keeper daemonz-run
                 sandbox-probes)

add_executable(two-slots ${CMAKE_CURRENT_SOURCE_DIR}/sandbox/two_slots.cc)
see_rooms(two-slots sandbox process)
target_precompile_headers(two-slots REUSE_FROM daemonz_pch)
add_dependencies(two-slots hostile_programs daemonz-keeper)
