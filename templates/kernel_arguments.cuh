// What the kernels of a unit take: the generator puts quantized_arguments.cuh here when something is quantized.
#pragma once

#include "arguments.cuh"

using KernelArguments = Arguments;
