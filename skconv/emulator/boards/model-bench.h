/* bench.h by a name that no model can have: a model called "bench" has a bench.h of its own. */
#include "bench.h"
