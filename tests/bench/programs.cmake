# script/bench supervisor, and tests/shown/supervisor: the least supervisor, and what all supervise.
foreach(name floor beat)
  add_executable(${name} bench/${name}.cc)
endforeach()
if(NOT DAEMONZ_PRESET MATCHES "san$|fuzz")   # their start is not what is measured
  target_link_options(floor PRIVATE -static)
endif()
# The child is an ordinary C program, with the C library alone as a library.
target_link_options(beat PRIVATE -Wl,--as-needed)

# script/bench sandbox, and tests/shown/sandbox: runs and their price.
add_executable(sandbox-runs bench/sandbox_runs.cc)
see_rooms(sandbox-runs sandbox process)
target_precompile_headers(sandbox-runs REUSE_FROM daemonz_pch)
add_dependencies(sandbox-runs daemonz-keeper)
