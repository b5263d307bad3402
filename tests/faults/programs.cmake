# What tests/shown/delivery preloads into the unchanged daemonz-queue.
add_library(watched_disk MODULE faults/watched_disk.cc faults/watch.cc)
target_include_directories(watched_disk PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
set_target_properties(watched_disk PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
target_link_libraries(watched_disk PRIVATE ${CMAKE_DL_LIBS} Threads::Threads)
