# The tests run the real daemonz-queue.
if(TARGET test_queue_server AND TARGET daemonz-queue)
  add_dependencies(test_queue_server daemonz-queue)
endif()
