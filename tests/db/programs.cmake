# A process with a pool that forks: tests/shown/jobs/02_forks starts it.
add_executable(fork-harm db/fork_harm.cc)
see_rooms(fork-harm db process sandbox)
target_link_libraries(fork-harm PRIVATE PkgConfig::mariadb)
target_precompile_headers(fork-harm REUSE_FROM daemonz_pch)
add_dependencies(fork-harm daemonz-keeper)
