// What a run sees of the file system: a read-only root that holds /usr, a few files of /etc and a
// minimal /dev, and the run's own /box, /tmp and /proc. The keeper moves into the common part once,
// so that neither it nor any run has the host's files any more; each run adds what is its own in a
// mount namespace of its own. Nothing is ever removed: the mounts go with their namespaces.
// Follows sandbox.md, point 3. Sources: mount(2), mount_setattr(2), pivot_root(2), proc(5).
#pragma once

#include "sandbox/run.h"

namespace daemonz::sandbox {

/// The user and group that a program sees itself as.
inline constexpr int box_uid = 1000;

/// The keeper, in a mount namespace of its own: builds the common part and makes it its root.
/// Host paths are gone afterwards; descriptors stay. Throws Error{stage}.
void enter_view();

/// Init, in the run's namespaces: /box, /tmp, /proc. Throws Error{stage}.
void mount_run_folders(const Limits& limits);

/// Init: a folder that only holds the script to run, `size` bytes long. Throws Error{stage}.
void mount_program_folder(Bytes size);

/// Init: no writing through this mount point any more. Throws Error{stage}.
void make_read_only(const char* folder);

}  // namespace daemonz::sandbox
