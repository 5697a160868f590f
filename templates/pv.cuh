// The operands and sums of P V: the generator puts one of pv_input.cuh, pv_fp16_sums.cuh, pv_e4m3.cuh and pv_int8.cuh here.
#pragma once

#include "pv_input.cuh"
