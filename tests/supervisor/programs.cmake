# The tests run the real daemonz.
if(TARGET test_supervisor)
  add_dependencies(test_supervisor daemonz)
endif()
