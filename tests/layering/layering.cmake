# cmake -DROOMS=lib/rooms.cmake -DSCRATCH=DIR -DGENERATOR=.. -DCOMPILER=.. -P layering.cmake
# Each case is a project of its own: base and low on the floors 0 and 1, side (1), high (2), and the
# map and the source that the case gives. It must end as the case says: good, or refused with a text
# that names the reason. Every refusal stands beside a good case that differs in that one thing.
cmake_minimum_required(VERSION 3.25)

function(write_project folder map high_source)
  file(REMOVE_RECURSE ${folder})
  file(WRITE ${folder}/CMakeLists.txt [=[
cmake_minimum_required(VERSION 3.25)
project(layering LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
find_package(Threads REQUIRED)
add_subdirectory(lib)
if(EXISTS ${PROJECT_SOURCE_DIR}/program.cc)
  add_executable(program program.cc)
  see_rooms(program high)
endif()
]=])
  file(WRITE ${folder}/lib/CMakeLists.txt "include(rooms.cmake)\n${map}")
  file(COPY ${ROOMS} DESTINATION ${folder}/lib)
  file(WRITE ${folder}/lib/base/pch.cc "")
  file(WRITE ${folder}/lib/base/base.h "#pragma once\ninline int base_value() { return 1; }\n")
  file(WRITE ${folder}/lib/base/base.cc "#include \"base/base.h\"\n")
  file(WRITE ${folder}/lib/low/low.h "#pragma once\nint low_value();\n")
  file(WRITE ${folder}/lib/low/low.cc "#include \"low/low.h\"\n#include \"base/base.h\"\n"
                                      "int low_value() { return base_value(); }\n")
  file(WRITE ${folder}/lib/side/side.h "#pragma once\ninline int side_value() { return 3; }\n")
  file(WRITE ${folder}/lib/side/side.cc "#include \"side/side.h\"\n")
  file(WRITE ${folder}/lib/high/high.h "#pragma once\nint high_value();\n")
  file(WRITE ${folder}/lib/high/high.cc "#include \"high/high.h\"\n${high_source}")
endfunction()

function(build folder result_variable output_variable)
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${folder} -B ${folder}/build -G ${GENERATOR}
                          -DCMAKE_CXX_COMPILER=${COMPILER}
                          -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(result EQUAL 0)
    execute_process(COMMAND ${CMAKE_COMMAND} --build ${folder}/build
                    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  endif()
  set(${result_variable} ${result} PARENT_SCOPE)
  set(${output_variable} "${output}" PARENT_SCOPE)
endfunction()

# expect(NAME good | "regex of the refusal" MAP SOURCE [PROGRAM])
function(expect name outcome map source)
  set(folder ${SCRATCH}/${name})
  write_project(${folder} "${map}" "${source}")
  if(ARGC GREATER 4)
    file(WRITE ${folder}/program.cc "${ARGV4}")
  endif()
  build(${folder} result output)
  string(REGEX REPLACE "[ \n]+" " " flat "${output}")   # CMake wraps its messages
  if(outcome STREQUAL "good")
    if(NOT result EQUAL 0)
      message(FATAL_ERROR "${name}: must build, but was refused:\n${output}")
    endif()
  elseif(result EQUAL 0)
    message(FATAL_ERROR "${name}: must be refused, but was built")
  elseif(NOT flat MATCHES "${outcome}")
    message(FATAL_ERROR "${name}: refused for another reason than \"${outcome}\":\n${output}")
  endif()
  message("layering: ${name}: as expected")
endfunction()

set(uses_low   "#include \"low/low.h\"\nint high_value() { return low_value(); }\n")
set(uses_base  "#include \"base/base.h\"\nint high_value() { return base_value(); }\n")
set(rooms_below "room(base FLOOR 0)\nroom(low FLOOR 1)\nroom(side FLOOR 1)\n")
set(main "#include \"high/high.h\"\nint main() { return high_value() == 1 ? 0 : 1; }\n")

# Headers: a room that was named is found, one that was not is not, base always is.
expect(named_room_is_found good
       "${rooms_below}room(high FLOOR 2 USES low)\n" "${uses_low}")
expect(unnamed_room_is_not_found "low/low\\.h: No such file|'low/low\\.h' file not found"
       "${rooms_below}room(high FLOOR 2 USES side)\n" "${uses_low}")
expect(base_needs_no_naming good
       "${rooms_below}room(high FLOOR 2)\n" "${uses_base}")

# What a room uses is its own business: its users link, but do not see those headers.
expect(archives_are_passed_on good
       "${rooms_below}room(high FLOOR 2 USES low)\n" "${uses_low}" "${main}")
expect(headers_are_not_passed_on "low/low\\.h: No such file|'low/low\\.h' file not found"
       "${rooms_below}room(high FLOOR 2 USES low)\n" "${uses_low}"
       "#include \"low/low.h\"\n${main}")

# The map: only lower floors, only rooms above in the map, only the documented form.
expect(same_floor_is_refused "room high \\(floor 1\\) may not use low \\(floor 1\\)"
       "${rooms_below}room(high FLOOR 1 USES low)\n" "${uses_low}")
expect(higher_floor_is_refused "room high \\(floor 1\\) may not use attic \\(floor 4\\)"
       "${rooms_below}room(attic FLOOR 4)\nroom(high FLOOR 1 USES attic)\n" "${uses_base}")
expect(unknown_room_is_refused "room high uses cellar: no such room above this line"
       "${rooms_below}room(high FLOOR 2 USES cellar)\n" "${uses_base}")
expect(room_without_floor_is_refused "write room\\(NAME FLOOR n"
       "${rooms_below}room(high USES low)\n" "${uses_low}")

file(REMOVE_RECURSE ${SCRATCH})
