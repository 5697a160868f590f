/* attune.h is C99 and its constants are usable in C; the functions are called from abi_test.cpp. */
#include "attune/attune.h"

int attune_test_c_view(void);
int attune_test_c_view(void) {
  attune_problem problem;
  attune_tensors tensors;
  attune_context_options options;
  attune_tune_options tuning;
  if (attune_problem_init(&problem, sizeof problem) != ATTUNE_OK) return 1;
  if (attune_tensors_init(&tensors, sizeof tensors) != ATTUNE_OK) return 2;
  if (attune_context_options_init(&options, sizeof options) != ATTUNE_OK) return 3;
  if (attune_tune_options_init(&tuning, sizeof tuning) != ATTUNE_OK) return 4;
  if (problem.struct_size != sizeof problem || problem.window_left != -1 || problem.dtype != ATTUNE_F32) return 5;
  if (tensors.q.data != NULL || tensors.mask.stride_kv != 1) return 6;
  if (options.device != NULL || tuning.resume != 1) return 7;
  return 0;
}
