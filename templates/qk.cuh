// The operands of Q K^T: the generator puts one of qk_input.cuh, qk_int8.cuh, qk_int4.cuh and qk_e4m3.cuh here.
#pragma once

#include "qk_input.cuh"
