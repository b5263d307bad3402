# script/bench supervisor, and tests/shown/supervisor: the least supervisor, and what all supervise.
foreach(name floor beat)
  add_executable(${name} bench/${name}.cc)
  if(NOT DAEMONZ_PRESET MATCHES "san$|fuzz")   # their start is not what is measured
    target_link_options(${name} PRIVATE -static)
  endif()
endforeach()
