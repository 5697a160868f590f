; Attune forward_cpu version 1: attention forward on the host.
; arch: x86-64-avx512
; spec: forward_cpu v1 x86-64-avx512 alibi=0 alignment=none causal=0 dtype=fp32 full_lists=0 group=1 head_dim_qk=64 head_dim_v=64 kv_lengths=0 lse=0 mask=none mask_broadcast_kv=0 mask_dtype=none mask_short=0 partial_lists=0 positive_scale=1 sinks=0 softcap=0 sparsity=none varlen=0 window_left=0 window_right=0
; config: block_m=384 block_n=256 grain=1 k_pack=1 pack_gqa=0 prefetch=0 pv_columns=4 qk_columns=4 rows=6 splits=1 unroll=1 v_pack=1
; ModuleID = 'attune_forward_cpu'
source_filename = "attune_forward_cpu"

; Function Attrs: noinline nounwind
; keys -> packed[panel][word][column][lane]: a transpose, so that scores are an outer product
define internal void @pack_keys(ptr noundef %keys, i64 %stride, i64 %count, ptr noundef %packed) #0 {
entry:
  %last = sub nsw i64 %count, 1
  %0 = icmp slt i64 0, %count
  br i1 %0, label %key.loop, label %key.done

key.loop:                                         ; preds = %word.done, %entry
  %key = phi i64 [ 0, %entry ], [ %key.next, %word.done ]
  %group = udiv i64 %key, 16
  %panel = udiv i64 %group, 4
  %column = urem i64 %group, 4
  %1 = mul nsw i64 %column, 64
  %2 = mul nsw i64 %panel, 16384
  %3 = add nsw i64 %2, %1
  %out = getelementptr inbounds i8, ptr %packed, i64 %3
  %4 = call i64 @llvm.smin.i64(i64 %key, i64 %last)
  %5 = mul nsw i64 %4, %stride
  %row = getelementptr inbounds i8, ptr %keys, i64 %5
  %6 = add nsw i64 %key, 1
  %7 = call i64 @llvm.smin.i64(i64 %6, i64 %last)
  %8 = mul nsw i64 %7, %stride
  %row1 = getelementptr inbounds i8, ptr %keys, i64 %8
  %9 = add nsw i64 %key, 2
  %10 = call i64 @llvm.smin.i64(i64 %9, i64 %last)
  %11 = mul nsw i64 %10, %stride
  %row2 = getelementptr inbounds i8, ptr %keys, i64 %11
  %12 = add nsw i64 %key, 3
  %13 = call i64 @llvm.smin.i64(i64 %12, i64 %last)
  %14 = mul nsw i64 %13, %stride
  %row3 = getelementptr inbounds i8, ptr %keys, i64 %14
  %15 = add nsw i64 %key, 4
  %16 = call i64 @llvm.smin.i64(i64 %15, i64 %last)
  %17 = mul nsw i64 %16, %stride
  %row4 = getelementptr inbounds i8, ptr %keys, i64 %17
  %18 = add nsw i64 %key, 5
  %19 = call i64 @llvm.smin.i64(i64 %18, i64 %last)
  %20 = mul nsw i64 %19, %stride
  %row5 = getelementptr inbounds i8, ptr %keys, i64 %20
  %21 = add nsw i64 %key, 6
  %22 = call i64 @llvm.smin.i64(i64 %21, i64 %last)
  %23 = mul nsw i64 %22, %stride
  %row6 = getelementptr inbounds i8, ptr %keys, i64 %23
  %24 = add nsw i64 %key, 7
  %25 = call i64 @llvm.smin.i64(i64 %24, i64 %last)
  %26 = mul nsw i64 %25, %stride
  %row7 = getelementptr inbounds i8, ptr %keys, i64 %26
  %27 = add nsw i64 %key, 8
  %28 = call i64 @llvm.smin.i64(i64 %27, i64 %last)
  %29 = mul nsw i64 %28, %stride
  %row8 = getelementptr inbounds i8, ptr %keys, i64 %29
  %30 = add nsw i64 %key, 9
  %31 = call i64 @llvm.smin.i64(i64 %30, i64 %last)
  %32 = mul nsw i64 %31, %stride
  %row9 = getelementptr inbounds i8, ptr %keys, i64 %32
  %33 = add nsw i64 %key, 10
  %34 = call i64 @llvm.smin.i64(i64 %33, i64 %last)
  %35 = mul nsw i64 %34, %stride
  %row10 = getelementptr inbounds i8, ptr %keys, i64 %35
  %36 = add nsw i64 %key, 11
  %37 = call i64 @llvm.smin.i64(i64 %36, i64 %last)
  %38 = mul nsw i64 %37, %stride
  %row11 = getelementptr inbounds i8, ptr %keys, i64 %38
  %39 = add nsw i64 %key, 12
  %40 = call i64 @llvm.smin.i64(i64 %39, i64 %last)
  %41 = mul nsw i64 %40, %stride
  %row12 = getelementptr inbounds i8, ptr %keys, i64 %41
  %42 = add nsw i64 %key, 13
  %43 = call i64 @llvm.smin.i64(i64 %42, i64 %last)
  %44 = mul nsw i64 %43, %stride
  %row13 = getelementptr inbounds i8, ptr %keys, i64 %44
  %45 = add nsw i64 %key, 14
  %46 = call i64 @llvm.smin.i64(i64 %45, i64 %last)
  %47 = mul nsw i64 %46, %stride
  %row14 = getelementptr inbounds i8, ptr %keys, i64 %47
  %48 = add nsw i64 %key, 15
  %49 = call i64 @llvm.smin.i64(i64 %48, i64 %last)
  %50 = mul nsw i64 %49, %stride
  %row15 = getelementptr inbounds i8, ptr %keys, i64 %50
  br i1 true, label %word.loop, label %word.done

key.done:                                         ; preds = %word.done, %entry
  ret void

word.loop:                                        ; preds = %word.loop, %key.loop
  %word = phi i64 [ 0, %key.loop ], [ %word.next, %word.loop ]
  %in_bytes = mul nsw i64 %word, 4
  %51 = getelementptr inbounds i8, ptr %row, i64 %in_bytes
  %key16 = load <16 x float>, ptr %51, align 4
  %52 = bitcast <16 x float> %key16 to <16 x i32>
  %53 = getelementptr inbounds i8, ptr %row1, i64 %in_bytes
  %key17 = load <16 x float>, ptr %53, align 4
  %54 = bitcast <16 x float> %key17 to <16 x i32>
  %55 = getelementptr inbounds i8, ptr %row2, i64 %in_bytes
  %key18 = load <16 x float>, ptr %55, align 4
  %56 = bitcast <16 x float> %key18 to <16 x i32>
  %57 = getelementptr inbounds i8, ptr %row3, i64 %in_bytes
  %key19 = load <16 x float>, ptr %57, align 4
  %58 = bitcast <16 x float> %key19 to <16 x i32>
  %59 = getelementptr inbounds i8, ptr %row4, i64 %in_bytes
  %key20 = load <16 x float>, ptr %59, align 4
  %60 = bitcast <16 x float> %key20 to <16 x i32>
  %61 = getelementptr inbounds i8, ptr %row5, i64 %in_bytes
  %key21 = load <16 x float>, ptr %61, align 4
  %62 = bitcast <16 x float> %key21 to <16 x i32>
  %63 = getelementptr inbounds i8, ptr %row6, i64 %in_bytes
  %key22 = load <16 x float>, ptr %63, align 4
  %64 = bitcast <16 x float> %key22 to <16 x i32>
  %65 = getelementptr inbounds i8, ptr %row7, i64 %in_bytes
  %key23 = load <16 x float>, ptr %65, align 4
  %66 = bitcast <16 x float> %key23 to <16 x i32>
  %67 = getelementptr inbounds i8, ptr %row8, i64 %in_bytes
  %key24 = load <16 x float>, ptr %67, align 4
  %68 = bitcast <16 x float> %key24 to <16 x i32>
  %69 = getelementptr inbounds i8, ptr %row9, i64 %in_bytes
  %key25 = load <16 x float>, ptr %69, align 4
  %70 = bitcast <16 x float> %key25 to <16 x i32>
  %71 = getelementptr inbounds i8, ptr %row10, i64 %in_bytes
  %key26 = load <16 x float>, ptr %71, align 4
  %72 = bitcast <16 x float> %key26 to <16 x i32>
  %73 = getelementptr inbounds i8, ptr %row11, i64 %in_bytes
  %key27 = load <16 x float>, ptr %73, align 4
  %74 = bitcast <16 x float> %key27 to <16 x i32>
  %75 = getelementptr inbounds i8, ptr %row12, i64 %in_bytes
  %key28 = load <16 x float>, ptr %75, align 4
  %76 = bitcast <16 x float> %key28 to <16 x i32>
  %77 = getelementptr inbounds i8, ptr %row13, i64 %in_bytes
  %key29 = load <16 x float>, ptr %77, align 4
  %78 = bitcast <16 x float> %key29 to <16 x i32>
  %79 = getelementptr inbounds i8, ptr %row14, i64 %in_bytes
  %key30 = load <16 x float>, ptr %79, align 4
  %80 = bitcast <16 x float> %key30 to <16 x i32>
  %81 = getelementptr inbounds i8, ptr %row15, i64 %in_bytes
  %key31 = load <16 x float>, ptr %81, align 4
  %82 = bitcast <16 x float> %key31 to <16 x i32>
  %83 = shufflevector <16 x i32> %52, <16 x i32> %54, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %84 = shufflevector <16 x i32> %52, <16 x i32> %54, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %85 = shufflevector <16 x i32> %56, <16 x i32> %58, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %86 = shufflevector <16 x i32> %56, <16 x i32> %58, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %87 = shufflevector <16 x i32> %60, <16 x i32> %62, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %88 = shufflevector <16 x i32> %60, <16 x i32> %62, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %89 = shufflevector <16 x i32> %64, <16 x i32> %66, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %90 = shufflevector <16 x i32> %64, <16 x i32> %66, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %91 = shufflevector <16 x i32> %68, <16 x i32> %70, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %92 = shufflevector <16 x i32> %68, <16 x i32> %70, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %93 = shufflevector <16 x i32> %72, <16 x i32> %74, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %94 = shufflevector <16 x i32> %72, <16 x i32> %74, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %95 = shufflevector <16 x i32> %76, <16 x i32> %78, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %96 = shufflevector <16 x i32> %76, <16 x i32> %78, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %97 = shufflevector <16 x i32> %80, <16 x i32> %82, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %98 = shufflevector <16 x i32> %80, <16 x i32> %82, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %99 = shufflevector <16 x i32> %83, <16 x i32> %85, <16 x i32> <i32 0, i32 1, i32 16, i32 17, i32 4, i32 5, i32 20, i32 21, i32 8, i32 9, i32 24, i32 25, i32 12, i32 13, i32 28, i32 29>
  %100 = shufflevector <16 x i32> %83, <16 x i32> %85, <16 x i32> <i32 2, i32 3, i32 18, i32 19, i32 6, i32 7, i32 22, i32 23, i32 10, i32 11, i32 26, i32 27, i32 14, i32 15, i32 30, i32 31>
  %101 = shufflevector <16 x i32> %84, <16 x i32> %86, <16 x i32> <i32 0, i32 1, i32 16, i32 17, i32 4, i32 5, i32 20, i32 21, i32 8, i32 9, i32 24, i32 25, i32 12, i32 13, i32 28, i32 29>
  %102 = shufflevector <16 x i32> %84, <16 x i32> %86, <16 x i32> <i32 2, i32 3, i32 18, i32 19, i32 6, i32 7, i32 22, i32 23, i32 10, i32 11, i32 26, i32 27, i32 14, i32 15, i32 30, i32 31>
  %103 = shufflevector <16 x i32> %87, <16 x i32> %89, <16 x i32> <i32 0, i32 1, i32 16, i32 17, i32 4, i32 5, i32 20, i32 21, i32 8, i32 9, i32 24, i32 25, i32 12, i32 13, i32 28, i32 29>
  %104 = shufflevector <16 x i32> %87, <16 x i32> %89, <16 x i32> <i32 2, i32 3, i32 18, i32 19, i32 6, i32 7, i32 22, i32 23, i32 10, i32 11, i32 26, i32 27, i32 14, i32 15, i32 30, i32 31>
  %105 = shufflevector <16 x i32> %88, <16 x i32> %90, <16 x i32> <i32 0, i32 1, i32 16, i32 17, i32 4, i32 5, i32 20, i32 21, i32 8, i32 9, i32 24, i32 25, i32 12, i32 13, i32 28, i32 29>
  %106 = shufflevector <16 x i32> %88, <16 x i32> %90, <16 x i32> <i32 2, i32 3, i32 18, i32 19, i32 6, i32 7, i32 22, i32 23, i32 10, i32 11, i32 26, i32 27, i32 14, i32 15, i32 30, i32 31>
  %107 = shufflevector <16 x i32> %91, <16 x i32> %93, <16 x i32> <i32 0, i32 1, i32 16, i32 17, i32 4, i32 5, i32 20, i32 21, i32 8, i32 9, i32 24, i32 25, i32 12, i32 13, i32 28, i32 29>
  %108 = shufflevector <16 x i32> %91, <16 x i32> %93, <16 x i32> <i32 2, i32 3, i32 18, i32 19, i32 6, i32 7, i32 22, i32 23, i32 10, i32 11, i32 26, i32 27, i32 14, i32 15, i32 30, i32 31>
  %109 = shufflevector <16 x i32> %92, <16 x i32> %94, <16 x i32> <i32 0, i32 1, i32 16, i32 17, i32 4, i32 5, i32 20, i32 21, i32 8, i32 9, i32 24, i32 25, i32 12, i32 13, i32 28, i32 29>
  %110 = shufflevector <16 x i32> %92, <16 x i32> %94, <16 x i32> <i32 2, i32 3, i32 18, i32 19, i32 6, i32 7, i32 22, i32 23, i32 10, i32 11, i32 26, i32 27, i32 14, i32 15, i32 30, i32 31>
  %111 = shufflevector <16 x i32> %95, <16 x i32> %97, <16 x i32> <i32 0, i32 1, i32 16, i32 17, i32 4, i32 5, i32 20, i32 21, i32 8, i32 9, i32 24, i32 25, i32 12, i32 13, i32 28, i32 29>
  %112 = shufflevector <16 x i32> %95, <16 x i32> %97, <16 x i32> <i32 2, i32 3, i32 18, i32 19, i32 6, i32 7, i32 22, i32 23, i32 10, i32 11, i32 26, i32 27, i32 14, i32 15, i32 30, i32 31>
  %113 = shufflevector <16 x i32> %96, <16 x i32> %98, <16 x i32> <i32 0, i32 1, i32 16, i32 17, i32 4, i32 5, i32 20, i32 21, i32 8, i32 9, i32 24, i32 25, i32 12, i32 13, i32 28, i32 29>
  %114 = shufflevector <16 x i32> %96, <16 x i32> %98, <16 x i32> <i32 2, i32 3, i32 18, i32 19, i32 6, i32 7, i32 22, i32 23, i32 10, i32 11, i32 26, i32 27, i32 14, i32 15, i32 30, i32 31>
  %115 = shufflevector <16 x i32> %99, <16 x i32> %103, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 16, i32 17, i32 18, i32 19, i32 8, i32 9, i32 10, i32 11, i32 24, i32 25, i32 26, i32 27>
  %116 = shufflevector <16 x i32> %99, <16 x i32> %103, <16 x i32> <i32 4, i32 5, i32 6, i32 7, i32 20, i32 21, i32 22, i32 23, i32 12, i32 13, i32 14, i32 15, i32 28, i32 29, i32 30, i32 31>
  %117 = shufflevector <16 x i32> %101, <16 x i32> %105, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 16, i32 17, i32 18, i32 19, i32 8, i32 9, i32 10, i32 11, i32 24, i32 25, i32 26, i32 27>
  %118 = shufflevector <16 x i32> %101, <16 x i32> %105, <16 x i32> <i32 4, i32 5, i32 6, i32 7, i32 20, i32 21, i32 22, i32 23, i32 12, i32 13, i32 14, i32 15, i32 28, i32 29, i32 30, i32 31>
  %119 = shufflevector <16 x i32> %100, <16 x i32> %104, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 16, i32 17, i32 18, i32 19, i32 8, i32 9, i32 10, i32 11, i32 24, i32 25, i32 26, i32 27>
  %120 = shufflevector <16 x i32> %100, <16 x i32> %104, <16 x i32> <i32 4, i32 5, i32 6, i32 7, i32 20, i32 21, i32 22, i32 23, i32 12, i32 13, i32 14, i32 15, i32 28, i32 29, i32 30, i32 31>
  %121 = shufflevector <16 x i32> %102, <16 x i32> %106, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 16, i32 17, i32 18, i32 19, i32 8, i32 9, i32 10, i32 11, i32 24, i32 25, i32 26, i32 27>
  %122 = shufflevector <16 x i32> %102, <16 x i32> %106, <16 x i32> <i32 4, i32 5, i32 6, i32 7, i32 20, i32 21, i32 22, i32 23, i32 12, i32 13, i32 14, i32 15, i32 28, i32 29, i32 30, i32 31>
  %123 = shufflevector <16 x i32> %107, <16 x i32> %111, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 16, i32 17, i32 18, i32 19, i32 8, i32 9, i32 10, i32 11, i32 24, i32 25, i32 26, i32 27>
  %124 = shufflevector <16 x i32> %107, <16 x i32> %111, <16 x i32> <i32 4, i32 5, i32 6, i32 7, i32 20, i32 21, i32 22, i32 23, i32 12, i32 13, i32 14, i32 15, i32 28, i32 29, i32 30, i32 31>
  %125 = shufflevector <16 x i32> %109, <16 x i32> %113, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 16, i32 17, i32 18, i32 19, i32 8, i32 9, i32 10, i32 11, i32 24, i32 25, i32 26, i32 27>
  %126 = shufflevector <16 x i32> %109, <16 x i32> %113, <16 x i32> <i32 4, i32 5, i32 6, i32 7, i32 20, i32 21, i32 22, i32 23, i32 12, i32 13, i32 14, i32 15, i32 28, i32 29, i32 30, i32 31>
  %127 = shufflevector <16 x i32> %108, <16 x i32> %112, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 16, i32 17, i32 18, i32 19, i32 8, i32 9, i32 10, i32 11, i32 24, i32 25, i32 26, i32 27>
  %128 = shufflevector <16 x i32> %108, <16 x i32> %112, <16 x i32> <i32 4, i32 5, i32 6, i32 7, i32 20, i32 21, i32 22, i32 23, i32 12, i32 13, i32 14, i32 15, i32 28, i32 29, i32 30, i32 31>
  %129 = shufflevector <16 x i32> %110, <16 x i32> %114, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 16, i32 17, i32 18, i32 19, i32 8, i32 9, i32 10, i32 11, i32 24, i32 25, i32 26, i32 27>
  %130 = shufflevector <16 x i32> %110, <16 x i32> %114, <16 x i32> <i32 4, i32 5, i32 6, i32 7, i32 20, i32 21, i32 22, i32 23, i32 12, i32 13, i32 14, i32 15, i32 28, i32 29, i32 30, i32 31>
  %131 = shufflevector <16 x i32> %115, <16 x i32> %123, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23>
  %132 = shufflevector <16 x i32> %115, <16 x i32> %123, <16 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %133 = shufflevector <16 x i32> %117, <16 x i32> %125, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23>
  %134 = shufflevector <16 x i32> %117, <16 x i32> %125, <16 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %135 = shufflevector <16 x i32> %119, <16 x i32> %127, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23>
  %136 = shufflevector <16 x i32> %119, <16 x i32> %127, <16 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %137 = shufflevector <16 x i32> %121, <16 x i32> %129, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23>
  %138 = shufflevector <16 x i32> %121, <16 x i32> %129, <16 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %139 = shufflevector <16 x i32> %116, <16 x i32> %124, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23>
  %140 = shufflevector <16 x i32> %116, <16 x i32> %124, <16 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %141 = shufflevector <16 x i32> %118, <16 x i32> %126, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23>
  %142 = shufflevector <16 x i32> %118, <16 x i32> %126, <16 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %143 = shufflevector <16 x i32> %120, <16 x i32> %128, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23>
  %144 = shufflevector <16 x i32> %120, <16 x i32> %128, <16 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %145 = shufflevector <16 x i32> %122, <16 x i32> %130, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23>
  %146 = shufflevector <16 x i32> %122, <16 x i32> %130, <16 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %147 = mul nsw i64 %word, 256
  %148 = getelementptr inbounds i8, ptr %out, i64 %147
  store <16 x i32> %131, ptr %148, align 64
  %149 = add nsw i64 %word, 1
  %150 = mul nsw i64 %149, 256
  %151 = getelementptr inbounds i8, ptr %out, i64 %150
  store <16 x i32> %133, ptr %151, align 64
  %152 = add nsw i64 %word, 2
  %153 = mul nsw i64 %152, 256
  %154 = getelementptr inbounds i8, ptr %out, i64 %153
  store <16 x i32> %135, ptr %154, align 64
  %155 = add nsw i64 %word, 3
  %156 = mul nsw i64 %155, 256
  %157 = getelementptr inbounds i8, ptr %out, i64 %156
  store <16 x i32> %137, ptr %157, align 64
  %158 = add nsw i64 %word, 4
  %159 = mul nsw i64 %158, 256
  %160 = getelementptr inbounds i8, ptr %out, i64 %159
  store <16 x i32> %139, ptr %160, align 64
  %161 = add nsw i64 %word, 5
  %162 = mul nsw i64 %161, 256
  %163 = getelementptr inbounds i8, ptr %out, i64 %162
  store <16 x i32> %141, ptr %163, align 64
  %164 = add nsw i64 %word, 6
  %165 = mul nsw i64 %164, 256
  %166 = getelementptr inbounds i8, ptr %out, i64 %165
  store <16 x i32> %143, ptr %166, align 64
  %167 = add nsw i64 %word, 7
  %168 = mul nsw i64 %167, 256
  %169 = getelementptr inbounds i8, ptr %out, i64 %168
  store <16 x i32> %145, ptr %169, align 64
  %170 = add nsw i64 %word, 8
  %171 = mul nsw i64 %170, 256
  %172 = getelementptr inbounds i8, ptr %out, i64 %171
  store <16 x i32> %132, ptr %172, align 64
  %173 = add nsw i64 %word, 9
  %174 = mul nsw i64 %173, 256
  %175 = getelementptr inbounds i8, ptr %out, i64 %174
  store <16 x i32> %134, ptr %175, align 64
  %176 = add nsw i64 %word, 10
  %177 = mul nsw i64 %176, 256
  %178 = getelementptr inbounds i8, ptr %out, i64 %177
  store <16 x i32> %136, ptr %178, align 64
  %179 = add nsw i64 %word, 11
  %180 = mul nsw i64 %179, 256
  %181 = getelementptr inbounds i8, ptr %out, i64 %180
  store <16 x i32> %138, ptr %181, align 64
  %182 = add nsw i64 %word, 12
  %183 = mul nsw i64 %182, 256
  %184 = getelementptr inbounds i8, ptr %out, i64 %183
  store <16 x i32> %140, ptr %184, align 64
  %185 = add nsw i64 %word, 13
  %186 = mul nsw i64 %185, 256
  %187 = getelementptr inbounds i8, ptr %out, i64 %186
  store <16 x i32> %142, ptr %187, align 64
  %188 = add nsw i64 %word, 14
  %189 = mul nsw i64 %188, 256
  %190 = getelementptr inbounds i8, ptr %out, i64 %189
  store <16 x i32> %144, ptr %190, align 64
  %191 = add nsw i64 %word, 15
  %192 = mul nsw i64 %191, 256
  %193 = getelementptr inbounds i8, ptr %out, i64 %192
  store <16 x i32> %146, ptr %193, align 64
  %word.next = add nsw i64 %word, 16
  %194 = icmp slt i64 %word.next, 64
  br i1 %194, label %word.loop, label %word.done

word.done:                                        ; preds = %word.loop, %key.loop
  %key.next = add nsw i64 %key, 16
  %195 = icmp slt i64 %key.next, %count
  br i1 %195, label %key.loop, label %key.done
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.smin.i64(i64, i64) #1

; Function Attrs: noinline nounwind
; values -> whole registers a row, converted to fp32 or paired for the bf16 dot product, zero past the end
define internal void @pack_values(ptr noundef %values, i64 %stride, i64 %count, ptr noundef %packed, ptr noundef %scratch) #0 {
entry:
  %0 = icmp slt i64 0, %count
  br i1 %0, label %row.loop, label %row.done

row.loop:                                         ; preds = %row.loop, %entry
  %row = phi i64 [ 0, %entry ], [ %row.next, %row.loop ]
  %1 = mul nsw i64 %row, %stride
  %in = getelementptr inbounds i8, ptr %values, i64 %1
  %2 = mul nsw i64 %row, 256
  %out = getelementptr inbounds i8, ptr %packed, i64 %2
  %value = load <16 x float>, ptr %in, align 4
  store <16 x float> %value, ptr %out, align 64
  %3 = getelementptr inbounds i8, ptr %in, i64 64
  %value1 = load <16 x float>, ptr %3, align 4
  %4 = getelementptr inbounds i8, ptr %out, i64 64
  store <16 x float> %value1, ptr %4, align 64
  %5 = getelementptr inbounds i8, ptr %in, i64 128
  %value2 = load <16 x float>, ptr %5, align 4
  %6 = getelementptr inbounds i8, ptr %out, i64 128
  store <16 x float> %value2, ptr %6, align 64
  %7 = getelementptr inbounds i8, ptr %in, i64 192
  %value3 = load <16 x float>, ptr %7, align 4
  %8 = getelementptr inbounds i8, ptr %out, i64 192
  store <16 x float> %value3, ptr %8, align 64
  %row.next = add nsw i64 %row, 1
  %9 = icmp slt i64 %row.next, %count
  br i1 %9, label %row.loop, label %row.done

row.done:                                         ; preds = %row.loop, %entry
  %pad_begin = udiv i64 %count, 1
  %10 = add nsw i64 %count, 1
  %11 = udiv i64 %10, 2
  %12 = mul nsw i64 %11, 2
  %pad_end = udiv i64 %12, 1
  %13 = icmp slt i64 %pad_begin, %pad_end
  br i1 %13, label %pad.loop, label %pad.done

pad.loop:                                         ; preds = %pad.loop, %row.done
  %pad = phi i64 [ %pad_begin, %row.done ], [ %pad.next, %pad.loop ]
  %14 = mul nsw i64 %pad, 256
  %15 = getelementptr inbounds i8, ptr %packed, i64 %14
  store <16 x float> zeroinitializer, ptr %15, align 64
  %16 = getelementptr inbounds i8, ptr %15, i64 64
  store <16 x float> zeroinitializer, ptr %16, align 64
  %17 = getelementptr inbounds i8, ptr %15, i64 128
  store <16 x float> zeroinitializer, ptr %17, align 64
  %18 = getelementptr inbounds i8, ptr %15, i64 192
  store <16 x float> zeroinitializer, ptr %18, align 64
  %pad.next = add nsw i64 %pad, 1
  %19 = icmp slt i64 %pad.next, %pad_end
  br i1 %19, label %pad.loop, label %pad.done

pad.done:                                         ; preds = %pad.loop, %row.done
  ret void
}

; Function Attrs: noinline nounwind
; scores[row][key] = dot(query, key) for one panel of rows, accumulated in registers
define internal void @scores(ptr noundef %queries, ptr noundef %packed, ptr noundef %scores, i64 %count) #0 {
entry:
  %0 = add nsw i64 %count, 15
  %vectors = udiv i64 %0, 16
  %panels = udiv i64 %vectors, 4
  %1 = icmp slt i64 0, %panels
  br i1 %1, label %panel.loop, label %panel.done

panel.loop:                                       ; preds = %word.done, %entry
  %panel = phi i64 [ 0, %entry ], [ %panel.next, %word.done ]
  %2 = mul nsw i64 %panel, 256
  %out = getelementptr inbounds i8, ptr %scores, i64 %2
  %3 = mul nsw i64 %panel, 16384
  %keys = getelementptr inbounds i8, ptr %packed, i64 %3
  br i1 true, label %word.loop, label %word.done

panel.done:                                       ; preds = %word.done, %entry
  %4 = mul nsw i64 %panels, 16384
  %keys83 = getelementptr inbounds i8, ptr %packed, i64 %4
  %5 = mul nsw i64 %panels, 4
  %6 = icmp slt i64 %5, %vectors
  br i1 %6, label %vector.loop, label %vector.done

word.loop:                                        ; preds = %word.loop, %panel.loop
  %word = phi i64 [ 0, %panel.loop ], [ %word.next, %word.loop ]
  %word.carried = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum, %word.loop ]
  %word.carried1 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum27, %word.loop ]
  %word.carried2 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum28, %word.loop ]
  %word.carried3 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum29, %word.loop ]
  %word.carried4 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum32, %word.loop ]
  %word.carried5 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum33, %word.loop ]
  %word.carried6 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum34, %word.loop ]
  %word.carried7 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum35, %word.loop ]
  %word.carried8 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum38, %word.loop ]
  %word.carried9 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum39, %word.loop ]
  %word.carried10 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum40, %word.loop ]
  %word.carried11 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum41, %word.loop ]
  %word.carried12 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum44, %word.loop ]
  %word.carried13 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum45, %word.loop ]
  %word.carried14 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum46, %word.loop ]
  %word.carried15 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum47, %word.loop ]
  %word.carried16 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum50, %word.loop ]
  %word.carried17 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum51, %word.loop ]
  %word.carried18 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum52, %word.loop ]
  %word.carried19 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum53, %word.loop ]
  %word.carried20 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum56, %word.loop ]
  %word.carried21 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum57, %word.loop ]
  %word.carried22 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum58, %word.loop ]
  %word.carried23 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum59, %word.loop ]
  %7 = mul nsw i64 %word, 256
  %8 = getelementptr inbounds i8, ptr %keys, i64 %7
  %key = load <16 x i32>, ptr %8, align 64
  %9 = getelementptr inbounds i8, ptr %8, i64 64
  %key24 = load <16 x i32>, ptr %9, align 64
  %10 = getelementptr inbounds i8, ptr %8, i64 128
  %key25 = load <16 x i32>, ptr %10, align 64
  %11 = getelementptr inbounds i8, ptr %8, i64 192
  %key26 = load <16 x i32>, ptr %11, align 64
  %12 = mul nsw i64 %word, 4
  %13 = getelementptr inbounds i8, ptr %queries, i64 %12
  %14 = load i32, ptr %13, align 4
  %q.splatinsert = insertelement <16 x i32> poison, i32 %14, i64 0
  %q.splat = shufflevector <16 x i32> %q.splatinsert, <16 x i32> poison, <16 x i32> zeroinitializer
  %15 = bitcast <16 x i32> %key to <16 x float>
  %16 = bitcast <16 x i32> %q.splat to <16 x float>
  %sum = call <16 x float> @llvm.fma.v16f32(<16 x float> %16, <16 x float> %15, <16 x float> %word.carried)
  %17 = bitcast <16 x i32> %key24 to <16 x float>
  %18 = bitcast <16 x i32> %q.splat to <16 x float>
  %sum27 = call <16 x float> @llvm.fma.v16f32(<16 x float> %18, <16 x float> %17, <16 x float> %word.carried1)
  %19 = bitcast <16 x i32> %key25 to <16 x float>
  %20 = bitcast <16 x i32> %q.splat to <16 x float>
  %sum28 = call <16 x float> @llvm.fma.v16f32(<16 x float> %20, <16 x float> %19, <16 x float> %word.carried2)
  %21 = bitcast <16 x i32> %key26 to <16 x float>
  %22 = bitcast <16 x i32> %q.splat to <16 x float>
  %sum29 = call <16 x float> @llvm.fma.v16f32(<16 x float> %22, <16 x float> %21, <16 x float> %word.carried3)
  %23 = getelementptr inbounds i8, ptr %13, i64 256
  %24 = load i32, ptr %23, align 4
  %q.splatinsert30 = insertelement <16 x i32> poison, i32 %24, i64 0
  %q.splat31 = shufflevector <16 x i32> %q.splatinsert30, <16 x i32> poison, <16 x i32> zeroinitializer
  %25 = bitcast <16 x i32> %key to <16 x float>
  %26 = bitcast <16 x i32> %q.splat31 to <16 x float>
  %sum32 = call <16 x float> @llvm.fma.v16f32(<16 x float> %26, <16 x float> %25, <16 x float> %word.carried4)
  %27 = bitcast <16 x i32> %key24 to <16 x float>
  %28 = bitcast <16 x i32> %q.splat31 to <16 x float>
  %sum33 = call <16 x float> @llvm.fma.v16f32(<16 x float> %28, <16 x float> %27, <16 x float> %word.carried5)
  %29 = bitcast <16 x i32> %key25 to <16 x float>
  %30 = bitcast <16 x i32> %q.splat31 to <16 x float>
  %sum34 = call <16 x float> @llvm.fma.v16f32(<16 x float> %30, <16 x float> %29, <16 x float> %word.carried6)
  %31 = bitcast <16 x i32> %key26 to <16 x float>
  %32 = bitcast <16 x i32> %q.splat31 to <16 x float>
  %sum35 = call <16 x float> @llvm.fma.v16f32(<16 x float> %32, <16 x float> %31, <16 x float> %word.carried7)
  %33 = getelementptr inbounds i8, ptr %13, i64 512
  %34 = load i32, ptr %33, align 4
  %q.splatinsert36 = insertelement <16 x i32> poison, i32 %34, i64 0
  %q.splat37 = shufflevector <16 x i32> %q.splatinsert36, <16 x i32> poison, <16 x i32> zeroinitializer
  %35 = bitcast <16 x i32> %key to <16 x float>
  %36 = bitcast <16 x i32> %q.splat37 to <16 x float>
  %sum38 = call <16 x float> @llvm.fma.v16f32(<16 x float> %36, <16 x float> %35, <16 x float> %word.carried8)
  %37 = bitcast <16 x i32> %key24 to <16 x float>
  %38 = bitcast <16 x i32> %q.splat37 to <16 x float>
  %sum39 = call <16 x float> @llvm.fma.v16f32(<16 x float> %38, <16 x float> %37, <16 x float> %word.carried9)
  %39 = bitcast <16 x i32> %key25 to <16 x float>
  %40 = bitcast <16 x i32> %q.splat37 to <16 x float>
  %sum40 = call <16 x float> @llvm.fma.v16f32(<16 x float> %40, <16 x float> %39, <16 x float> %word.carried10)
  %41 = bitcast <16 x i32> %key26 to <16 x float>
  %42 = bitcast <16 x i32> %q.splat37 to <16 x float>
  %sum41 = call <16 x float> @llvm.fma.v16f32(<16 x float> %42, <16 x float> %41, <16 x float> %word.carried11)
  %43 = getelementptr inbounds i8, ptr %13, i64 768
  %44 = load i32, ptr %43, align 4
  %q.splatinsert42 = insertelement <16 x i32> poison, i32 %44, i64 0
  %q.splat43 = shufflevector <16 x i32> %q.splatinsert42, <16 x i32> poison, <16 x i32> zeroinitializer
  %45 = bitcast <16 x i32> %key to <16 x float>
  %46 = bitcast <16 x i32> %q.splat43 to <16 x float>
  %sum44 = call <16 x float> @llvm.fma.v16f32(<16 x float> %46, <16 x float> %45, <16 x float> %word.carried12)
  %47 = bitcast <16 x i32> %key24 to <16 x float>
  %48 = bitcast <16 x i32> %q.splat43 to <16 x float>
  %sum45 = call <16 x float> @llvm.fma.v16f32(<16 x float> %48, <16 x float> %47, <16 x float> %word.carried13)
  %49 = bitcast <16 x i32> %key25 to <16 x float>
  %50 = bitcast <16 x i32> %q.splat43 to <16 x float>
  %sum46 = call <16 x float> @llvm.fma.v16f32(<16 x float> %50, <16 x float> %49, <16 x float> %word.carried14)
  %51 = bitcast <16 x i32> %key26 to <16 x float>
  %52 = bitcast <16 x i32> %q.splat43 to <16 x float>
  %sum47 = call <16 x float> @llvm.fma.v16f32(<16 x float> %52, <16 x float> %51, <16 x float> %word.carried15)
  %53 = getelementptr inbounds i8, ptr %13, i64 1024
  %54 = load i32, ptr %53, align 4
  %q.splatinsert48 = insertelement <16 x i32> poison, i32 %54, i64 0
  %q.splat49 = shufflevector <16 x i32> %q.splatinsert48, <16 x i32> poison, <16 x i32> zeroinitializer
  %55 = bitcast <16 x i32> %key to <16 x float>
  %56 = bitcast <16 x i32> %q.splat49 to <16 x float>
  %sum50 = call <16 x float> @llvm.fma.v16f32(<16 x float> %56, <16 x float> %55, <16 x float> %word.carried16)
  %57 = bitcast <16 x i32> %key24 to <16 x float>
  %58 = bitcast <16 x i32> %q.splat49 to <16 x float>
  %sum51 = call <16 x float> @llvm.fma.v16f32(<16 x float> %58, <16 x float> %57, <16 x float> %word.carried17)
  %59 = bitcast <16 x i32> %key25 to <16 x float>
  %60 = bitcast <16 x i32> %q.splat49 to <16 x float>
  %sum52 = call <16 x float> @llvm.fma.v16f32(<16 x float> %60, <16 x float> %59, <16 x float> %word.carried18)
  %61 = bitcast <16 x i32> %key26 to <16 x float>
  %62 = bitcast <16 x i32> %q.splat49 to <16 x float>
  %sum53 = call <16 x float> @llvm.fma.v16f32(<16 x float> %62, <16 x float> %61, <16 x float> %word.carried19)
  %63 = getelementptr inbounds i8, ptr %13, i64 1280
  %64 = load i32, ptr %63, align 4
  %q.splatinsert54 = insertelement <16 x i32> poison, i32 %64, i64 0
  %q.splat55 = shufflevector <16 x i32> %q.splatinsert54, <16 x i32> poison, <16 x i32> zeroinitializer
  %65 = bitcast <16 x i32> %key to <16 x float>
  %66 = bitcast <16 x i32> %q.splat55 to <16 x float>
  %sum56 = call <16 x float> @llvm.fma.v16f32(<16 x float> %66, <16 x float> %65, <16 x float> %word.carried20)
  %67 = bitcast <16 x i32> %key24 to <16 x float>
  %68 = bitcast <16 x i32> %q.splat55 to <16 x float>
  %sum57 = call <16 x float> @llvm.fma.v16f32(<16 x float> %68, <16 x float> %67, <16 x float> %word.carried21)
  %69 = bitcast <16 x i32> %key25 to <16 x float>
  %70 = bitcast <16 x i32> %q.splat55 to <16 x float>
  %sum58 = call <16 x float> @llvm.fma.v16f32(<16 x float> %70, <16 x float> %69, <16 x float> %word.carried22)
  %71 = bitcast <16 x i32> %key26 to <16 x float>
  %72 = bitcast <16 x i32> %q.splat55 to <16 x float>
  %sum59 = call <16 x float> @llvm.fma.v16f32(<16 x float> %72, <16 x float> %71, <16 x float> %word.carried23)
  %word.next = add nsw i64 %word, 1
  %73 = icmp slt i64 %word.next, 64
  br i1 %73, label %word.loop, label %word.done

word.done:                                        ; preds = %word.loop, %panel.loop
  %word.result = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum, %word.loop ]
  %word.result60 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum27, %word.loop ]
  %word.result61 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum28, %word.loop ]
  %word.result62 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum29, %word.loop ]
  %word.result63 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum32, %word.loop ]
  %word.result64 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum33, %word.loop ]
  %word.result65 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum34, %word.loop ]
  %word.result66 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum35, %word.loop ]
  %word.result67 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum38, %word.loop ]
  %word.result68 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum39, %word.loop ]
  %word.result69 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum40, %word.loop ]
  %word.result70 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum41, %word.loop ]
  %word.result71 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum44, %word.loop ]
  %word.result72 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum45, %word.loop ]
  %word.result73 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum46, %word.loop ]
  %word.result74 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum47, %word.loop ]
  %word.result75 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum50, %word.loop ]
  %word.result76 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum51, %word.loop ]
  %word.result77 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum52, %word.loop ]
  %word.result78 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum53, %word.loop ]
  %word.result79 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum56, %word.loop ]
  %word.result80 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum57, %word.loop ]
  %word.result81 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum58, %word.loop ]
  %word.result82 = phi <16 x float> [ zeroinitializer, %panel.loop ], [ %sum59, %word.loop ]
  store <16 x float> %word.result, ptr %out, align 64
  %74 = getelementptr inbounds i8, ptr %out, i64 64
  store <16 x float> %word.result60, ptr %74, align 64
  %75 = getelementptr inbounds i8, ptr %out, i64 128
  store <16 x float> %word.result61, ptr %75, align 64
  %76 = getelementptr inbounds i8, ptr %out, i64 192
  store <16 x float> %word.result62, ptr %76, align 64
  %77 = getelementptr inbounds i8, ptr %out, i64 1024
  store <16 x float> %word.result63, ptr %77, align 64
  %78 = getelementptr inbounds i8, ptr %out, i64 1088
  store <16 x float> %word.result64, ptr %78, align 64
  %79 = getelementptr inbounds i8, ptr %out, i64 1152
  store <16 x float> %word.result65, ptr %79, align 64
  %80 = getelementptr inbounds i8, ptr %out, i64 1216
  store <16 x float> %word.result66, ptr %80, align 64
  %81 = getelementptr inbounds i8, ptr %out, i64 2048
  store <16 x float> %word.result67, ptr %81, align 64
  %82 = getelementptr inbounds i8, ptr %out, i64 2112
  store <16 x float> %word.result68, ptr %82, align 64
  %83 = getelementptr inbounds i8, ptr %out, i64 2176
  store <16 x float> %word.result69, ptr %83, align 64
  %84 = getelementptr inbounds i8, ptr %out, i64 2240
  store <16 x float> %word.result70, ptr %84, align 64
  %85 = getelementptr inbounds i8, ptr %out, i64 3072
  store <16 x float> %word.result71, ptr %85, align 64
  %86 = getelementptr inbounds i8, ptr %out, i64 3136
  store <16 x float> %word.result72, ptr %86, align 64
  %87 = getelementptr inbounds i8, ptr %out, i64 3200
  store <16 x float> %word.result73, ptr %87, align 64
  %88 = getelementptr inbounds i8, ptr %out, i64 3264
  store <16 x float> %word.result74, ptr %88, align 64
  %89 = getelementptr inbounds i8, ptr %out, i64 4096
  store <16 x float> %word.result75, ptr %89, align 64
  %90 = getelementptr inbounds i8, ptr %out, i64 4160
  store <16 x float> %word.result76, ptr %90, align 64
  %91 = getelementptr inbounds i8, ptr %out, i64 4224
  store <16 x float> %word.result77, ptr %91, align 64
  %92 = getelementptr inbounds i8, ptr %out, i64 4288
  store <16 x float> %word.result78, ptr %92, align 64
  %93 = getelementptr inbounds i8, ptr %out, i64 5120
  store <16 x float> %word.result79, ptr %93, align 64
  %94 = getelementptr inbounds i8, ptr %out, i64 5184
  store <16 x float> %word.result80, ptr %94, align 64
  %95 = getelementptr inbounds i8, ptr %out, i64 5248
  store <16 x float> %word.result81, ptr %95, align 64
  %96 = getelementptr inbounds i8, ptr %out, i64 5312
  store <16 x float> %word.result82, ptr %96, align 64
  %panel.next = add nsw i64 %panel, 1
  %97 = icmp slt i64 %panel.next, %panels
  br i1 %97, label %panel.loop, label %panel.done

vector.loop:                                      ; preds = %word.done87, %panel.done
  %vector = phi i64 [ %5, %panel.done ], [ %vector.next, %word.done87 ]
  %98 = mul nsw i64 %panels, 4
  %column = sub nsw i64 %vector, %98
  %99 = mul nsw i64 %column, 64
  %keys84 = getelementptr inbounds i8, ptr %keys83, i64 %99
  %100 = mul nsw i64 %vector, 64
  %out85 = getelementptr inbounds i8, ptr %scores, i64 %100
  br i1 true, label %word.loop86, label %word.done87

vector.done:                                      ; preds = %word.done87, %panel.done
  ret void

word.loop86:                                      ; preds = %word.loop86, %vector.loop
  %word88 = phi i64 [ 0, %vector.loop ], [ %word.next114, %word.loop86 ]
  %word.carried89 = phi <16 x float> [ zeroinitializer, %vector.loop ], [ %sum98, %word.loop86 ]
  %word.carried90 = phi <16 x float> [ zeroinitializer, %vector.loop ], [ %sum101, %word.loop86 ]
  %word.carried91 = phi <16 x float> [ zeroinitializer, %vector.loop ], [ %sum104, %word.loop86 ]
  %word.carried92 = phi <16 x float> [ zeroinitializer, %vector.loop ], [ %sum107, %word.loop86 ]
  %word.carried93 = phi <16 x float> [ zeroinitializer, %vector.loop ], [ %sum110, %word.loop86 ]
  %word.carried94 = phi <16 x float> [ zeroinitializer, %vector.loop ], [ %sum113, %word.loop86 ]
  %101 = mul nsw i64 %word88, 256
  %102 = getelementptr inbounds i8, ptr %keys84, i64 %101
  %key95 = load <16 x i32>, ptr %102, align 64
  %103 = mul nsw i64 %word88, 4
  %104 = getelementptr inbounds i8, ptr %queries, i64 %103
  %105 = load i32, ptr %104, align 4
  %q.splatinsert96 = insertelement <16 x i32> poison, i32 %105, i64 0
  %q.splat97 = shufflevector <16 x i32> %q.splatinsert96, <16 x i32> poison, <16 x i32> zeroinitializer
  %106 = bitcast <16 x i32> %key95 to <16 x float>
  %107 = bitcast <16 x i32> %q.splat97 to <16 x float>
  %sum98 = call <16 x float> @llvm.fma.v16f32(<16 x float> %107, <16 x float> %106, <16 x float> %word.carried89)
  %108 = getelementptr inbounds i8, ptr %104, i64 256
  %109 = load i32, ptr %108, align 4
  %q.splatinsert99 = insertelement <16 x i32> poison, i32 %109, i64 0
  %q.splat100 = shufflevector <16 x i32> %q.splatinsert99, <16 x i32> poison, <16 x i32> zeroinitializer
  %110 = bitcast <16 x i32> %key95 to <16 x float>
  %111 = bitcast <16 x i32> %q.splat100 to <16 x float>
  %sum101 = call <16 x float> @llvm.fma.v16f32(<16 x float> %111, <16 x float> %110, <16 x float> %word.carried90)
  %112 = getelementptr inbounds i8, ptr %104, i64 512
  %113 = load i32, ptr %112, align 4
  %q.splatinsert102 = insertelement <16 x i32> poison, i32 %113, i64 0
  %q.splat103 = shufflevector <16 x i32> %q.splatinsert102, <16 x i32> poison, <16 x i32> zeroinitializer
  %114 = bitcast <16 x i32> %key95 to <16 x float>
  %115 = bitcast <16 x i32> %q.splat103 to <16 x float>
  %sum104 = call <16 x float> @llvm.fma.v16f32(<16 x float> %115, <16 x float> %114, <16 x float> %word.carried91)
  %116 = getelementptr inbounds i8, ptr %104, i64 768
  %117 = load i32, ptr %116, align 4
  %q.splatinsert105 = insertelement <16 x i32> poison, i32 %117, i64 0
  %q.splat106 = shufflevector <16 x i32> %q.splatinsert105, <16 x i32> poison, <16 x i32> zeroinitializer
  %118 = bitcast <16 x i32> %key95 to <16 x float>
  %119 = bitcast <16 x i32> %q.splat106 to <16 x float>
  %sum107 = call <16 x float> @llvm.fma.v16f32(<16 x float> %119, <16 x float> %118, <16 x float> %word.carried92)
  %120 = getelementptr inbounds i8, ptr %104, i64 1024
  %121 = load i32, ptr %120, align 4
  %q.splatinsert108 = insertelement <16 x i32> poison, i32 %121, i64 0
  %q.splat109 = shufflevector <16 x i32> %q.splatinsert108, <16 x i32> poison, <16 x i32> zeroinitializer
  %122 = bitcast <16 x i32> %key95 to <16 x float>
  %123 = bitcast <16 x i32> %q.splat109 to <16 x float>
  %sum110 = call <16 x float> @llvm.fma.v16f32(<16 x float> %123, <16 x float> %122, <16 x float> %word.carried93)
  %124 = getelementptr inbounds i8, ptr %104, i64 1280
  %125 = load i32, ptr %124, align 4
  %q.splatinsert111 = insertelement <16 x i32> poison, i32 %125, i64 0
  %q.splat112 = shufflevector <16 x i32> %q.splatinsert111, <16 x i32> poison, <16 x i32> zeroinitializer
  %126 = bitcast <16 x i32> %key95 to <16 x float>
  %127 = bitcast <16 x i32> %q.splat112 to <16 x float>
  %sum113 = call <16 x float> @llvm.fma.v16f32(<16 x float> %127, <16 x float> %126, <16 x float> %word.carried94)
  %word.next114 = add nsw i64 %word88, 1
  %128 = icmp slt i64 %word.next114, 64
  br i1 %128, label %word.loop86, label %word.done87

word.done87:                                      ; preds = %word.loop86, %vector.loop
  %word.result115 = phi <16 x float> [ zeroinitializer, %vector.loop ], [ %sum98, %word.loop86 ]
  %word.result116 = phi <16 x float> [ zeroinitializer, %vector.loop ], [ %sum101, %word.loop86 ]
  %word.result117 = phi <16 x float> [ zeroinitializer, %vector.loop ], [ %sum104, %word.loop86 ]
  %word.result118 = phi <16 x float> [ zeroinitializer, %vector.loop ], [ %sum107, %word.loop86 ]
  %word.result119 = phi <16 x float> [ zeroinitializer, %vector.loop ], [ %sum110, %word.loop86 ]
  %word.result120 = phi <16 x float> [ zeroinitializer, %vector.loop ], [ %sum113, %word.loop86 ]
  store <16 x float> %word.result115, ptr %out85, align 64
  %129 = getelementptr inbounds i8, ptr %out85, i64 1024
  store <16 x float> %word.result116, ptr %129, align 64
  %130 = getelementptr inbounds i8, ptr %out85, i64 2048
  store <16 x float> %word.result117, ptr %130, align 64
  %131 = getelementptr inbounds i8, ptr %out85, i64 3072
  store <16 x float> %word.result118, ptr %131, align 64
  %132 = getelementptr inbounds i8, ptr %out85, i64 4096
  store <16 x float> %word.result119, ptr %132, align 64
  %133 = getelementptr inbounds i8, ptr %out85, i64 5120
  store <16 x float> %word.result120, ptr %133, align 64
  %vector.next = add nsw i64 %vector, 1
  %134 = icmp slt i64 %vector.next, %vectors
  br i1 %134, label %vector.loop, label %vector.done
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>) #1

; Function Attrs: noinline nounwind
; hides keys outside each row's interval [lo, hi) and past the end of the block
define internal void @mask_interval(ptr noundef %scores, ptr noundef %lo, ptr noundef %hi, i64 %row_bytes, i64 %key, i64 %count, i64 %vectors) #0 {
entry:
  br i1 true, label %row.loop, label %row.done

row.loop:                                         ; preds = %above.done, %entry
  %row = phi i64 [ 0, %entry ], [ %row.next, %above.done ]
  %0 = mul nsw i64 %row, %row_bytes
  %1 = getelementptr inbounds i8, ptr %lo, i64 %0
  %2 = load i64, ptr %1, align 8
  %3 = sub nsw i64 %2, %key
  %4 = call i64 @llvm.smin.i64(i64 %3, i64 %count)
  %from_key = call i64 @llvm.smax.i64(i64 %4, i64 0)
  %5 = getelementptr inbounds i8, ptr %hi, i64 %0
  %6 = load i64, ptr %5, align 8
  %7 = sub nsw i64 %6, %key
  %8 = call i64 @llvm.smin.i64(i64 %7, i64 %count)
  %to_key = call i64 @llvm.smax.i64(i64 %8, i64 0)
  %9 = trunc i64 %from_key to i32
  %from.splatinsert = insertelement <16 x i32> poison, i32 %9, i64 0
  %from.splat = shufflevector <16 x i32> %from.splatinsert, <16 x i32> poison, <16 x i32> zeroinitializer
  %10 = trunc i64 %to_key to i32
  %to.splatinsert = insertelement <16 x i32> poison, i32 %10, i64 0
  %to.splat = shufflevector <16 x i32> %to.splatinsert, <16 x i32> poison, <16 x i32> zeroinitializer
  %11 = mul nsw i64 %row, 1024
  %row_scores = getelementptr inbounds i8, ptr %scores, i64 %11
  %12 = add nsw i64 %from_key, 15
  %13 = udiv i64 %12, 16
  %before = call i64 @llvm.smin.i64(i64 %13, i64 %vectors)
  %14 = udiv i64 %to_key, 16
  %after = call i64 @llvm.smax.i64(i64 %14, i64 %before)
  %15 = icmp slt i64 0, %before
  br i1 %15, label %below.loop, label %below.done

row.done:                                         ; preds = %above.done, %entry
  ret void

below.loop:                                       ; preds = %below.loop, %row.loop
  %below = phi i64 [ 0, %row.loop ], [ %below.next, %below.loop ]
  %16 = mul nsw i64 %below, 64
  %17 = getelementptr inbounds i8, ptr %row_scores, i64 %16
  %18 = mul nsw i64 %below, 16
  %19 = trunc i64 %18 to i32
  %.splatinsert = insertelement <16 x i32> poison, i32 %19, i64 0
  %.splat = shufflevector <16 x i32> %.splatinsert, <16 x i32> poison, <16 x i32> zeroinitializer
  %column = add <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>, %.splat
  %20 = icmp slt <16 x i32> %column, %to.splat
  %21 = icmp sge <16 x i32> %column, %from.splat
  %visible = and <16 x i1> %21, %20
  %s = load <16 x float>, ptr %17, align 64
  %22 = select <16 x i1> %visible, <16 x float> %s, <16 x float> <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>
  store <16 x float> %22, ptr %17, align 64
  %below.next = add nsw i64 %below, 1
  %23 = icmp slt i64 %below.next, %before
  br i1 %23, label %below.loop, label %below.done

below.done:                                       ; preds = %below.loop, %row.loop
  %24 = icmp slt i64 %after, %vectors
  br i1 %24, label %above.loop, label %above.done

above.loop:                                       ; preds = %above.loop, %below.done
  %above = phi i64 [ %after, %below.done ], [ %above.next, %above.loop ]
  %25 = mul nsw i64 %above, 64
  %26 = getelementptr inbounds i8, ptr %row_scores, i64 %25
  %27 = mul nsw i64 %above, 16
  %28 = trunc i64 %27 to i32
  %.splatinsert1 = insertelement <16 x i32> poison, i32 %28, i64 0
  %.splat2 = shufflevector <16 x i32> %.splatinsert1, <16 x i32> poison, <16 x i32> zeroinitializer
  %column3 = add <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>, %.splat2
  %29 = icmp slt <16 x i32> %column3, %to.splat
  %30 = icmp sge <16 x i32> %column3, %from.splat
  %visible4 = and <16 x i1> %30, %29
  %s5 = load <16 x float>, ptr %26, align 64
  %31 = select <16 x i1> %visible4, <16 x float> %s5, <16 x float> <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>
  store <16 x float> %31, ptr %26, align 64
  %above.next = add nsw i64 %above, 1
  %32 = icmp slt i64 %above.next, %vectors
  br i1 %32, label %above.loop, label %above.done

above.done:                                       ; preds = %above.loop, %below.done
  %row.next = add nsw i64 %row, 1
  %33 = icmp slt i64 %row.next, 6
  br i1 %33, label %row.loop, label %row.done
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.smax.i64(i64, i64) #1

; Function Attrs: noinline nounwind
; online softmax: m <- max, p = 2^(scale * s - m), l <- alpha * l + sum p, alpha = 2^(m_old - m)
define internal void @softmax(ptr noundef %scores, ptr noundef %probabilities, ptr noundef %m, ptr noundef %l, ptr noundef %alpha, i64 %vectors, float %scale_log2) #0 {
entry:
  %scale.splatinsert = insertelement <16 x float> poison, float %scale_log2, i64 0
  %scale.splat = shufflevector <16 x float> %scale.splatinsert, <16 x float> poison, <16 x i32> zeroinitializer
  %0 = udiv i64 %vectors, 4
  %whole = mul nsw i64 %0, 4
  br i1 true, label %row.loop, label %row.done

row.loop:                                         ; preds = %exp_last.done, %entry
  %row = phi i64 [ 0, %entry ], [ %row.next, %exp_last.done ]
  %1 = mul nsw i64 %row, 1024
  %in = getelementptr inbounds i8, ptr %scores, i64 %1
  %2 = mul nsw i64 %row, 1024
  %out = getelementptr inbounds i8, ptr %probabilities, i64 %2
  %3 = icmp slt i64 0, %whole
  br i1 %3, label %max.loop, label %max.done

row.done:                                         ; preds = %exp_last.done, %entry
  ret void

max.loop:                                         ; preds = %max.loop, %row.loop
  %max = phi i64 [ 0, %row.loop ], [ %max.next, %max.loop ]
  %max.carried = phi <16 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max4, %max.loop ]
  %max.carried1 = phi <16 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max6, %max.loop ]
  %max.carried2 = phi <16 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max8, %max.loop ]
  %max.carried3 = phi <16 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max10, %max.loop ]
  %4 = mul nsw i64 %max, 64
  %5 = getelementptr inbounds i8, ptr %in, i64 %4
  %s = load <16 x float>, ptr %5, align 64
  %6 = fcmp ogt <16 x float> %s, %max.carried
  %max4 = select <16 x i1> %6, <16 x float> %s, <16 x float> %max.carried
  %7 = add nsw i64 %max, 1
  %8 = mul nsw i64 %7, 64
  %9 = getelementptr inbounds i8, ptr %in, i64 %8
  %s5 = load <16 x float>, ptr %9, align 64
  %10 = fcmp ogt <16 x float> %s5, %max.carried1
  %max6 = select <16 x i1> %10, <16 x float> %s5, <16 x float> %max.carried1
  %11 = add nsw i64 %max, 2
  %12 = mul nsw i64 %11, 64
  %13 = getelementptr inbounds i8, ptr %in, i64 %12
  %s7 = load <16 x float>, ptr %13, align 64
  %14 = fcmp ogt <16 x float> %s7, %max.carried2
  %max8 = select <16 x i1> %14, <16 x float> %s7, <16 x float> %max.carried2
  %15 = add nsw i64 %max, 3
  %16 = mul nsw i64 %15, 64
  %17 = getelementptr inbounds i8, ptr %in, i64 %16
  %s9 = load <16 x float>, ptr %17, align 64
  %18 = fcmp ogt <16 x float> %s9, %max.carried3
  %max10 = select <16 x i1> %18, <16 x float> %s9, <16 x float> %max.carried3
  %max.next = add nsw i64 %max, 4
  %19 = icmp slt i64 %max.next, %whole
  br i1 %19, label %max.loop, label %max.done

max.done:                                         ; preds = %max.loop, %row.loop
  %max.result = phi <16 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max4, %max.loop ]
  %max.result11 = phi <16 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max6, %max.loop ]
  %max.result12 = phi <16 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max8, %max.loop ]
  %max.result13 = phi <16 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max10, %max.loop ]
  %20 = icmp slt i64 %whole, %vectors
  br i1 %20, label %max_last.loop, label %max_last.done

max_last.loop:                                    ; preds = %max_last.loop, %max.done
  %max_last = phi i64 [ %whole, %max.done ], [ %max_last.next, %max_last.loop ]
  %max_last.carried = phi <16 x float> [ %max.result, %max.done ], [ %max15, %max_last.loop ]
  %21 = mul nsw i64 %max_last, 64
  %22 = getelementptr inbounds i8, ptr %in, i64 %21
  %s14 = load <16 x float>, ptr %22, align 64
  %23 = fcmp ogt <16 x float> %s14, %max_last.carried
  %max15 = select <16 x i1> %23, <16 x float> %s14, <16 x float> %max_last.carried
  %max_last.next = add nsw i64 %max_last, 1
  %24 = icmp slt i64 %max_last.next, %vectors
  br i1 %24, label %max_last.loop, label %max_last.done

max_last.done:                                    ; preds = %max_last.loop, %max.done
  %max_last.result = phi <16 x float> [ %max.result, %max.done ], [ %max15, %max_last.loop ]
  %25 = fcmp ogt <16 x float> %max.result11, %max_last.result
  %26 = select <16 x i1> %25, <16 x float> %max.result11, <16 x float> %max_last.result
  %27 = fcmp ogt <16 x float> %max.result12, %26
  %28 = select <16 x i1> %27, <16 x float> %max.result12, <16 x float> %26
  %29 = fcmp ogt <16 x float> %max.result13, %28
  %30 = select <16 x i1> %29, <16 x float> %max.result13, <16 x float> %28
  %31 = shufflevector <16 x float> %30, <16 x float> %30, <16 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>
  %32 = fcmp ogt <16 x float> %30, %31
  %33 = select <16 x i1> %32, <16 x float> %30, <16 x float> %31
  %34 = shufflevector <16 x float> %33, <16 x float> %33, <16 x i32> <i32 4, i32 5, i32 6, i32 7, i32 0, i32 1, i32 2, i32 3, i32 12, i32 13, i32 14, i32 15, i32 8, i32 9, i32 10, i32 11>
  %35 = fcmp ogt <16 x float> %33, %34
  %36 = select <16 x i1> %35, <16 x float> %33, <16 x float> %34
  %37 = shufflevector <16 x float> %36, <16 x float> %36, <16 x i32> <i32 2, i32 3, i32 0, i32 1, i32 6, i32 7, i32 4, i32 5, i32 10, i32 11, i32 8, i32 9, i32 14, i32 15, i32 12, i32 13>
  %38 = fcmp ogt <16 x float> %36, %37
  %39 = select <16 x i1> %38, <16 x float> %36, <16 x float> %37
  %40 = shufflevector <16 x float> %39, <16 x float> %39, <16 x i32> <i32 1, i32 0, i32 3, i32 2, i32 5, i32 4, i32 7, i32 6, i32 9, i32 8, i32 11, i32 10, i32 13, i32 12, i32 15, i32 14>
  %41 = fcmp ogt <16 x float> %39, %40
  %42 = select <16 x i1> %41, <16 x float> %39, <16 x float> %40
  %block_max = extractelement <16 x float> %42, i64 0
  %43 = mul nsw i64 %row, 4
  %44 = getelementptr inbounds i8, ptr %m, i64 %43
  %m_old = load float, ptr %44, align 4
  %45 = fmul float %block_max, %scale_log2
  %46 = fcmp ogt float %m_old, %45
  %m_new = select i1 %46, float %m_old, float %45
  %empty = fcmp oeq float %m_new, 0xFFF0000000000000
  %shift = select i1 %empty, float 0.000000e+00, float %m_new
  store float %m_new, ptr %44, align 4
  %47 = fsub float %m_old, %shift
  %.splatinsert = insertelement <16 x float> poison, float %47, i64 0
  %.splat = shufflevector <16 x float> %.splatinsert, <16 x float> poison, <16 x i32> zeroinitializer
  %fraction = call <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float> %.splat, i32 9, <16 x float> %.splat, i16 -1, i32 4)
  %exp2 = call <16 x float> @llvm.fma.v16f32(<16 x float> <float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000>, <16 x float> %fraction, <16 x float> <float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000>)
  %exp216 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp2, <16 x float> %fraction, <16 x float> <float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000>)
  %exp217 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp216, <16 x float> %fraction, <16 x float> <float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000>)
  %exp218 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp217, <16 x float> %fraction, <16 x float> <float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000>)
  %exp219 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp218, <16 x float> %fraction, <16 x float> <float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000>)
  %exp220 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp219, <16 x float> %fraction, <16 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %exp221 = call <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float> %exp220, <16 x float> %.splat, <16 x float> %exp220, i16 -1, i32 4)
  %48 = mul nsw i64 %row, 4
  %49 = getelementptr inbounds i8, ptr %alpha, i64 %48
  %50 = extractelement <16 x float> %exp221, i64 0
  store float %50, ptr %49, align 4
  %51 = fneg float %shift
  %negative_shift.splatinsert = insertelement <16 x float> poison, float %51, i64 0
  %negative_shift.splat = shufflevector <16 x float> %negative_shift.splatinsert, <16 x float> poison, <16 x i32> zeroinitializer
  %52 = icmp slt i64 0, %whole
  br i1 %52, label %exp.loop, label %exp.done

exp.loop:                                         ; preds = %exp.loop, %max_last.done
  %exp = phi i64 [ 0, %max_last.done ], [ %exp.next, %exp.loop ]
  %exp.carried = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum, %exp.loop ]
  %exp.carried22 = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum43, %exp.loop ]
  %exp.carried23 = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum53, %exp.loop ]
  %exp.carried24 = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum63, %exp.loop ]
  %53 = mul nsw i64 %exp, 64
  %54 = getelementptr inbounds i8, ptr %in, i64 %53
  %s25 = load <16 x float>, ptr %54, align 64
  %55 = call <16 x float> @llvm.fma.v16f32(<16 x float> %s25, <16 x float> %scale.splat, <16 x float> %negative_shift.splat)
  %fraction26 = call <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float> %55, i32 9, <16 x float> %55, i16 -1, i32 4)
  %exp227 = call <16 x float> @llvm.fma.v16f32(<16 x float> <float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000>, <16 x float> %fraction26, <16 x float> <float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000>)
  %exp228 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp227, <16 x float> %fraction26, <16 x float> <float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000>)
  %exp229 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp228, <16 x float> %fraction26, <16 x float> <float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000>)
  %exp230 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp229, <16 x float> %fraction26, <16 x float> <float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000>)
  %exp231 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp230, <16 x float> %fraction26, <16 x float> <float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000>)
  %exp232 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp231, <16 x float> %fraction26, <16 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %exp233 = call <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float> %exp232, <16 x float> %55, <16 x float> %exp232, i16 -1, i32 4)
  %56 = mul nsw i64 %exp, 16
  %57 = mul nsw i64 %56, 4
  %58 = getelementptr inbounds i8, ptr %out, i64 %57
  store <16 x float> %exp233, ptr %58, align 64
  %sum = fadd <16 x float> %exp.carried, %exp233
  %59 = add nsw i64 %exp, 1
  %60 = mul nsw i64 %59, 64
  %61 = getelementptr inbounds i8, ptr %in, i64 %60
  %s34 = load <16 x float>, ptr %61, align 64
  %62 = call <16 x float> @llvm.fma.v16f32(<16 x float> %s34, <16 x float> %scale.splat, <16 x float> %negative_shift.splat)
  %fraction35 = call <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float> %62, i32 9, <16 x float> %62, i16 -1, i32 4)
  %exp236 = call <16 x float> @llvm.fma.v16f32(<16 x float> <float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000>, <16 x float> %fraction35, <16 x float> <float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000>)
  %exp237 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp236, <16 x float> %fraction35, <16 x float> <float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000>)
  %exp238 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp237, <16 x float> %fraction35, <16 x float> <float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000>)
  %exp239 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp238, <16 x float> %fraction35, <16 x float> <float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000>)
  %exp240 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp239, <16 x float> %fraction35, <16 x float> <float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000>)
  %exp241 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp240, <16 x float> %fraction35, <16 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %exp242 = call <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float> %exp241, <16 x float> %62, <16 x float> %exp241, i16 -1, i32 4)
  %63 = mul nsw i64 %59, 16
  %64 = mul nsw i64 %63, 4
  %65 = getelementptr inbounds i8, ptr %out, i64 %64
  store <16 x float> %exp242, ptr %65, align 64
  %sum43 = fadd <16 x float> %exp.carried22, %exp242
  %66 = add nsw i64 %exp, 2
  %67 = mul nsw i64 %66, 64
  %68 = getelementptr inbounds i8, ptr %in, i64 %67
  %s44 = load <16 x float>, ptr %68, align 64
  %69 = call <16 x float> @llvm.fma.v16f32(<16 x float> %s44, <16 x float> %scale.splat, <16 x float> %negative_shift.splat)
  %fraction45 = call <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float> %69, i32 9, <16 x float> %69, i16 -1, i32 4)
  %exp246 = call <16 x float> @llvm.fma.v16f32(<16 x float> <float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000>, <16 x float> %fraction45, <16 x float> <float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000>)
  %exp247 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp246, <16 x float> %fraction45, <16 x float> <float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000>)
  %exp248 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp247, <16 x float> %fraction45, <16 x float> <float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000>)
  %exp249 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp248, <16 x float> %fraction45, <16 x float> <float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000>)
  %exp250 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp249, <16 x float> %fraction45, <16 x float> <float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000>)
  %exp251 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp250, <16 x float> %fraction45, <16 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %exp252 = call <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float> %exp251, <16 x float> %69, <16 x float> %exp251, i16 -1, i32 4)
  %70 = mul nsw i64 %66, 16
  %71 = mul nsw i64 %70, 4
  %72 = getelementptr inbounds i8, ptr %out, i64 %71
  store <16 x float> %exp252, ptr %72, align 64
  %sum53 = fadd <16 x float> %exp.carried23, %exp252
  %73 = add nsw i64 %exp, 3
  %74 = mul nsw i64 %73, 64
  %75 = getelementptr inbounds i8, ptr %in, i64 %74
  %s54 = load <16 x float>, ptr %75, align 64
  %76 = call <16 x float> @llvm.fma.v16f32(<16 x float> %s54, <16 x float> %scale.splat, <16 x float> %negative_shift.splat)
  %fraction55 = call <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float> %76, i32 9, <16 x float> %76, i16 -1, i32 4)
  %exp256 = call <16 x float> @llvm.fma.v16f32(<16 x float> <float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000>, <16 x float> %fraction55, <16 x float> <float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000>)
  %exp257 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp256, <16 x float> %fraction55, <16 x float> <float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000>)
  %exp258 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp257, <16 x float> %fraction55, <16 x float> <float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000>)
  %exp259 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp258, <16 x float> %fraction55, <16 x float> <float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000>)
  %exp260 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp259, <16 x float> %fraction55, <16 x float> <float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000>)
  %exp261 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp260, <16 x float> %fraction55, <16 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %exp262 = call <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float> %exp261, <16 x float> %76, <16 x float> %exp261, i16 -1, i32 4)
  %77 = mul nsw i64 %73, 16
  %78 = mul nsw i64 %77, 4
  %79 = getelementptr inbounds i8, ptr %out, i64 %78
  store <16 x float> %exp262, ptr %79, align 64
  %sum63 = fadd <16 x float> %exp.carried24, %exp262
  %exp.next = add nsw i64 %exp, 4
  %80 = icmp slt i64 %exp.next, %whole
  br i1 %80, label %exp.loop, label %exp.done

exp.done:                                         ; preds = %exp.loop, %max_last.done
  %exp.result = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum, %exp.loop ]
  %exp.result64 = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum43, %exp.loop ]
  %exp.result65 = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum53, %exp.loop ]
  %exp.result66 = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum63, %exp.loop ]
  %81 = icmp slt i64 %whole, %vectors
  br i1 %81, label %exp_last.loop, label %exp_last.done

exp_last.loop:                                    ; preds = %exp_last.loop, %exp.done
  %exp_last = phi i64 [ %whole, %exp.done ], [ %exp_last.next, %exp_last.loop ]
  %exp_last.carried = phi <16 x float> [ %exp.result, %exp.done ], [ %sum76, %exp_last.loop ]
  %82 = mul nsw i64 %exp_last, 64
  %83 = getelementptr inbounds i8, ptr %in, i64 %82
  %s67 = load <16 x float>, ptr %83, align 64
  %84 = call <16 x float> @llvm.fma.v16f32(<16 x float> %s67, <16 x float> %scale.splat, <16 x float> %negative_shift.splat)
  %fraction68 = call <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float> %84, i32 9, <16 x float> %84, i16 -1, i32 4)
  %exp269 = call <16 x float> @llvm.fma.v16f32(<16 x float> <float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000, float 0x3F2C5417C0000000>, <16 x float> %fraction68, <16 x float> <float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000, float 0x3F546D64A0000000>)
  %exp270 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp269, <16 x float> %fraction68, <16 x float> <float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000, float 0x3F83D0B920000000>)
  %exp271 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp270, <16 x float> %fraction68, <16 x float> <float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000, float 0x3FAC689120000000>)
  %exp272 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp271, <16 x float> %fraction68, <16 x float> <float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000, float 0x3FCEBFD580000000>)
  %exp273 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp272, <16 x float> %fraction68, <16 x float> <float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000, float 0x3FE62E42C0000000>)
  %exp274 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp273, <16 x float> %fraction68, <16 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %exp275 = call <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float> %exp274, <16 x float> %84, <16 x float> %exp274, i16 -1, i32 4)
  %85 = mul nsw i64 %exp_last, 16
  %86 = mul nsw i64 %85, 4
  %87 = getelementptr inbounds i8, ptr %out, i64 %86
  store <16 x float> %exp275, ptr %87, align 64
  %sum76 = fadd <16 x float> %exp_last.carried, %exp275
  %exp_last.next = add nsw i64 %exp_last, 1
  %88 = icmp slt i64 %exp_last.next, %vectors
  br i1 %88, label %exp_last.loop, label %exp_last.done

exp_last.done:                                    ; preds = %exp_last.loop, %exp.done
  %exp_last.result = phi <16 x float> [ %exp.result, %exp.done ], [ %sum76, %exp_last.loop ]
  %89 = fadd <16 x float> %exp_last.result, %exp.result64
  %90 = fadd <16 x float> %89, %exp.result65
  %91 = fadd <16 x float> %90, %exp.result66
  %92 = mul nsw i64 %row, 64
  %93 = getelementptr inbounds i8, ptr %l, i64 %92
  %l_old = load <16 x float>, ptr %93, align 64
  %l_new = call <16 x float> @llvm.fma.v16f32(<16 x float> %l_old, <16 x float> %exp221, <16 x float> %91)
  store <16 x float> %l_new, ptr %93, align 64
  %row.next = add nsw i64 %row, 1
  %94 = icmp slt i64 %row.next, 6
  br i1 %94, label %row.loop, label %row.done
}

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(none)
declare <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float>, i32 immarg, <16 x float>, i16, i32 immarg) #2

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(none)
declare <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float>, <16 x float>, <16 x float>, i16, i32 immarg) #2

; Function Attrs: noinline nounwind
; outputs <- alpha * outputs + probabilities * values
define internal void @accumulate(ptr noundef %outputs, ptr noundef %probabilities, ptr noundef %values, i64 %stride, ptr noundef %alpha, i64 %count) #0 {
entry:
  br i1 true, label %chunk.loop, label %chunk.done

chunk.loop:                                       ; preds = %key.done, %entry
  %chunk = phi i64 [ 0, %entry ], [ %chunk.next, %key.done ]
  %0 = mul nsw i64 %chunk, 64
  %out = getelementptr inbounds i8, ptr %outputs, i64 %0
  %1 = mul nsw i64 %chunk, 64
  %from = getelementptr inbounds i8, ptr %values, i64 %1
  %2 = load float, ptr %alpha, align 4
  %factor.splatinsert = insertelement <16 x float> poison, float %2, i64 0
  %factor.splat = shufflevector <16 x float> %factor.splatinsert, <16 x float> poison, <16 x i32> zeroinitializer
  %3 = load <16 x float>, ptr %out, align 64
  %o = fmul <16 x float> %3, %factor.splat
  %4 = getelementptr inbounds i8, ptr %out, i64 64
  %5 = load <16 x float>, ptr %4, align 64
  %o1 = fmul <16 x float> %5, %factor.splat
  %6 = getelementptr inbounds i8, ptr %out, i64 128
  %7 = load <16 x float>, ptr %6, align 64
  %o2 = fmul <16 x float> %7, %factor.splat
  %8 = getelementptr inbounds i8, ptr %out, i64 192
  %9 = load <16 x float>, ptr %8, align 64
  %o3 = fmul <16 x float> %9, %factor.splat
  %10 = getelementptr inbounds i8, ptr %alpha, i64 4
  %11 = load float, ptr %10, align 4
  %factor.splatinsert4 = insertelement <16 x float> poison, float %11, i64 0
  %factor.splat5 = shufflevector <16 x float> %factor.splatinsert4, <16 x float> poison, <16 x i32> zeroinitializer
  %12 = getelementptr inbounds i8, ptr %out, i64 256
  %13 = load <16 x float>, ptr %12, align 64
  %o6 = fmul <16 x float> %13, %factor.splat5
  %14 = getelementptr inbounds i8, ptr %out, i64 320
  %15 = load <16 x float>, ptr %14, align 64
  %o7 = fmul <16 x float> %15, %factor.splat5
  %16 = getelementptr inbounds i8, ptr %out, i64 384
  %17 = load <16 x float>, ptr %16, align 64
  %o8 = fmul <16 x float> %17, %factor.splat5
  %18 = getelementptr inbounds i8, ptr %out, i64 448
  %19 = load <16 x float>, ptr %18, align 64
  %o9 = fmul <16 x float> %19, %factor.splat5
  %20 = getelementptr inbounds i8, ptr %alpha, i64 8
  %21 = load float, ptr %20, align 4
  %factor.splatinsert10 = insertelement <16 x float> poison, float %21, i64 0
  %factor.splat11 = shufflevector <16 x float> %factor.splatinsert10, <16 x float> poison, <16 x i32> zeroinitializer
  %22 = getelementptr inbounds i8, ptr %out, i64 512
  %23 = load <16 x float>, ptr %22, align 64
  %o12 = fmul <16 x float> %23, %factor.splat11
  %24 = getelementptr inbounds i8, ptr %out, i64 576
  %25 = load <16 x float>, ptr %24, align 64
  %o13 = fmul <16 x float> %25, %factor.splat11
  %26 = getelementptr inbounds i8, ptr %out, i64 640
  %27 = load <16 x float>, ptr %26, align 64
  %o14 = fmul <16 x float> %27, %factor.splat11
  %28 = getelementptr inbounds i8, ptr %out, i64 704
  %29 = load <16 x float>, ptr %28, align 64
  %o15 = fmul <16 x float> %29, %factor.splat11
  %30 = getelementptr inbounds i8, ptr %alpha, i64 12
  %31 = load float, ptr %30, align 4
  %factor.splatinsert16 = insertelement <16 x float> poison, float %31, i64 0
  %factor.splat17 = shufflevector <16 x float> %factor.splatinsert16, <16 x float> poison, <16 x i32> zeroinitializer
  %32 = getelementptr inbounds i8, ptr %out, i64 768
  %33 = load <16 x float>, ptr %32, align 64
  %o18 = fmul <16 x float> %33, %factor.splat17
  %34 = getelementptr inbounds i8, ptr %out, i64 832
  %35 = load <16 x float>, ptr %34, align 64
  %o19 = fmul <16 x float> %35, %factor.splat17
  %36 = getelementptr inbounds i8, ptr %out, i64 896
  %37 = load <16 x float>, ptr %36, align 64
  %o20 = fmul <16 x float> %37, %factor.splat17
  %38 = getelementptr inbounds i8, ptr %out, i64 960
  %39 = load <16 x float>, ptr %38, align 64
  %o21 = fmul <16 x float> %39, %factor.splat17
  %40 = getelementptr inbounds i8, ptr %alpha, i64 16
  %41 = load float, ptr %40, align 4
  %factor.splatinsert22 = insertelement <16 x float> poison, float %41, i64 0
  %factor.splat23 = shufflevector <16 x float> %factor.splatinsert22, <16 x float> poison, <16 x i32> zeroinitializer
  %42 = getelementptr inbounds i8, ptr %out, i64 1024
  %43 = load <16 x float>, ptr %42, align 64
  %o24 = fmul <16 x float> %43, %factor.splat23
  %44 = getelementptr inbounds i8, ptr %out, i64 1088
  %45 = load <16 x float>, ptr %44, align 64
  %o25 = fmul <16 x float> %45, %factor.splat23
  %46 = getelementptr inbounds i8, ptr %out, i64 1152
  %47 = load <16 x float>, ptr %46, align 64
  %o26 = fmul <16 x float> %47, %factor.splat23
  %48 = getelementptr inbounds i8, ptr %out, i64 1216
  %49 = load <16 x float>, ptr %48, align 64
  %o27 = fmul <16 x float> %49, %factor.splat23
  %50 = getelementptr inbounds i8, ptr %alpha, i64 20
  %51 = load float, ptr %50, align 4
  %factor.splatinsert28 = insertelement <16 x float> poison, float %51, i64 0
  %factor.splat29 = shufflevector <16 x float> %factor.splatinsert28, <16 x float> poison, <16 x i32> zeroinitializer
  %52 = getelementptr inbounds i8, ptr %out, i64 1280
  %53 = load <16 x float>, ptr %52, align 64
  %o30 = fmul <16 x float> %53, %factor.splat29
  %54 = getelementptr inbounds i8, ptr %out, i64 1344
  %55 = load <16 x float>, ptr %54, align 64
  %o31 = fmul <16 x float> %55, %factor.splat29
  %56 = getelementptr inbounds i8, ptr %out, i64 1408
  %57 = load <16 x float>, ptr %56, align 64
  %o32 = fmul <16 x float> %57, %factor.splat29
  %58 = getelementptr inbounds i8, ptr %out, i64 1472
  %59 = load <16 x float>, ptr %58, align 64
  %o33 = fmul <16 x float> %59, %factor.splat29
  %60 = icmp slt i64 0, %count
  br i1 %60, label %key.loop, label %key.done

chunk.done:                                       ; preds = %key.done, %entry
  ret void

key.loop:                                         ; preds = %key.loop, %chunk.loop
  %key = phi i64 [ 0, %chunk.loop ], [ %key.next, %key.loop ]
  %key.carried = phi <16 x float> [ %o, %chunk.loop ], [ %sum, %key.loop ]
  %key.carried34 = phi <16 x float> [ %o1, %chunk.loop ], [ %sum60, %key.loop ]
  %key.carried35 = phi <16 x float> [ %o2, %chunk.loop ], [ %sum61, %key.loop ]
  %key.carried36 = phi <16 x float> [ %o3, %chunk.loop ], [ %sum62, %key.loop ]
  %key.carried37 = phi <16 x float> [ %o6, %chunk.loop ], [ %sum65, %key.loop ]
  %key.carried38 = phi <16 x float> [ %o7, %chunk.loop ], [ %sum66, %key.loop ]
  %key.carried39 = phi <16 x float> [ %o8, %chunk.loop ], [ %sum67, %key.loop ]
  %key.carried40 = phi <16 x float> [ %o9, %chunk.loop ], [ %sum68, %key.loop ]
  %key.carried41 = phi <16 x float> [ %o12, %chunk.loop ], [ %sum71, %key.loop ]
  %key.carried42 = phi <16 x float> [ %o13, %chunk.loop ], [ %sum72, %key.loop ]
  %key.carried43 = phi <16 x float> [ %o14, %chunk.loop ], [ %sum73, %key.loop ]
  %key.carried44 = phi <16 x float> [ %o15, %chunk.loop ], [ %sum74, %key.loop ]
  %key.carried45 = phi <16 x float> [ %o18, %chunk.loop ], [ %sum77, %key.loop ]
  %key.carried46 = phi <16 x float> [ %o19, %chunk.loop ], [ %sum78, %key.loop ]
  %key.carried47 = phi <16 x float> [ %o20, %chunk.loop ], [ %sum79, %key.loop ]
  %key.carried48 = phi <16 x float> [ %o21, %chunk.loop ], [ %sum80, %key.loop ]
  %key.carried49 = phi <16 x float> [ %o24, %chunk.loop ], [ %sum83, %key.loop ]
  %key.carried50 = phi <16 x float> [ %o25, %chunk.loop ], [ %sum84, %key.loop ]
  %key.carried51 = phi <16 x float> [ %o26, %chunk.loop ], [ %sum85, %key.loop ]
  %key.carried52 = phi <16 x float> [ %o27, %chunk.loop ], [ %sum86, %key.loop ]
  %key.carried53 = phi <16 x float> [ %o30, %chunk.loop ], [ %sum89, %key.loop ]
  %key.carried54 = phi <16 x float> [ %o31, %chunk.loop ], [ %sum90, %key.loop ]
  %key.carried55 = phi <16 x float> [ %o32, %chunk.loop ], [ %sum91, %key.loop ]
  %key.carried56 = phi <16 x float> [ %o33, %chunk.loop ], [ %sum92, %key.loop ]
  %61 = mul nsw i64 %key, %stride
  %62 = getelementptr inbounds i8, ptr %from, i64 %61
  %63 = getelementptr inbounds i8, ptr %62, i64 0
  %v = load <16 x i32>, ptr %63, align 64
  %64 = getelementptr inbounds i8, ptr %62, i64 64
  %v57 = load <16 x i32>, ptr %64, align 64
  %65 = getelementptr inbounds i8, ptr %62, i64 128
  %v58 = load <16 x i32>, ptr %65, align 64
  %66 = getelementptr inbounds i8, ptr %62, i64 192
  %v59 = load <16 x i32>, ptr %66, align 64
  %67 = mul nsw i64 %key, 4
  %68 = getelementptr inbounds i8, ptr %probabilities, i64 %67
  %69 = load i32, ptr %68, align 4
  %p.splatinsert = insertelement <16 x i32> poison, i32 %69, i64 0
  %p.splat = shufflevector <16 x i32> %p.splatinsert, <16 x i32> poison, <16 x i32> zeroinitializer
  %70 = bitcast <16 x i32> %v to <16 x float>
  %71 = bitcast <16 x i32> %p.splat to <16 x float>
  %sum = call <16 x float> @llvm.fma.v16f32(<16 x float> %71, <16 x float> %70, <16 x float> %key.carried)
  %72 = bitcast <16 x i32> %v57 to <16 x float>
  %73 = bitcast <16 x i32> %p.splat to <16 x float>
  %sum60 = call <16 x float> @llvm.fma.v16f32(<16 x float> %73, <16 x float> %72, <16 x float> %key.carried34)
  %74 = bitcast <16 x i32> %v58 to <16 x float>
  %75 = bitcast <16 x i32> %p.splat to <16 x float>
  %sum61 = call <16 x float> @llvm.fma.v16f32(<16 x float> %75, <16 x float> %74, <16 x float> %key.carried35)
  %76 = bitcast <16 x i32> %v59 to <16 x float>
  %77 = bitcast <16 x i32> %p.splat to <16 x float>
  %sum62 = call <16 x float> @llvm.fma.v16f32(<16 x float> %77, <16 x float> %76, <16 x float> %key.carried36)
  %78 = getelementptr inbounds i8, ptr %68, i64 1024
  %79 = load i32, ptr %78, align 4
  %p.splatinsert63 = insertelement <16 x i32> poison, i32 %79, i64 0
  %p.splat64 = shufflevector <16 x i32> %p.splatinsert63, <16 x i32> poison, <16 x i32> zeroinitializer
  %80 = bitcast <16 x i32> %v to <16 x float>
  %81 = bitcast <16 x i32> %p.splat64 to <16 x float>
  %sum65 = call <16 x float> @llvm.fma.v16f32(<16 x float> %81, <16 x float> %80, <16 x float> %key.carried37)
  %82 = bitcast <16 x i32> %v57 to <16 x float>
  %83 = bitcast <16 x i32> %p.splat64 to <16 x float>
  %sum66 = call <16 x float> @llvm.fma.v16f32(<16 x float> %83, <16 x float> %82, <16 x float> %key.carried38)
  %84 = bitcast <16 x i32> %v58 to <16 x float>
  %85 = bitcast <16 x i32> %p.splat64 to <16 x float>
  %sum67 = call <16 x float> @llvm.fma.v16f32(<16 x float> %85, <16 x float> %84, <16 x float> %key.carried39)
  %86 = bitcast <16 x i32> %v59 to <16 x float>
  %87 = bitcast <16 x i32> %p.splat64 to <16 x float>
  %sum68 = call <16 x float> @llvm.fma.v16f32(<16 x float> %87, <16 x float> %86, <16 x float> %key.carried40)
  %88 = getelementptr inbounds i8, ptr %68, i64 2048
  %89 = load i32, ptr %88, align 4
  %p.splatinsert69 = insertelement <16 x i32> poison, i32 %89, i64 0
  %p.splat70 = shufflevector <16 x i32> %p.splatinsert69, <16 x i32> poison, <16 x i32> zeroinitializer
  %90 = bitcast <16 x i32> %v to <16 x float>
  %91 = bitcast <16 x i32> %p.splat70 to <16 x float>
  %sum71 = call <16 x float> @llvm.fma.v16f32(<16 x float> %91, <16 x float> %90, <16 x float> %key.carried41)
  %92 = bitcast <16 x i32> %v57 to <16 x float>
  %93 = bitcast <16 x i32> %p.splat70 to <16 x float>
  %sum72 = call <16 x float> @llvm.fma.v16f32(<16 x float> %93, <16 x float> %92, <16 x float> %key.carried42)
  %94 = bitcast <16 x i32> %v58 to <16 x float>
  %95 = bitcast <16 x i32> %p.splat70 to <16 x float>
  %sum73 = call <16 x float> @llvm.fma.v16f32(<16 x float> %95, <16 x float> %94, <16 x float> %key.carried43)
  %96 = bitcast <16 x i32> %v59 to <16 x float>
  %97 = bitcast <16 x i32> %p.splat70 to <16 x float>
  %sum74 = call <16 x float> @llvm.fma.v16f32(<16 x float> %97, <16 x float> %96, <16 x float> %key.carried44)
  %98 = getelementptr inbounds i8, ptr %68, i64 3072
  %99 = load i32, ptr %98, align 4
  %p.splatinsert75 = insertelement <16 x i32> poison, i32 %99, i64 0
  %p.splat76 = shufflevector <16 x i32> %p.splatinsert75, <16 x i32> poison, <16 x i32> zeroinitializer
  %100 = bitcast <16 x i32> %v to <16 x float>
  %101 = bitcast <16 x i32> %p.splat76 to <16 x float>
  %sum77 = call <16 x float> @llvm.fma.v16f32(<16 x float> %101, <16 x float> %100, <16 x float> %key.carried45)
  %102 = bitcast <16 x i32> %v57 to <16 x float>
  %103 = bitcast <16 x i32> %p.splat76 to <16 x float>
  %sum78 = call <16 x float> @llvm.fma.v16f32(<16 x float> %103, <16 x float> %102, <16 x float> %key.carried46)
  %104 = bitcast <16 x i32> %v58 to <16 x float>
  %105 = bitcast <16 x i32> %p.splat76 to <16 x float>
  %sum79 = call <16 x float> @llvm.fma.v16f32(<16 x float> %105, <16 x float> %104, <16 x float> %key.carried47)
  %106 = bitcast <16 x i32> %v59 to <16 x float>
  %107 = bitcast <16 x i32> %p.splat76 to <16 x float>
  %sum80 = call <16 x float> @llvm.fma.v16f32(<16 x float> %107, <16 x float> %106, <16 x float> %key.carried48)
  %108 = getelementptr inbounds i8, ptr %68, i64 4096
  %109 = load i32, ptr %108, align 4
  %p.splatinsert81 = insertelement <16 x i32> poison, i32 %109, i64 0
  %p.splat82 = shufflevector <16 x i32> %p.splatinsert81, <16 x i32> poison, <16 x i32> zeroinitializer
  %110 = bitcast <16 x i32> %v to <16 x float>
  %111 = bitcast <16 x i32> %p.splat82 to <16 x float>
  %sum83 = call <16 x float> @llvm.fma.v16f32(<16 x float> %111, <16 x float> %110, <16 x float> %key.carried49)
  %112 = bitcast <16 x i32> %v57 to <16 x float>
  %113 = bitcast <16 x i32> %p.splat82 to <16 x float>
  %sum84 = call <16 x float> @llvm.fma.v16f32(<16 x float> %113, <16 x float> %112, <16 x float> %key.carried50)
  %114 = bitcast <16 x i32> %v58 to <16 x float>
  %115 = bitcast <16 x i32> %p.splat82 to <16 x float>
  %sum85 = call <16 x float> @llvm.fma.v16f32(<16 x float> %115, <16 x float> %114, <16 x float> %key.carried51)
  %116 = bitcast <16 x i32> %v59 to <16 x float>
  %117 = bitcast <16 x i32> %p.splat82 to <16 x float>
  %sum86 = call <16 x float> @llvm.fma.v16f32(<16 x float> %117, <16 x float> %116, <16 x float> %key.carried52)
  %118 = getelementptr inbounds i8, ptr %68, i64 5120
  %119 = load i32, ptr %118, align 4
  %p.splatinsert87 = insertelement <16 x i32> poison, i32 %119, i64 0
  %p.splat88 = shufflevector <16 x i32> %p.splatinsert87, <16 x i32> poison, <16 x i32> zeroinitializer
  %120 = bitcast <16 x i32> %v to <16 x float>
  %121 = bitcast <16 x i32> %p.splat88 to <16 x float>
  %sum89 = call <16 x float> @llvm.fma.v16f32(<16 x float> %121, <16 x float> %120, <16 x float> %key.carried53)
  %122 = bitcast <16 x i32> %v57 to <16 x float>
  %123 = bitcast <16 x i32> %p.splat88 to <16 x float>
  %sum90 = call <16 x float> @llvm.fma.v16f32(<16 x float> %123, <16 x float> %122, <16 x float> %key.carried54)
  %124 = bitcast <16 x i32> %v58 to <16 x float>
  %125 = bitcast <16 x i32> %p.splat88 to <16 x float>
  %sum91 = call <16 x float> @llvm.fma.v16f32(<16 x float> %125, <16 x float> %124, <16 x float> %key.carried55)
  %126 = bitcast <16 x i32> %v59 to <16 x float>
  %127 = bitcast <16 x i32> %p.splat88 to <16 x float>
  %sum92 = call <16 x float> @llvm.fma.v16f32(<16 x float> %127, <16 x float> %126, <16 x float> %key.carried56)
  %key.next = add nsw i64 %key, 1
  %128 = icmp slt i64 %key.next, %count
  br i1 %128, label %key.loop, label %key.done

key.done:                                         ; preds = %key.loop, %chunk.loop
  %key.result = phi <16 x float> [ %o, %chunk.loop ], [ %sum, %key.loop ]
  %key.result93 = phi <16 x float> [ %o1, %chunk.loop ], [ %sum60, %key.loop ]
  %key.result94 = phi <16 x float> [ %o2, %chunk.loop ], [ %sum61, %key.loop ]
  %key.result95 = phi <16 x float> [ %o3, %chunk.loop ], [ %sum62, %key.loop ]
  %key.result96 = phi <16 x float> [ %o6, %chunk.loop ], [ %sum65, %key.loop ]
  %key.result97 = phi <16 x float> [ %o7, %chunk.loop ], [ %sum66, %key.loop ]
  %key.result98 = phi <16 x float> [ %o8, %chunk.loop ], [ %sum67, %key.loop ]
  %key.result99 = phi <16 x float> [ %o9, %chunk.loop ], [ %sum68, %key.loop ]
  %key.result100 = phi <16 x float> [ %o12, %chunk.loop ], [ %sum71, %key.loop ]
  %key.result101 = phi <16 x float> [ %o13, %chunk.loop ], [ %sum72, %key.loop ]
  %key.result102 = phi <16 x float> [ %o14, %chunk.loop ], [ %sum73, %key.loop ]
  %key.result103 = phi <16 x float> [ %o15, %chunk.loop ], [ %sum74, %key.loop ]
  %key.result104 = phi <16 x float> [ %o18, %chunk.loop ], [ %sum77, %key.loop ]
  %key.result105 = phi <16 x float> [ %o19, %chunk.loop ], [ %sum78, %key.loop ]
  %key.result106 = phi <16 x float> [ %o20, %chunk.loop ], [ %sum79, %key.loop ]
  %key.result107 = phi <16 x float> [ %o21, %chunk.loop ], [ %sum80, %key.loop ]
  %key.result108 = phi <16 x float> [ %o24, %chunk.loop ], [ %sum83, %key.loop ]
  %key.result109 = phi <16 x float> [ %o25, %chunk.loop ], [ %sum84, %key.loop ]
  %key.result110 = phi <16 x float> [ %o26, %chunk.loop ], [ %sum85, %key.loop ]
  %key.result111 = phi <16 x float> [ %o27, %chunk.loop ], [ %sum86, %key.loop ]
  %key.result112 = phi <16 x float> [ %o30, %chunk.loop ], [ %sum89, %key.loop ]
  %key.result113 = phi <16 x float> [ %o31, %chunk.loop ], [ %sum90, %key.loop ]
  %key.result114 = phi <16 x float> [ %o32, %chunk.loop ], [ %sum91, %key.loop ]
  %key.result115 = phi <16 x float> [ %o33, %chunk.loop ], [ %sum92, %key.loop ]
  store <16 x float> %key.result, ptr %out, align 64
  %129 = getelementptr inbounds i8, ptr %out, i64 64
  store <16 x float> %key.result93, ptr %129, align 64
  %130 = getelementptr inbounds i8, ptr %out, i64 128
  store <16 x float> %key.result94, ptr %130, align 64
  %131 = getelementptr inbounds i8, ptr %out, i64 192
  store <16 x float> %key.result95, ptr %131, align 64
  %132 = getelementptr inbounds i8, ptr %out, i64 256
  store <16 x float> %key.result96, ptr %132, align 64
  %133 = getelementptr inbounds i8, ptr %out, i64 320
  store <16 x float> %key.result97, ptr %133, align 64
  %134 = getelementptr inbounds i8, ptr %out, i64 384
  store <16 x float> %key.result98, ptr %134, align 64
  %135 = getelementptr inbounds i8, ptr %out, i64 448
  store <16 x float> %key.result99, ptr %135, align 64
  %136 = getelementptr inbounds i8, ptr %out, i64 512
  store <16 x float> %key.result100, ptr %136, align 64
  %137 = getelementptr inbounds i8, ptr %out, i64 576
  store <16 x float> %key.result101, ptr %137, align 64
  %138 = getelementptr inbounds i8, ptr %out, i64 640
  store <16 x float> %key.result102, ptr %138, align 64
  %139 = getelementptr inbounds i8, ptr %out, i64 704
  store <16 x float> %key.result103, ptr %139, align 64
  %140 = getelementptr inbounds i8, ptr %out, i64 768
  store <16 x float> %key.result104, ptr %140, align 64
  %141 = getelementptr inbounds i8, ptr %out, i64 832
  store <16 x float> %key.result105, ptr %141, align 64
  %142 = getelementptr inbounds i8, ptr %out, i64 896
  store <16 x float> %key.result106, ptr %142, align 64
  %143 = getelementptr inbounds i8, ptr %out, i64 960
  store <16 x float> %key.result107, ptr %143, align 64
  %144 = getelementptr inbounds i8, ptr %out, i64 1024
  store <16 x float> %key.result108, ptr %144, align 64
  %145 = getelementptr inbounds i8, ptr %out, i64 1088
  store <16 x float> %key.result109, ptr %145, align 64
  %146 = getelementptr inbounds i8, ptr %out, i64 1152
  store <16 x float> %key.result110, ptr %146, align 64
  %147 = getelementptr inbounds i8, ptr %out, i64 1216
  store <16 x float> %key.result111, ptr %147, align 64
  %148 = getelementptr inbounds i8, ptr %out, i64 1280
  store <16 x float> %key.result112, ptr %148, align 64
  %149 = getelementptr inbounds i8, ptr %out, i64 1344
  store <16 x float> %key.result113, ptr %149, align 64
  %150 = getelementptr inbounds i8, ptr %out, i64 1408
  store <16 x float> %key.result114, ptr %150, align 64
  %151 = getelementptr inbounds i8, ptr %out, i64 1472
  store <16 x float> %key.result115, ptr %151, align 64
  %chunk.next = add nsw i64 %chunk, 4
  %152 = icmp slt i64 %chunk.next, 4
  br i1 %152, label %chunk.loop, label %chunk.done
}

; Function Attrs: noinline nounwind
; one block of keys against every panel of the work item
define internal void @visit_block(ptr noundef %arguments, ptr noundef %scratch, i64 %key, i64 %count, i1 %apply_masks) #0 {
entry:
  %0 = getelementptr inbounds i8, ptr %arguments, i64 232
  %k_stride_seq = load i64, ptr %0, align 8
  %1 = getelementptr inbounds i8, ptr %arguments, i64 256
  %v_stride_seq = load i64, ptr %1, align 8
  %2 = mul nsw i64 %key, %k_stride_seq
  %3 = getelementptr inbounds i8, ptr %scratch, i64 64
  %k_base = load ptr, ptr %3, align 8
  %keys = getelementptr inbounds i8, ptr %k_base, i64 %2
  %4 = mul nsw i64 %key, %v_stride_seq
  %5 = getelementptr inbounds i8, ptr %scratch, i64 72
  %v_base = load ptr, ptr %5, align 8
  %values = getelementptr inbounds i8, ptr %v_base, i64 %4
  %packed_keys = getelementptr inbounds i8, ptr %scratch, i64 237248
  call void @pack_keys(ptr %keys, i64 %k_stride_seq, i64 %count, ptr %packed_keys)
  %packed_values = getelementptr inbounds i8, ptr %scratch, i64 302784
  call void @pack_values(ptr %values, i64 %v_stride_seq, i64 %count, ptr %packed_values, ptr %scratch)
  %v_from = getelementptr inbounds i8, ptr %scratch, i64 302784
  %6 = getelementptr inbounds i8, ptr %scratch, i64 40
  %7 = getelementptr inbounds i8, ptr %arguments, i64 424
  %scale_log2 = load double, ptr %7, align 8
  %scale_log2.f32 = fptrunc double %scale_log2 to float
  %8 = getelementptr inbounds i8, ptr %scratch, i64 80
  %panels = load i64, ptr %8, align 8
  %9 = icmp slt i64 0, %panels
  br i1 %9, label %panel.loop, label %panel.done

panel.loop:                                       ; preds = %visible_panel.end, %entry
  %panel = phi i64 [ 0, %entry ], [ %panel.next, %visible_panel.end ]
  %10 = mul nsw i64 %panel, 32
  %bounds = getelementptr inbounds i8, ptr %scratch, i64 128
  %11 = getelementptr inbounds i8, ptr %bounds, i64 %10
  %12 = getelementptr inbounds i8, ptr %11, i64 24
  %hi_max = load i64, ptr %12, align 8
  %13 = icmp slt i64 %key, %hi_max
  %14 = add nsw i64 %key, %count
  %lo_min = load i64, ptr %11, align 8
  %15 = icmp slt i64 %lo_min, %14
  %16 = and i1 %15, %13
  %17 = xor i1 %apply_masks, true
  %visible = or i1 %16, %17
  br i1 %visible, label %visible_panel, label %visible_panel.end

panel.done:                                       ; preds = %visible_panel.end, %entry
  ret void

visible_panel:                                    ; preds = %panel.loop
  %row = mul nsw i64 %panel, 6
  %18 = getelementptr inbounds i8, ptr %11, i64 24
  %hi_max1 = load i64, ptr %18, align 8
  %19 = sub nsw i64 %hi_max1, %key
  %20 = call i64 @llvm.smin.i64(i64 %count, i64 %19)
  %count2 = select i1 %apply_masks, i64 %20, i64 %count
  %end = add nsw i64 %key, %count2
  %21 = add nsw i64 %count2, 15
  %vectors = udiv i64 %21, 16
  %22 = mul nsw i64 %vectors, 16
  %ragged = icmp slt i64 %count2, %22
  %23 = mul nsw i64 %row, 256
  %queries = getelementptr inbounds i8, ptr %scratch, i64 34496
  %24 = getelementptr inbounds i8, ptr %queries, i64 %23
  %scores = getelementptr inbounds i8, ptr %scratch, i64 132800
  %packed = getelementptr inbounds i8, ptr %scratch, i64 237248
  call void @scores(ptr %24, ptr %packed, ptr %scores, i64 %count2)
  %25 = getelementptr inbounds i8, ptr %11, i64 16
  %hi_min = load i64, ptr %25, align 8
  %26 = icmp sgt i64 %end, %hi_min
  %27 = getelementptr inbounds i8, ptr %11, i64 8
  %lo_max = load i64, ptr %27, align 8
  %28 = icmp slt i64 %key, %lo_max
  %29 = or i1 %28, %26
  %30 = and i1 %apply_masks, %29
  %hides = or i1 %ragged, %30
  br i1 %hides, label %boundary, label %boundary.end

visible_panel.end:                                ; preds = %boundary.end, %panel.loop
  %panel.next = add nsw i64 %panel, 1
  %31 = icmp slt i64 %panel.next, %panels
  br i1 %31, label %panel.loop, label %panel.done

boundary:                                         ; preds = %visible_panel
  %32 = getelementptr inbounds i8, ptr %scratch, i64 88
  %33 = mul nsw i64 %row, 8
  %lo = getelementptr inbounds i8, ptr %scratch, i64 2176
  %34 = getelementptr inbounds i8, ptr %lo, i64 %33
  %35 = select i1 %apply_masks, ptr %34, ptr %32
  %36 = mul nsw i64 %row, 8
  %hi = getelementptr inbounds i8, ptr %scratch, i64 5248
  %37 = getelementptr inbounds i8, ptr %hi, i64 %36
  %38 = select i1 %apply_masks, ptr %37, ptr %6
  %39 = select i1 %apply_masks, i64 8, i64 0
  call void @mask_interval(ptr %scores, ptr %35, ptr %38, i64 %39, i64 %key, i64 %count2, i64 %vectors)
  br label %boundary.end

boundary.end:                                     ; preds = %boundary, %visible_panel
  %probabilities = getelementptr inbounds i8, ptr %scratch, i64 132800
  %alpha = getelementptr inbounds i8, ptr %scratch, i64 34432
  %40 = mul nsw i64 %row, 4
  %m = getelementptr inbounds i8, ptr %scratch, i64 8320
  %41 = getelementptr inbounds i8, ptr %m, i64 %40
  %42 = mul nsw i64 %row, 64
  %l = getelementptr inbounds i8, ptr %scratch, i64 9856
  %43 = getelementptr inbounds i8, ptr %l, i64 %42
  call void @softmax(ptr %scores, ptr %probabilities, ptr %41, ptr %43, ptr %alpha, i64 %vectors, float %scale_log2.f32)
  %44 = mul nsw i64 %row, 256
  %outputs = getelementptr inbounds i8, ptr %scratch, i64 138944
  %45 = getelementptr inbounds i8, ptr %outputs, i64 %44
  call void @accumulate(ptr %45, ptr %probabilities, ptr %v_from, i64 256, ptr %alpha, i64 %count2)
  br label %visible_panel.end
}

; Function Attrs: noinline nounwind
; rows and keys of the work item, its queries copied, each row's interval of visible keys
define internal void @begin_item(ptr noundef %arguments, ptr noundef %scratch, i64 %batch, i64 %item_head, i64 %row_block) #0 {
entry:
  %0 = getelementptr inbounds i8, ptr %arguments, i64 160
  %seqlen_q = load i64, ptr %0, align 8
  %1 = getelementptr inbounds i8, ptr %arguments, i64 168
  %seqlen_kv = load i64, ptr %1, align 8
  %row0 = mul nsw i64 %row_block, 384
  %2 = sub nsw i64 %seqlen_q, %row0
  %3 = call i64 @llvm.smin.i64(i64 %2, i64 384)
  %rows = call i64 @llvm.smax.i64(i64 %3, i64 0)
  %4 = add nsw i64 %rows, 5
  %panels = udiv i64 %4, 6
  %kv_head = udiv i64 %item_head, 1
  %5 = getelementptr inbounds i8, ptr %arguments, i64 216
  %k_stride_batch = load i64, ptr %5, align 8
  %6 = mul nsw i64 %batch, %k_stride_batch
  %7 = getelementptr inbounds i8, ptr %arguments, i64 224
  %k_stride_head = load i64, ptr %7, align 8
  %8 = mul nsw i64 %kv_head, %k_stride_head
  %9 = add nsw i64 %6, %8
  %10 = getelementptr inbounds i8, ptr %arguments, i64 232
  %k_stride_seq = load i64, ptr %10, align 8
  %11 = mul nsw i64 0, %k_stride_seq
  %12 = add nsw i64 %9, %11
  %13 = getelementptr inbounds i8, ptr %arguments, i64 8
  %k = load ptr, ptr %13, align 8
  %k_base = getelementptr inbounds i8, ptr %k, i64 %12
  %14 = getelementptr inbounds i8, ptr %arguments, i64 240
  %v_stride_batch = load i64, ptr %14, align 8
  %15 = mul nsw i64 %batch, %v_stride_batch
  %16 = getelementptr inbounds i8, ptr %arguments, i64 248
  %v_stride_head = load i64, ptr %16, align 8
  %17 = mul nsw i64 %kv_head, %v_stride_head
  %18 = add nsw i64 %15, %17
  %19 = getelementptr inbounds i8, ptr %arguments, i64 256
  %v_stride_seq = load i64, ptr %19, align 8
  %20 = mul nsw i64 0, %v_stride_seq
  %21 = add nsw i64 %18, %20
  %22 = getelementptr inbounds i8, ptr %arguments, i64 16
  %v = load ptr, ptr %22, align 8
  %v_base = getelementptr inbounds i8, ptr %v, i64 %21
  store i64 %batch, ptr %scratch, align 8
  %23 = getelementptr inbounds i8, ptr %scratch, i64 8
  store i64 %item_head, ptr %23, align 8
  %24 = getelementptr inbounds i8, ptr %scratch, i64 16
  store i64 %row0, ptr %24, align 8
  %25 = getelementptr inbounds i8, ptr %scratch, i64 24
  store i64 %rows, ptr %25, align 8
  %26 = getelementptr inbounds i8, ptr %scratch, i64 32
  store i64 %seqlen_q, ptr %26, align 8
  %27 = getelementptr inbounds i8, ptr %scratch, i64 40
  store i64 %seqlen_kv, ptr %27, align 8
  %28 = getelementptr inbounds i8, ptr %scratch, i64 48
  store i64 0, ptr %28, align 8
  %29 = getelementptr inbounds i8, ptr %scratch, i64 56
  store i64 0, ptr %29, align 8
  %30 = getelementptr inbounds i8, ptr %scratch, i64 64
  store ptr %k_base, ptr %30, align 8
  %31 = getelementptr inbounds i8, ptr %scratch, i64 72
  store ptr %v_base, ptr %31, align 8
  %32 = getelementptr inbounds i8, ptr %scratch, i64 80
  store i64 %panels, ptr %32, align 8
  %33 = getelementptr inbounds i8, ptr %scratch, i64 88
  store i64 0, ptr %33, align 8
  %34 = getelementptr inbounds i8, ptr %scratch, i64 96
  store i64 0, ptr %34, align 8
  %35 = getelementptr inbounds i8, ptr %arguments, i64 200
  %q_stride_head = load i64, ptr %35, align 8
  %36 = getelementptr inbounds i8, ptr %arguments, i64 208
  %q_stride_seq = load i64, ptr %36, align 8
  %37 = getelementptr inbounds i8, ptr %arguments, i64 192
  %q_stride_batch = load i64, ptr %37, align 8
  %38 = mul nsw i64 %batch, %q_stride_batch
  %q = load ptr, ptr %arguments, align 8
  %q_batch = getelementptr inbounds i8, ptr %q, i64 %38
  %last = sub nsw i64 %rows, 1
  %39 = mul nsw i64 %panels, 6
  %40 = icmp slt i64 0, %39
  br i1 %40, label %row.loop, label %row.done

row.loop:                                         ; preds = %row.loop, %entry
  %row = phi i64 [ 0, %entry ], [ %row.next, %row.loop ]
  %41 = call i64 @llvm.smin.i64(i64 %row, i64 %last)
  %42 = getelementptr inbounds i8, ptr %scratch, i64 16
  %row01 = load i64, ptr %42, align 8
  %absolute_row = add nsw i64 %row01, %41
  %43 = getelementptr inbounds i8, ptr %scratch, i64 8
  %head0 = load i64, ptr %43, align 8
  %hi = call i64 @llvm.smax.i64(i64 %seqlen_kv, i64 0)
  %44 = call i64 @llvm.smin.i64(i64 0, i64 %hi)
  %45 = mul nsw i64 %row, 8
  %46 = getelementptr inbounds i8, ptr %scratch, i64 2176
  %47 = getelementptr inbounds i8, ptr %46, i64 %45
  store i64 %44, ptr %47, align 8
  %48 = getelementptr inbounds i8, ptr %scratch, i64 5248
  %49 = getelementptr inbounds i8, ptr %48, i64 %45
  store i64 %hi, ptr %49, align 8
  %50 = mul nsw i64 %row, 4
  %51 = getelementptr inbounds i8, ptr %scratch, i64 8320
  %52 = getelementptr inbounds i8, ptr %51, i64 %50
  store float 0xFFF0000000000000, ptr %52, align 4
  %53 = mul nsw i64 %row, 64
  %54 = getelementptr inbounds i8, ptr %scratch, i64 9856
  %55 = getelementptr inbounds i8, ptr %54, i64 %53
  store <16 x float> zeroinitializer, ptr %55, align 64
  %56 = mul nsw i64 %row, 256
  %57 = getelementptr inbounds i8, ptr %scratch, i64 138944
  %o_row = getelementptr inbounds i8, ptr %57, i64 %56
  store <16 x float> zeroinitializer, ptr %o_row, align 64
  %58 = getelementptr inbounds i8, ptr %o_row, i64 64
  store <16 x float> zeroinitializer, ptr %58, align 64
  %59 = getelementptr inbounds i8, ptr %o_row, i64 128
  store <16 x float> zeroinitializer, ptr %59, align 64
  %60 = getelementptr inbounds i8, ptr %o_row, i64 192
  store <16 x float> zeroinitializer, ptr %60, align 64
  %61 = mul nsw i64 %absolute_row, %q_stride_seq
  %62 = mul nsw i64 %head0, %q_stride_head
  %63 = add nsw i64 %62, %61
  %q_row = getelementptr inbounds i8, ptr %q_batch, i64 %63
  %64 = mul nsw i64 %row, 256
  %65 = getelementptr inbounds i8, ptr %scratch, i64 34496
  %q_copy = getelementptr inbounds i8, ptr %65, i64 %64
  %q2 = load <16 x float>, ptr %q_row, align 4
  store <16 x float> %q2, ptr %q_copy, align 64
  %66 = getelementptr inbounds i8, ptr %q_row, i64 64
  %q3 = load <16 x float>, ptr %66, align 4
  %67 = getelementptr inbounds i8, ptr %q_copy, i64 64
  store <16 x float> %q3, ptr %67, align 64
  %68 = getelementptr inbounds i8, ptr %q_row, i64 128
  %q4 = load <16 x float>, ptr %68, align 4
  %69 = getelementptr inbounds i8, ptr %q_copy, i64 128
  store <16 x float> %q4, ptr %69, align 64
  %70 = getelementptr inbounds i8, ptr %q_row, i64 192
  %q5 = load <16 x float>, ptr %70, align 4
  %71 = getelementptr inbounds i8, ptr %q_copy, i64 192
  store <16 x float> %q5, ptr %71, align 64
  %row.next = add nsw i64 %row, 1
  %72 = icmp slt i64 %row.next, %39
  br i1 %72, label %row.loop, label %row.done

row.done:                                         ; preds = %row.loop, %entry
  %73 = icmp slt i64 0, %panels
  br i1 %73, label %panel.loop, label %panel.done

panel.loop:                                       ; preds = %panel.loop, %row.done
  %panel = phi i64 [ 0, %row.done ], [ %panel.next, %panel.loop ]
  %panel.carried = phi i64 [ 9223372036854775807, %row.done ], [ %139, %panel.loop ]
  %panel.carried6 = phi i64 [ 0, %row.done ], [ %140, %panel.loop ]
  %74 = mul nsw i64 %panel, 48
  %75 = getelementptr inbounds i8, ptr %scratch, i64 2176
  %76 = getelementptr inbounds i8, ptr %75, i64 %74
  %lo = load i64, ptr %76, align 8
  %77 = getelementptr inbounds i8, ptr %scratch, i64 5248
  %78 = getelementptr inbounds i8, ptr %77, i64 %74
  %hi7 = load i64, ptr %78, align 8
  %79 = call i64 @llvm.smin.i64(i64 9223372036854775807, i64 %lo)
  %80 = call i64 @llvm.smax.i64(i64 0, i64 %lo)
  %81 = call i64 @llvm.smin.i64(i64 9223372036854775807, i64 %hi7)
  %82 = call i64 @llvm.smax.i64(i64 0, i64 %hi7)
  %83 = getelementptr inbounds i8, ptr %scratch, i64 2176
  %84 = getelementptr inbounds i8, ptr %83, i64 %74
  %85 = getelementptr inbounds i8, ptr %84, i64 8
  %lo8 = load i64, ptr %85, align 8
  %86 = getelementptr inbounds i8, ptr %scratch, i64 5248
  %87 = getelementptr inbounds i8, ptr %86, i64 %74
  %88 = getelementptr inbounds i8, ptr %87, i64 8
  %hi9 = load i64, ptr %88, align 8
  %89 = call i64 @llvm.smin.i64(i64 %79, i64 %lo8)
  %90 = call i64 @llvm.smax.i64(i64 %80, i64 %lo8)
  %91 = call i64 @llvm.smin.i64(i64 %81, i64 %hi9)
  %92 = call i64 @llvm.smax.i64(i64 %82, i64 %hi9)
  %93 = getelementptr inbounds i8, ptr %scratch, i64 2176
  %94 = getelementptr inbounds i8, ptr %93, i64 %74
  %95 = getelementptr inbounds i8, ptr %94, i64 16
  %lo10 = load i64, ptr %95, align 8
  %96 = getelementptr inbounds i8, ptr %scratch, i64 5248
  %97 = getelementptr inbounds i8, ptr %96, i64 %74
  %98 = getelementptr inbounds i8, ptr %97, i64 16
  %hi11 = load i64, ptr %98, align 8
  %99 = call i64 @llvm.smin.i64(i64 %89, i64 %lo10)
  %100 = call i64 @llvm.smax.i64(i64 %90, i64 %lo10)
  %101 = call i64 @llvm.smin.i64(i64 %91, i64 %hi11)
  %102 = call i64 @llvm.smax.i64(i64 %92, i64 %hi11)
  %103 = getelementptr inbounds i8, ptr %scratch, i64 2176
  %104 = getelementptr inbounds i8, ptr %103, i64 %74
  %105 = getelementptr inbounds i8, ptr %104, i64 24
  %lo12 = load i64, ptr %105, align 8
  %106 = getelementptr inbounds i8, ptr %scratch, i64 5248
  %107 = getelementptr inbounds i8, ptr %106, i64 %74
  %108 = getelementptr inbounds i8, ptr %107, i64 24
  %hi13 = load i64, ptr %108, align 8
  %109 = call i64 @llvm.smin.i64(i64 %99, i64 %lo12)
  %110 = call i64 @llvm.smax.i64(i64 %100, i64 %lo12)
  %111 = call i64 @llvm.smin.i64(i64 %101, i64 %hi13)
  %112 = call i64 @llvm.smax.i64(i64 %102, i64 %hi13)
  %113 = getelementptr inbounds i8, ptr %scratch, i64 2176
  %114 = getelementptr inbounds i8, ptr %113, i64 %74
  %115 = getelementptr inbounds i8, ptr %114, i64 32
  %lo14 = load i64, ptr %115, align 8
  %116 = getelementptr inbounds i8, ptr %scratch, i64 5248
  %117 = getelementptr inbounds i8, ptr %116, i64 %74
  %118 = getelementptr inbounds i8, ptr %117, i64 32
  %hi15 = load i64, ptr %118, align 8
  %119 = call i64 @llvm.smin.i64(i64 %109, i64 %lo14)
  %120 = call i64 @llvm.smax.i64(i64 %110, i64 %lo14)
  %121 = call i64 @llvm.smin.i64(i64 %111, i64 %hi15)
  %122 = call i64 @llvm.smax.i64(i64 %112, i64 %hi15)
  %123 = getelementptr inbounds i8, ptr %scratch, i64 2176
  %124 = getelementptr inbounds i8, ptr %123, i64 %74
  %125 = getelementptr inbounds i8, ptr %124, i64 40
  %lo16 = load i64, ptr %125, align 8
  %126 = getelementptr inbounds i8, ptr %scratch, i64 5248
  %127 = getelementptr inbounds i8, ptr %126, i64 %74
  %128 = getelementptr inbounds i8, ptr %127, i64 40
  %hi17 = load i64, ptr %128, align 8
  %129 = call i64 @llvm.smin.i64(i64 %119, i64 %lo16)
  %130 = call i64 @llvm.smax.i64(i64 %120, i64 %lo16)
  %131 = call i64 @llvm.smin.i64(i64 %121, i64 %hi17)
  %132 = call i64 @llvm.smax.i64(i64 %122, i64 %hi17)
  %133 = mul nsw i64 %panel, 32
  %134 = getelementptr inbounds i8, ptr %scratch, i64 128
  %135 = getelementptr inbounds i8, ptr %134, i64 %133
  store i64 %129, ptr %135, align 8
  %136 = getelementptr inbounds i8, ptr %135, i64 8
  store i64 %130, ptr %136, align 8
  %137 = getelementptr inbounds i8, ptr %135, i64 16
  store i64 %131, ptr %137, align 8
  %138 = getelementptr inbounds i8, ptr %135, i64 24
  store i64 %132, ptr %138, align 8
  %139 = call i64 @llvm.smin.i64(i64 %panel.carried, i64 %129)
  %140 = call i64 @llvm.smax.i64(i64 %panel.carried6, i64 %132)
  %panel.next = add nsw i64 %panel, 1
  %141 = icmp slt i64 %panel.next, %panels
  br i1 %141, label %panel.loop, label %panel.done

panel.done:                                       ; preds = %panel.loop, %row.done
  %panel.result = phi i64 [ 9223372036854775807, %row.done ], [ %139, %panel.loop ]
  %panel.result18 = phi i64 [ 0, %row.done ], [ %140, %panel.loop ]
  %142 = getelementptr inbounds i8, ptr %scratch, i64 104
  store i64 %panel.result, ptr %142, align 8
  %143 = getelementptr inbounds i8, ptr %scratch, i64 112
  store i64 %panel.result18, ptr %143, align 8
  ret void
}

; Function Attrs: noinline nounwind
; divides by l, writes O and LSE, or the parts for attune_combine
define internal void @finish_item(ptr noundef %arguments, ptr noundef %scratch, i64 %split) #0 {
entry:
  %batch = load i64, ptr %scratch, align 8
  %0 = getelementptr inbounds i8, ptr %scratch, i64 56
  %q_start = load i64, ptr %0, align 8
  %1 = getelementptr inbounds i8, ptr %scratch, i64 24
  %rows = load i64, ptr %1, align 8
  %2 = icmp slt i64 0, %rows
  br i1 %2, label %row.loop, label %row.done

row.loop:                                         ; preds = %row.loop, %entry
  %row = phi i64 [ 0, %entry ], [ %row.next, %row.loop ]
  %3 = getelementptr inbounds i8, ptr %scratch, i64 16
  %row0 = load i64, ptr %3, align 8
  %absolute_row = add nsw i64 %row0, %row
  %4 = getelementptr inbounds i8, ptr %scratch, i64 8
  %head0 = load i64, ptr %4, align 8
  %5 = mul nsw i64 %row, 4
  %6 = getelementptr inbounds i8, ptr %scratch, i64 8320
  %7 = getelementptr inbounds i8, ptr %6, i64 %5
  %m = load float, ptr %7, align 4
  %8 = mul nsw i64 %row, 64
  %9 = getelementptr inbounds i8, ptr %scratch, i64 9856
  %10 = getelementptr inbounds i8, ptr %9, i64 %8
  %11 = load <16 x float>, ptr %10, align 64
  %12 = shufflevector <16 x float> %11, <16 x float> %11, <16 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>
  %13 = fadd <16 x float> %11, %12
  %14 = shufflevector <16 x float> %13, <16 x float> %13, <16 x i32> <i32 4, i32 5, i32 6, i32 7, i32 0, i32 1, i32 2, i32 3, i32 12, i32 13, i32 14, i32 15, i32 8, i32 9, i32 10, i32 11>
  %15 = fadd <16 x float> %13, %14
  %16 = shufflevector <16 x float> %15, <16 x float> %15, <16 x i32> <i32 2, i32 3, i32 0, i32 1, i32 6, i32 7, i32 4, i32 5, i32 10, i32 11, i32 8, i32 9, i32 14, i32 15, i32 12, i32 13>
  %17 = fadd <16 x float> %15, %16
  %18 = shufflevector <16 x float> %17, <16 x float> %17, <16 x i32> <i32 1, i32 0, i32 3, i32 2, i32 5, i32 4, i32 7, i32 6, i32 9, i32 8, i32 11, i32 10, i32 13, i32 12, i32 15, i32 14>
  %19 = fadd <16 x float> %17, %18
  %l = extractelement <16 x float> %19, i64 0
  %20 = mul nsw i64 %row, 256
  %21 = getelementptr inbounds i8, ptr %scratch, i64 138944
  %o_acc = getelementptr inbounds i8, ptr %21, i64 %20
  %22 = fcmp oeq float %l, 0.000000e+00
  %23 = fcmp oeq float %m, 0xFFF0000000000000
  %empty = and i1 %23, %22
  %24 = fdiv float 1.000000e+00, %l
  %factor = select i1 %empty, float 0.000000e+00, float %24
  %.splatinsert = insertelement <16 x float> poison, float %factor, i64 0
  %.splat = shufflevector <16 x float> %.splatinsert, <16 x float> poison, <16 x i32> zeroinitializer
  %25 = fcmp une <16 x float> %.splat, zeroinitializer
  %26 = add nsw i64 %absolute_row, %q_start
  %27 = getelementptr inbounds i8, ptr %arguments, i64 264
  %o_stride_batch = load i64, ptr %27, align 8
  %28 = mul nsw i64 %batch, %o_stride_batch
  %29 = getelementptr inbounds i8, ptr %arguments, i64 272
  %o_stride_head = load i64, ptr %29, align 8
  %30 = mul nsw i64 %head0, %o_stride_head
  %31 = add nsw i64 %28, %30
  %32 = getelementptr inbounds i8, ptr %arguments, i64 280
  %o_stride_seq = load i64, ptr %32, align 8
  %33 = mul nsw i64 %26, %o_stride_seq
  %34 = add nsw i64 %31, %33
  %35 = getelementptr inbounds i8, ptr %arguments, i64 24
  %o = load ptr, ptr %35, align 8
  %o_row = getelementptr inbounds i8, ptr %o, i64 %34
  %o1 = load <16 x float>, ptr %o_acc, align 64
  %36 = fmul <16 x float> %o1, %.splat
  %37 = select <16 x i1> %25, <16 x float> %36, <16 x float> zeroinitializer
  store <16 x float> %37, ptr %o_row, align 4
  %38 = getelementptr inbounds i8, ptr %o_row, i64 64
  %39 = getelementptr inbounds i8, ptr %o_acc, i64 64
  %o2 = load <16 x float>, ptr %39, align 64
  %40 = fmul <16 x float> %o2, %.splat
  %41 = select <16 x i1> %25, <16 x float> %40, <16 x float> zeroinitializer
  store <16 x float> %41, ptr %38, align 4
  %42 = getelementptr inbounds i8, ptr %o_row, i64 128
  %43 = getelementptr inbounds i8, ptr %o_acc, i64 128
  %o3 = load <16 x float>, ptr %43, align 64
  %44 = fmul <16 x float> %o3, %.splat
  %45 = select <16 x i1> %25, <16 x float> %44, <16 x float> zeroinitializer
  store <16 x float> %45, ptr %42, align 4
  %46 = getelementptr inbounds i8, ptr %o_row, i64 192
  %47 = getelementptr inbounds i8, ptr %o_acc, i64 192
  %o4 = load <16 x float>, ptr %47, align 64
  %48 = fmul <16 x float> %o4, %.splat
  %49 = select <16 x i1> %25, <16 x float> %48, <16 x float> zeroinitializer
  store <16 x float> %49, ptr %46, align 4
  %row.next = add nsw i64 %row, 1
  %50 = icmp slt i64 %row.next, %rows
  br i1 %50, label %row.loop, label %row.done

row.done:                                         ; preds = %row.loop, %entry
  ret void
}

; Function Attrs: nounwind
; entry: work items [item_begin, item_end) = (batch, head, row block, split)
define void @attune_forward(ptr noundef %arguments, i64 %item_begin, i64 %item_end, ptr noundef %scratch) #3 {
entry:
  %0 = getelementptr inbounds i8, ptr %arguments, i64 176
  %row_blocks = load i64, ptr %0, align 8
  %1 = getelementptr inbounds i8, ptr %arguments, i64 144
  %heads_q = load i64, ptr %1, align 8
  %2 = icmp slt i64 %item_begin, %item_end
  br i1 %2, label %item.loop, label %item.done

item.loop:                                        ; preds = %rows_exist.end, %entry
  %item = phi i64 [ %item_begin, %entry ], [ %item.next, %rows_exist.end ]
  %split = urem i64 %item, 1
  %3 = udiv i64 %item, 1
  %row_block = urem i64 %3, %row_blocks
  %4 = udiv i64 %3, %row_blocks
  %head = urem i64 %4, %heads_q
  %batch = udiv i64 %4, %heads_q
  call void @begin_item(ptr %arguments, ptr %scratch, i64 %batch, i64 %head, i64 %row_block)
  %5 = getelementptr inbounds i8, ptr %scratch, i64 24
  %rows = load i64, ptr %5, align 8
  %exists = icmp sgt i64 %rows, 0
  br i1 %exists, label %rows_exist, label %rows_exist.end

item.done:                                        ; preds = %rows_exist.end, %entry
  ret void

rows_exist:                                       ; preds = %item.loop
  %6 = getelementptr inbounds i8, ptr %scratch, i64 40
  %kv_len = load i64, ptr %6, align 8
  %7 = getelementptr inbounds i8, ptr %scratch, i64 104
  %lo_min = load i64, ptr %7, align 8
  %8 = udiv i64 %lo_min, 256
  %first_key = mul nsw i64 %8, 256
  %9 = getelementptr inbounds i8, ptr %scratch, i64 112
  %last_key = load i64, ptr %9, align 8
  %10 = icmp slt i64 %first_key, %last_key
  br i1 %10, label %block.loop, label %block.done

rows_exist.end:                                   ; preds = %block.done, %item.loop
  %item.next = add nsw i64 %item, 1
  %11 = icmp slt i64 %item.next, %item_end
  br i1 %11, label %item.loop, label %item.done

block.loop:                                       ; preds = %block.loop, %rows_exist
  %block = phi i64 [ %first_key, %rows_exist ], [ %block.next, %block.loop ]
  %12 = sub nsw i64 %last_key, %block
  %count = call i64 @llvm.smin.i64(i64 %12, i64 256)
  call void @visit_block(ptr %arguments, ptr %scratch, i64 %block, i64 %count, i1 true)
  %block.next = add nsw i64 %block, 256
  %13 = icmp slt i64 %block.next, %last_key
  br i1 %13, label %block.loop, label %block.done

block.done:                                       ; preds = %block.loop, %rows_exist
  call void @finish_item(ptr %arguments, ptr %scratch, i64 %split)
  br label %rows_exist.end
}

attributes #0 = { noinline nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }
attributes #1 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #2 = { nocallback nofree nosync nounwind willreturn memory(none) }
attributes #3 = { nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }
