// Sends descriptors between its own processes, which is its right.
// allowed: OK
// never: that is refused
#include "probe.h"

#include <sys/socket.h>
#include <sys/uio.h>

int main(void) {
  int ends[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  memcpy(CMSG_DATA(&control.header), &ends[0], sizeof(int));
  struct iovec body = {"x", 1};
  const struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = &control,
                                 .msg_controllen = sizeof control};
  return sendmsg(ends[1], &message, 0) != 1;
}
