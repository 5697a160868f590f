// One function a file of benchmarks: registration is explicit, so nothing is compiled or opened before main().
#pragma once

namespace attune::bench {

void register_plan_cache();    // a plan that is known: budget 1 us
void register_kernel_cache();  // a kernel in the store: budget 5 ms; a kernel that must be compiled: budget 600 ms
void register_launch();        // what a call costs beside its arithmetic
void register_configs();       // throughput of one problem under its heuristic config and the neighbours of that

}  // namespace attune::bench
