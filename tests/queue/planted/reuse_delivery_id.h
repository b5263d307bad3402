// Included before lib/queue/journaled_store.cc when that is compiled a second time, for a program
// that must be found out: delivery ids begin at the same number in each run of the server.
#pragma once

#include "journal/journal.h"

#define current_segment() recovery().segments * 0
