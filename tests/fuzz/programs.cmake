# test_fuzz replays the kept corpus; with the preset `fuzz` also fuzz_parser and fuzz_recovery, which
# libFuzzer drives (script/fuzz).
add_executable(test_fuzz fuzz/fuzz_test.cc fuzz/parser.cc fuzz/recovery.cc
               $<TARGET_OBJECTS:test_main>)
see_rooms(test_fuzz queue_server queue journal)
target_include_directories(test_fuzz PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(test_fuzz PRIVATE doctest::doctest)
target_precompile_headers(test_fuzz REUSE_FROM daemonz_pch)
add_test(NAME fuzz COMMAND test_fuzz)

if(DAEMONZ_PRESET STREQUAL "fuzz")
  foreach(target "parser;parse" "recovery;recover")
    list(GET target 0 name)
    list(GET target 1 entry)
    add_executable(fuzz_${name} fuzz/libfuzzer.cc fuzz/parser.cc fuzz/recovery.cc)
    see_rooms(fuzz_${name} queue_server queue journal)
    target_include_directories(fuzz_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_compile_definitions(fuzz_${name} PRIVATE DAEMONZ_FUZZ_TARGET=${entry})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endforeach()
endif()
