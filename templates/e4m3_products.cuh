// Products of e4m3 fragments: the generator puts e4m3_products_native.cuh or e4m3_products_by_fp16.cuh here.
#pragma once

#include "e4m3_products_native.cuh"
