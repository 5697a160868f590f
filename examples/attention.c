/* Causal attention from C: one call, then the same in steps (find, execute, explain), checked against a plain loop. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "attune/attune.h"

enum { B = 1, HQ = 4, HKV = 2, S = 65, D = 64 };

static float q[B * HQ * S * D], k[B * HKV * S * D], v[B * HKV * S * D], o[B * HQ * S * D];

static void fill(float* values, int count, unsigned seed) {
  for (int i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    values[i] = (float)(seed >> 8) / (float)(1u << 23) - 1.0f;
  }
}

/* Largest difference from attention as it is defined, in double. */
static double largest_error(void) {
  double worst = 0, scores[S];
  for (int h = 0; h < HQ; ++h) {
    const float* kh = k + (size_t)(h / (HQ / HKV)) * S * D;
    const float* vh = v + (size_t)(h / (HQ / HKV)) * S * D;
    for (int i = 0; i < S; ++i) {
      const size_t row = ((size_t)h * S + (size_t)i) * D;
      double largest = -INFINITY, sum = 0;
      for (int j = 0; j <= i; ++j) {
        scores[j] = 0;
        for (int d = 0; d < D; ++d) scores[j] += (double)q[row + (size_t)d] * kh[j * D + d] / sqrt(D);
        largest = fmax(largest, scores[j]);
      }
      for (int j = 0; j <= i; ++j) sum += scores[j] = exp(scores[j] - largest);
      for (int d = 0; d < D; ++d) {
        double expected = 0;
        for (int j = 0; j <= i; ++j) expected += scores[j] / sum * vh[j * D + d];
        worst = fmax(worst, fabs(expected - o[row + (size_t)d]));
      }
    }
  }
  return worst;
}

static int failed(const char* what, attune_status status) {
  fprintf(stderr, "%s: %s: %s\n", what, attune_status_name(status), attune_last_error());
  return 1;
}

int main(void) {
  attune_context* context = NULL;
  attune_status status = attune_context_create(NULL, &context);
  if (status != ATTUNE_OK) return failed("context", status);

  attune_problem problem;
  attune_problem_init(&problem, sizeof problem);
  problem.batch = B, problem.heads_q = HQ, problem.heads_kv = HKV;
  problem.seqlen_q = problem.seqlen_kv = S;
  problem.head_dim_qk = problem.head_dim_v = D;
  problem.causal = 1;

  fill(q, B * HQ * S * D, 1);
  fill(k, B * HKV * S * D, 2);
  fill(v, B * HKV * S * D, 3);
  attune_tensors tensors;
  attune_tensors_init(&tensors, sizeof tensors);
  attune_tensors_set_contiguous(&problem, &tensors);
  tensors.q.data = q, tensors.k.data = k, tensors.v.data = v, tensors.o.data = o;

  status = attune_attention(context, &problem, &tensors, NULL);
  if (status != ATTUNE_OK) return failed("attention", status);
  double error = largest_error();
  printf("one call: largest error %.2e\n", error);
  if (!(error < 1e-5)) return 1;

  /* In steps, with a workspace of our own: what a server does before it captures or times anything. */
  attune_plan* plan = NULL;
  status = attune_find(context, &problem, ATTUNE_COMPILE, NULL, &plan);
  if (status != ATTUNE_OK) return failed("find", status);
  const int64_t workspace_bytes = attune_plan_workspace_bytes(plan);
  void* workspace = workspace_bytes > 0 ? aligned_alloc(64, (size_t)((workspace_bytes + 63) / 64 * 64)) : NULL;
  for (int i = 0; i < B * HQ * S * D; ++i) o[i] = NAN;
  status = attune_execute(context, plan, &tensors, workspace, workspace_bytes, NULL);
  if (status != ATTUNE_OK) return failed("execute", status);
  error = largest_error();
  printf("in steps: largest error %.2e\n%s", error, attune_plan_text(plan));

  free(workspace);
  attune_plan_release(plan);
  attune_context_destroy(context);
  return error < 1e-5 ? 0 : 1;
}
