# A processor of a test site, as a real program: e2e tests and tests/shown start it.
add_executable(test-processor processor/test_processor_main.cc)
see_rooms(test-processor processor offline_tasks broker db job_table process sandbox)
target_precompile_headers(test-processor REUSE_FROM daemonz_pch)
add_dependencies(test_processor test-processor)

# A front end with every strategy, and its processor, for tests/shown/jobs.
add_executable(test-front-end processor/test_front_end_main.cc)
see_rooms(test-front-end processor offline_tasks config broker db job_table process sandbox)
target_precompile_headers(test-front-end REUSE_FROM daemonz_pch)
