# `cmake --install`: the programs, and the rooms that a site of one's own builds with:
#
#     find_package(daemonz REQUIRED)
#     target_link_libraries(front-end PRIVATE daemonz::offline_tasks)   # without any `perform`
#     target_link_libraries(processor PRIVATE daemonz::processor)
#
# Headers stay in their rooms: #include "offline_tasks/push.h".
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(site_rooms base config process db broker sandbox job_table offline_tasks processor)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/daemonz)

foreach(room IN LISTS site_rooms)
  target_compile_features(${room} INTERFACE cxx_std_20)
endforeach()
install(TARGETS ${site_rooms} EXPORT daemonz
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/daemonz)
foreach(room IN LISTS site_rooms)
  install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/${room} DESTINATION include/daemonz
          FILES_MATCHING PATTERN "*.h")
endforeach()
install(EXPORT daemonz NAMESPACE daemonz:: FILE rooms.cmake DESTINATION ${package_folder})

file(WRITE ${PROJECT_BINARY_DIR}/daemonzConfig.cmake
     "set(CMAKE_FIND_PACKAGE_NAME daemonz)\n"
     "include(\${CMAKE_CURRENT_LIST_DIR}/packages.cmake)\n"
     "include(\${CMAKE_CURRENT_LIST_DIR}/rooms.cmake)\n")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/daemonzConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/daemonzConfig.cmake
              ${PROJECT_BINARY_DIR}/daemonzConfigVersion.cmake
              ${CMAKE_CURRENT_SOURCE_DIR}/packages.cmake
        DESTINATION ${package_folder})
install(FILES ${PROJECT_SOURCE_DIR}/config/daemonz.yml DESTINATION ${CMAKE_INSTALL_DATADIR}/daemonz)
