// The element type: the generator puts element_fp16.cuh or element_bf16.cuh here.
#pragma once

#include "element_bf16.cuh"
