/* trial_stub.c: what node/trial.c needs of the library. */
#include <stdlib.h>

#include "library.h"

struct library library;
__thread struct thread *self __attribute__((tls_model("initial-exec")));

void *wiped_take(size_t bytes)
{
	return calloc(1, bytes);
}
