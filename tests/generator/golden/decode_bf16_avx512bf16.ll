; Attune forward_cpu version 1: attention forward on the host.
; arch: x86-64-avx512bf16
; spec: forward_cpu v1 x86-64-avx512bf16 alibi=0 alignment=none causal=0 dtype=bf16 full_lists=0 group=4 head_dim_qk=128 head_dim_v=128 kv_lengths=0 lse=0 mask=none mask_broadcast_kv=0 mask_dtype=none mask_short=0 partial_lists=0 positive_scale=1 sinks=0 softcap=0 sparsity=none varlen=0 window_left=0 window_right=0
; config: block_m=4 block_n=256 grain=1 k_pack=0 pack_gqa=1 prefetch=16 pv_columns=6 qk_columns=1 rows=4 splits=1 unroll=2 v_pack=0
; ModuleID = 'attune_forward_cpu'
source_filename = "attune_forward_cpu"

; Function Attrs: noinline nounwind
; scores[row][key] = dot(query, key) for one panel of rows, accumulated in registers
define internal void @scores(ptr noundef %queries, ptr noundef %keys, i64 %stride, ptr noundef %scores, i64 %count) #0 {
entry:
  %last = sub nsw i64 %count, 1
  %0 = icmp slt i64 0, %count
  br i1 %0, label %key.loop, label %key.done

key.loop:                                         ; preds = %word.done, %entry
  %key = phi i64 [ 0, %entry ], [ %key.next, %word.done ]
  %1 = call i64 @llvm.smin.i64(i64 %key, i64 %last)
  %2 = mul nsw i64 %1, %stride
  %key_row = getelementptr inbounds i8, ptr %keys, i64 %2
  %3 = add nsw i64 %key, 1
  %4 = call i64 @llvm.smin.i64(i64 %3, i64 %last)
  %5 = mul nsw i64 %4, %stride
  %key_row1 = getelementptr inbounds i8, ptr %keys, i64 %5
  %6 = add nsw i64 %key, 2
  %7 = call i64 @llvm.smin.i64(i64 %6, i64 %last)
  %8 = mul nsw i64 %7, %stride
  %key_row2 = getelementptr inbounds i8, ptr %keys, i64 %8
  %9 = add nsw i64 %key, 3
  %10 = call i64 @llvm.smin.i64(i64 %9, i64 %last)
  %11 = mul nsw i64 %10, %stride
  %key_row3 = getelementptr inbounds i8, ptr %keys, i64 %11
  br i1 true, label %word.loop, label %word.done

key.done:                                         ; preds = %word.done, %entry
  ret void

word.loop:                                        ; preds = %word.loop, %key.loop
  %word = phi i64 [ 0, %key.loop ], [ %word.next, %word.loop ]
  %word.carried = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum, %word.loop ]
  %word.carried4 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum27, %word.loop ]
  %word.carried5 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum32, %word.loop ]
  %word.carried6 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum37, %word.loop ]
  %word.carried7 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum23, %word.loop ]
  %word.carried8 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum28, %word.loop ]
  %word.carried9 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum33, %word.loop ]
  %word.carried10 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum38, %word.loop ]
  %word.carried11 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum24, %word.loop ]
  %word.carried12 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum29, %word.loop ]
  %word.carried13 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum34, %word.loop ]
  %word.carried14 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum39, %word.loop ]
  %word.carried15 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum25, %word.loop ]
  %word.carried16 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum30, %word.loop ]
  %word.carried17 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum35, %word.loop ]
  %word.carried18 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum40, %word.loop ]
  %12 = mul nsw i64 %word, 4
  %13 = getelementptr inbounds i8, ptr %queries, i64 %12
  %q = load <16 x i32>, ptr %13, align 64
  %14 = mul nsw i64 %word, 4
  %15 = add nsw i64 %14, 256
  %16 = getelementptr inbounds i8, ptr %queries, i64 %15
  %q19 = load <16 x i32>, ptr %16, align 64
  %17 = mul nsw i64 %word, 4
  %18 = add nsw i64 %17, 512
  %19 = getelementptr inbounds i8, ptr %queries, i64 %18
  %q20 = load <16 x i32>, ptr %19, align 64
  %20 = mul nsw i64 %word, 4
  %21 = add nsw i64 %20, 768
  %22 = getelementptr inbounds i8, ptr %queries, i64 %21
  %q21 = load <16 x i32>, ptr %22, align 64
  %in_bytes = mul nsw i64 %word, 4
  %23 = getelementptr inbounds i8, ptr %key_row, i64 %in_bytes
  %24 = mul nsw i64 %stride, 16
  %25 = getelementptr inbounds i8, ptr %23, i64 %24
  call void @llvm.prefetch.p0(ptr %25, i32 0, i32 3, i32 1)
  %26 = load <32 x i16>, ptr %23, align 2
  %key22 = bitcast <32 x i16> %26 to <16 x i32>
  %27 = bitcast <16 x i32> %q to <32 x bfloat>
  %28 = bitcast <16 x i32> %key22 to <32 x bfloat>
  %sum = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried, <32 x bfloat> %27, <32 x bfloat> %28)
  %29 = bitcast <16 x i32> %q19 to <32 x bfloat>
  %30 = bitcast <16 x i32> %key22 to <32 x bfloat>
  %sum23 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried7, <32 x bfloat> %29, <32 x bfloat> %30)
  %31 = bitcast <16 x i32> %q20 to <32 x bfloat>
  %32 = bitcast <16 x i32> %key22 to <32 x bfloat>
  %sum24 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried11, <32 x bfloat> %31, <32 x bfloat> %32)
  %33 = bitcast <16 x i32> %q21 to <32 x bfloat>
  %34 = bitcast <16 x i32> %key22 to <32 x bfloat>
  %sum25 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried15, <32 x bfloat> %33, <32 x bfloat> %34)
  %35 = getelementptr inbounds i8, ptr %key_row1, i64 %in_bytes
  %36 = mul nsw i64 %stride, 16
  %37 = getelementptr inbounds i8, ptr %35, i64 %36
  call void @llvm.prefetch.p0(ptr %37, i32 0, i32 3, i32 1)
  %38 = load <32 x i16>, ptr %35, align 2
  %key26 = bitcast <32 x i16> %38 to <16 x i32>
  %39 = bitcast <16 x i32> %q to <32 x bfloat>
  %40 = bitcast <16 x i32> %key26 to <32 x bfloat>
  %sum27 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried4, <32 x bfloat> %39, <32 x bfloat> %40)
  %41 = bitcast <16 x i32> %q19 to <32 x bfloat>
  %42 = bitcast <16 x i32> %key26 to <32 x bfloat>
  %sum28 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried8, <32 x bfloat> %41, <32 x bfloat> %42)
  %43 = bitcast <16 x i32> %q20 to <32 x bfloat>
  %44 = bitcast <16 x i32> %key26 to <32 x bfloat>
  %sum29 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried12, <32 x bfloat> %43, <32 x bfloat> %44)
  %45 = bitcast <16 x i32> %q21 to <32 x bfloat>
  %46 = bitcast <16 x i32> %key26 to <32 x bfloat>
  %sum30 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried16, <32 x bfloat> %45, <32 x bfloat> %46)
  %47 = getelementptr inbounds i8, ptr %key_row2, i64 %in_bytes
  %48 = mul nsw i64 %stride, 16
  %49 = getelementptr inbounds i8, ptr %47, i64 %48
  call void @llvm.prefetch.p0(ptr %49, i32 0, i32 3, i32 1)
  %50 = load <32 x i16>, ptr %47, align 2
  %key31 = bitcast <32 x i16> %50 to <16 x i32>
  %51 = bitcast <16 x i32> %q to <32 x bfloat>
  %52 = bitcast <16 x i32> %key31 to <32 x bfloat>
  %sum32 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried5, <32 x bfloat> %51, <32 x bfloat> %52)
  %53 = bitcast <16 x i32> %q19 to <32 x bfloat>
  %54 = bitcast <16 x i32> %key31 to <32 x bfloat>
  %sum33 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried9, <32 x bfloat> %53, <32 x bfloat> %54)
  %55 = bitcast <16 x i32> %q20 to <32 x bfloat>
  %56 = bitcast <16 x i32> %key31 to <32 x bfloat>
  %sum34 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried13, <32 x bfloat> %55, <32 x bfloat> %56)
  %57 = bitcast <16 x i32> %q21 to <32 x bfloat>
  %58 = bitcast <16 x i32> %key31 to <32 x bfloat>
  %sum35 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried17, <32 x bfloat> %57, <32 x bfloat> %58)
  %59 = getelementptr inbounds i8, ptr %key_row3, i64 %in_bytes
  %60 = mul nsw i64 %stride, 16
  %61 = getelementptr inbounds i8, ptr %59, i64 %60
  call void @llvm.prefetch.p0(ptr %61, i32 0, i32 3, i32 1)
  %62 = load <32 x i16>, ptr %59, align 2
  %key36 = bitcast <32 x i16> %62 to <16 x i32>
  %63 = bitcast <16 x i32> %q to <32 x bfloat>
  %64 = bitcast <16 x i32> %key36 to <32 x bfloat>
  %sum37 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried6, <32 x bfloat> %63, <32 x bfloat> %64)
  %65 = bitcast <16 x i32> %q19 to <32 x bfloat>
  %66 = bitcast <16 x i32> %key36 to <32 x bfloat>
  %sum38 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried10, <32 x bfloat> %65, <32 x bfloat> %66)
  %67 = bitcast <16 x i32> %q20 to <32 x bfloat>
  %68 = bitcast <16 x i32> %key36 to <32 x bfloat>
  %sum39 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried14, <32 x bfloat> %67, <32 x bfloat> %68)
  %69 = bitcast <16 x i32> %q21 to <32 x bfloat>
  %70 = bitcast <16 x i32> %key36 to <32 x bfloat>
  %sum40 = call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> %word.carried18, <32 x bfloat> %69, <32 x bfloat> %70)
  %word.next = add nsw i64 %word, 16
  %71 = icmp slt i64 %word.next, 64
  br i1 %71, label %word.loop, label %word.done

word.done:                                        ; preds = %word.loop, %key.loop
  %word.result = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum, %word.loop ]
  %word.result41 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum27, %word.loop ]
  %word.result42 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum32, %word.loop ]
  %word.result43 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum37, %word.loop ]
  %word.result44 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum23, %word.loop ]
  %word.result45 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum28, %word.loop ]
  %word.result46 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum33, %word.loop ]
  %word.result47 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum38, %word.loop ]
  %word.result48 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum24, %word.loop ]
  %word.result49 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum29, %word.loop ]
  %word.result50 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum34, %word.loop ]
  %word.result51 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum39, %word.loop ]
  %word.result52 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum25, %word.loop ]
  %word.result53 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum30, %word.loop ]
  %word.result54 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum35, %word.loop ]
  %word.result55 = phi <16 x float> [ zeroinitializer, %key.loop ], [ %sum40, %word.loop ]
  %72 = shufflevector <16 x float> %word.result, <16 x float> %word.result41, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %73 = shufflevector <16 x float> %word.result, <16 x float> %word.result41, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %fold = fadd <16 x float> %72, %73
  %74 = shufflevector <16 x float> %word.result42, <16 x float> %word.result43, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %75 = shufflevector <16 x float> %word.result42, <16 x float> %word.result43, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %fold56 = fadd <16 x float> %74, %75
  %76 = shufflevector <16 x float> %word.result44, <16 x float> %word.result45, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %77 = shufflevector <16 x float> %word.result44, <16 x float> %word.result45, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %fold57 = fadd <16 x float> %76, %77
  %78 = shufflevector <16 x float> %word.result46, <16 x float> %word.result47, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %79 = shufflevector <16 x float> %word.result46, <16 x float> %word.result47, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %fold58 = fadd <16 x float> %78, %79
  %80 = shufflevector <16 x float> %word.result48, <16 x float> %word.result49, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %81 = shufflevector <16 x float> %word.result48, <16 x float> %word.result49, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %fold59 = fadd <16 x float> %80, %81
  %82 = shufflevector <16 x float> %word.result50, <16 x float> %word.result51, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %83 = shufflevector <16 x float> %word.result50, <16 x float> %word.result51, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %fold60 = fadd <16 x float> %82, %83
  %84 = shufflevector <16 x float> %word.result52, <16 x float> %word.result53, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %85 = shufflevector <16 x float> %word.result52, <16 x float> %word.result53, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %fold61 = fadd <16 x float> %84, %85
  %86 = shufflevector <16 x float> %word.result54, <16 x float> %word.result55, <16 x i32> <i32 0, i32 16, i32 2, i32 18, i32 4, i32 20, i32 6, i32 22, i32 8, i32 24, i32 10, i32 26, i32 12, i32 28, i32 14, i32 30>
  %87 = shufflevector <16 x float> %word.result54, <16 x float> %word.result55, <16 x i32> <i32 1, i32 17, i32 3, i32 19, i32 5, i32 21, i32 7, i32 23, i32 9, i32 25, i32 11, i32 27, i32 13, i32 29, i32 15, i32 31>
  %fold62 = fadd <16 x float> %86, %87
  %88 = shufflevector <16 x float> %fold, <16 x float> %fold56, <16 x i32> <i32 0, i32 1, i32 16, i32 17, i32 4, i32 5, i32 20, i32 21, i32 8, i32 9, i32 24, i32 25, i32 12, i32 13, i32 28, i32 29>
  %89 = shufflevector <16 x float> %fold, <16 x float> %fold56, <16 x i32> <i32 2, i32 3, i32 18, i32 19, i32 6, i32 7, i32 22, i32 23, i32 10, i32 11, i32 26, i32 27, i32 14, i32 15, i32 30, i32 31>
  %fold63 = fadd <16 x float> %88, %89
  %90 = shufflevector <16 x float> %fold57, <16 x float> %fold58, <16 x i32> <i32 0, i32 1, i32 16, i32 17, i32 4, i32 5, i32 20, i32 21, i32 8, i32 9, i32 24, i32 25, i32 12, i32 13, i32 28, i32 29>
  %91 = shufflevector <16 x float> %fold57, <16 x float> %fold58, <16 x i32> <i32 2, i32 3, i32 18, i32 19, i32 6, i32 7, i32 22, i32 23, i32 10, i32 11, i32 26, i32 27, i32 14, i32 15, i32 30, i32 31>
  %fold64 = fadd <16 x float> %90, %91
  %92 = shufflevector <16 x float> %fold59, <16 x float> %fold60, <16 x i32> <i32 0, i32 1, i32 16, i32 17, i32 4, i32 5, i32 20, i32 21, i32 8, i32 9, i32 24, i32 25, i32 12, i32 13, i32 28, i32 29>
  %93 = shufflevector <16 x float> %fold59, <16 x float> %fold60, <16 x i32> <i32 2, i32 3, i32 18, i32 19, i32 6, i32 7, i32 22, i32 23, i32 10, i32 11, i32 26, i32 27, i32 14, i32 15, i32 30, i32 31>
  %fold65 = fadd <16 x float> %92, %93
  %94 = shufflevector <16 x float> %fold61, <16 x float> %fold62, <16 x i32> <i32 0, i32 1, i32 16, i32 17, i32 4, i32 5, i32 20, i32 21, i32 8, i32 9, i32 24, i32 25, i32 12, i32 13, i32 28, i32 29>
  %95 = shufflevector <16 x float> %fold61, <16 x float> %fold62, <16 x i32> <i32 2, i32 3, i32 18, i32 19, i32 6, i32 7, i32 22, i32 23, i32 10, i32 11, i32 26, i32 27, i32 14, i32 15, i32 30, i32 31>
  %fold66 = fadd <16 x float> %94, %95
  %96 = shufflevector <16 x float> %fold63, <16 x float> %fold64, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 16, i32 17, i32 18, i32 19, i32 8, i32 9, i32 10, i32 11, i32 24, i32 25, i32 26, i32 27>
  %97 = shufflevector <16 x float> %fold63, <16 x float> %fold64, <16 x i32> <i32 4, i32 5, i32 6, i32 7, i32 20, i32 21, i32 22, i32 23, i32 12, i32 13, i32 14, i32 15, i32 28, i32 29, i32 30, i32 31>
  %fold67 = fadd <16 x float> %96, %97
  %98 = shufflevector <16 x float> %fold65, <16 x float> %fold66, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 16, i32 17, i32 18, i32 19, i32 8, i32 9, i32 10, i32 11, i32 24, i32 25, i32 26, i32 27>
  %99 = shufflevector <16 x float> %fold65, <16 x float> %fold66, <16 x i32> <i32 4, i32 5, i32 6, i32 7, i32 20, i32 21, i32 22, i32 23, i32 12, i32 13, i32 14, i32 15, i32 28, i32 29, i32 30, i32 31>
  %fold68 = fadd <16 x float> %98, %99
  %100 = shufflevector <16 x float> %fold67, <16 x float> %fold68, <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 16, i32 17, i32 18, i32 19, i32 20, i32 21, i32 22, i32 23>
  %101 = shufflevector <16 x float> %fold67, <16 x float> %fold68, <16 x i32> <i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 24, i32 25, i32 26, i32 27, i32 28, i32 29, i32 30, i32 31>
  %fold69 = fadd <16 x float> %100, %101
  %102 = mul nsw i64 %key, 4
  %out = getelementptr inbounds i8, ptr %scores, i64 %102
  %103 = shufflevector <16 x float> %fold69, <16 x float> %fold69, <4 x i32> <i32 0, i32 1, i32 2, i32 3>
  store <4 x float> %103, ptr %out, align 4
  %104 = getelementptr inbounds i8, ptr %out, i64 1024
  %105 = shufflevector <16 x float> %fold69, <16 x float> %fold69, <4 x i32> <i32 4, i32 5, i32 6, i32 7>
  store <4 x float> %105, ptr %104, align 4
  %106 = getelementptr inbounds i8, ptr %out, i64 2048
  %107 = shufflevector <16 x float> %fold69, <16 x float> %fold69, <4 x i32> <i32 8, i32 9, i32 10, i32 11>
  store <4 x float> %107, ptr %106, align 4
  %108 = getelementptr inbounds i8, ptr %out, i64 3072
  %109 = shufflevector <16 x float> %fold69, <16 x float> %fold69, <4 x i32> <i32 12, i32 13, i32 14, i32 15>
  store <4 x float> %109, ptr %108, align 4
  %key.next = add nsw i64 %key, 4
  %110 = icmp slt i64 %key.next, %count
  br i1 %110, label %key.loop, label %key.done
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.smin.i64(i64, i64) #1

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(argmem: readwrite, inaccessiblemem: readwrite)
declare void @llvm.prefetch.p0(ptr nocapture readonly, i32 immarg, i32 immarg, i32 immarg) #2

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(none)
declare <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float>, <32 x bfloat>, <32 x bfloat>) #3

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
  %33 = icmp slt i64 %row.next, 4
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
  %exp.carried22 = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum39, %exp.loop ]
  %exp.carried23 = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum47, %exp.loop ]
  %exp.carried24 = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum55, %exp.loop ]
  %53 = mul nsw i64 %exp, 64
  %54 = getelementptr inbounds i8, ptr %in, i64 %53
  %s25 = load <16 x float>, ptr %54, align 64
  %55 = call <16 x float> @llvm.fma.v16f32(<16 x float> %s25, <16 x float> %scale.splat, <16 x float> %negative_shift.splat)
  %fraction26 = call <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float> %55, i32 9, <16 x float> %55, i16 -1, i32 4)
  %exp227 = call <16 x float> @llvm.fma.v16f32(<16 x float> <float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000>, <16 x float> %fraction26, <16 x float> <float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000>)
  %exp228 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp227, <16 x float> %fraction26, <16 x float> <float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000>)
  %exp229 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp228, <16 x float> %fraction26, <16 x float> <float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000>)
  %exp230 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp229, <16 x float> %fraction26, <16 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %exp231 = call <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float> %exp230, <16 x float> %55, <16 x float> %exp230, i16 -1, i32 4)
  %56 = mul nsw i64 %exp, 16
  %57 = mul nsw i64 %56, 4
  %58 = getelementptr inbounds i8, ptr %out, i64 %57
  store <16 x float> %exp231, ptr %58, align 64
  %sum = fadd <16 x float> %exp.carried, %exp231
  %59 = add nsw i64 %exp, 1
  %60 = mul nsw i64 %59, 64
  %61 = getelementptr inbounds i8, ptr %in, i64 %60
  %s32 = load <16 x float>, ptr %61, align 64
  %62 = call <16 x float> @llvm.fma.v16f32(<16 x float> %s32, <16 x float> %scale.splat, <16 x float> %negative_shift.splat)
  %fraction33 = call <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float> %62, i32 9, <16 x float> %62, i16 -1, i32 4)
  %exp234 = call <16 x float> @llvm.fma.v16f32(<16 x float> <float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000>, <16 x float> %fraction33, <16 x float> <float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000>)
  %exp235 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp234, <16 x float> %fraction33, <16 x float> <float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000>)
  %exp236 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp235, <16 x float> %fraction33, <16 x float> <float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000>)
  %exp237 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp236, <16 x float> %fraction33, <16 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %exp238 = call <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float> %exp237, <16 x float> %62, <16 x float> %exp237, i16 -1, i32 4)
  %63 = mul nsw i64 %59, 16
  %64 = mul nsw i64 %63, 4
  %65 = getelementptr inbounds i8, ptr %out, i64 %64
  store <16 x float> %exp238, ptr %65, align 64
  %sum39 = fadd <16 x float> %exp.carried22, %exp238
  %66 = add nsw i64 %exp, 2
  %67 = mul nsw i64 %66, 64
  %68 = getelementptr inbounds i8, ptr %in, i64 %67
  %s40 = load <16 x float>, ptr %68, align 64
  %69 = call <16 x float> @llvm.fma.v16f32(<16 x float> %s40, <16 x float> %scale.splat, <16 x float> %negative_shift.splat)
  %fraction41 = call <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float> %69, i32 9, <16 x float> %69, i16 -1, i32 4)
  %exp242 = call <16 x float> @llvm.fma.v16f32(<16 x float> <float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000>, <16 x float> %fraction41, <16 x float> <float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000>)
  %exp243 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp242, <16 x float> %fraction41, <16 x float> <float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000>)
  %exp244 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp243, <16 x float> %fraction41, <16 x float> <float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000>)
  %exp245 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp244, <16 x float> %fraction41, <16 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %exp246 = call <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float> %exp245, <16 x float> %69, <16 x float> %exp245, i16 -1, i32 4)
  %70 = mul nsw i64 %66, 16
  %71 = mul nsw i64 %70, 4
  %72 = getelementptr inbounds i8, ptr %out, i64 %71
  store <16 x float> %exp246, ptr %72, align 64
  %sum47 = fadd <16 x float> %exp.carried23, %exp246
  %73 = add nsw i64 %exp, 3
  %74 = mul nsw i64 %73, 64
  %75 = getelementptr inbounds i8, ptr %in, i64 %74
  %s48 = load <16 x float>, ptr %75, align 64
  %76 = call <16 x float> @llvm.fma.v16f32(<16 x float> %s48, <16 x float> %scale.splat, <16 x float> %negative_shift.splat)
  %fraction49 = call <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float> %76, i32 9, <16 x float> %76, i16 -1, i32 4)
  %exp250 = call <16 x float> @llvm.fma.v16f32(<16 x float> <float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000>, <16 x float> %fraction49, <16 x float> <float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000>)
  %exp251 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp250, <16 x float> %fraction49, <16 x float> <float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000>)
  %exp252 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp251, <16 x float> %fraction49, <16 x float> <float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000>)
  %exp253 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp252, <16 x float> %fraction49, <16 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %exp254 = call <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float> %exp253, <16 x float> %76, <16 x float> %exp253, i16 -1, i32 4)
  %77 = mul nsw i64 %73, 16
  %78 = mul nsw i64 %77, 4
  %79 = getelementptr inbounds i8, ptr %out, i64 %78
  store <16 x float> %exp254, ptr %79, align 64
  %sum55 = fadd <16 x float> %exp.carried24, %exp254
  %exp.next = add nsw i64 %exp, 4
  %80 = icmp slt i64 %exp.next, %whole
  br i1 %80, label %exp.loop, label %exp.done

exp.done:                                         ; preds = %exp.loop, %max_last.done
  %exp.result = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum, %exp.loop ]
  %exp.result56 = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum39, %exp.loop ]
  %exp.result57 = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum47, %exp.loop ]
  %exp.result58 = phi <16 x float> [ zeroinitializer, %max_last.done ], [ %sum55, %exp.loop ]
  %81 = icmp slt i64 %whole, %vectors
  br i1 %81, label %exp_last.loop, label %exp_last.done

exp_last.loop:                                    ; preds = %exp_last.loop, %exp.done
  %exp_last = phi i64 [ %whole, %exp.done ], [ %exp_last.next, %exp_last.loop ]
  %exp_last.carried = phi <16 x float> [ %exp.result, %exp.done ], [ %sum66, %exp_last.loop ]
  %82 = mul nsw i64 %exp_last, 64
  %83 = getelementptr inbounds i8, ptr %in, i64 %82
  %s59 = load <16 x float>, ptr %83, align 64
  %84 = call <16 x float> @llvm.fma.v16f32(<16 x float> %s59, <16 x float> %scale.splat, <16 x float> %negative_shift.splat)
  %fraction60 = call <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float> %84, i32 9, <16 x float> %84, i16 -1, i32 4)
  %exp261 = call <16 x float> @llvm.fma.v16f32(<16 x float> <float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000, float 0x3F8B7F73C0000000>, <16 x float> %fraction60, <16 x float> <float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000, float 0x3FAABF8640000000>)
  %exp262 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp261, <16 x float> %fraction60, <16 x float> <float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000, float 0x3FCEE24520000000>)
  %exp263 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp262, <16 x float> %fraction60, <16 x float> <float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000, float 0x3FE62D6C60000000>)
  %exp264 = call <16 x float> @llvm.fma.v16f32(<16 x float> %exp263, <16 x float> %fraction60, <16 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %exp265 = call <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float> %exp264, <16 x float> %84, <16 x float> %exp264, i16 -1, i32 4)
  %85 = mul nsw i64 %exp_last, 16
  %86 = mul nsw i64 %85, 4
  %87 = getelementptr inbounds i8, ptr %out, i64 %86
  store <16 x float> %exp265, ptr %87, align 64
  %sum66 = fadd <16 x float> %exp_last.carried, %exp265
  %exp_last.next = add nsw i64 %exp_last, 1
  %88 = icmp slt i64 %exp_last.next, %vectors
  br i1 %88, label %exp_last.loop, label %exp_last.done

exp_last.done:                                    ; preds = %exp_last.loop, %exp.done
  %exp_last.result = phi <16 x float> [ %exp.result, %exp.done ], [ %sum66, %exp_last.loop ]
  %89 = fadd <16 x float> %exp_last.result, %exp.result56
  %90 = fadd <16 x float> %89, %exp.result57
  %91 = fadd <16 x float> %90, %exp.result58
  %92 = mul nsw i64 %row, 64
  %93 = getelementptr inbounds i8, ptr %l, i64 %92
  %l_old = load <16 x float>, ptr %93, align 64
  %l_new = call <16 x float> @llvm.fma.v16f32(<16 x float> %l_old, <16 x float> %exp221, <16 x float> %91)
  store <16 x float> %l_new, ptr %93, align 64
  %row.next = add nsw i64 %row, 1
  %94 = icmp slt i64 %row.next, 4
  br i1 %94, label %row.loop, label %row.done
}

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(none)
declare <16 x float> @llvm.x86.avx512.mask.reduce.ps.512(<16 x float>, i32 immarg, <16 x float>, i16, i32 immarg) #3

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>) #1

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(none)
declare <16 x float> @llvm.x86.avx512.mask.scalef.ps.512(<16 x float>, <16 x float>, <16 x float>, i16, i32 immarg) #3

; Function Attrs: noinline nounwind
; outputs <- alpha * outputs + probabilities * values
define internal void @accumulate(ptr noundef %outputs, ptr noundef %probabilities, ptr noundef %values, i64 %stride, ptr noundef %alpha, i64 %count) #0 {
entry:
  br i1 true, label %chunk.loop, label %chunk.done

chunk.loop:                                       ; preds = %last_key.done, %entry
  %chunk = phi i64 [ 0, %entry ], [ %chunk.next, %last_key.done ]
  %0 = mul nsw i64 %chunk, 64
  %out = getelementptr inbounds i8, ptr %outputs, i64 %0
  %1 = mul nsw i64 %chunk, 32
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
  %10 = getelementptr inbounds i8, ptr %out, i64 256
  %11 = load <16 x float>, ptr %10, align 64
  %o4 = fmul <16 x float> %11, %factor.splat
  %12 = getelementptr inbounds i8, ptr %out, i64 320
  %13 = load <16 x float>, ptr %12, align 64
  %o5 = fmul <16 x float> %13, %factor.splat
  %14 = getelementptr inbounds i8, ptr %alpha, i64 4
  %15 = load float, ptr %14, align 4
  %factor.splatinsert6 = insertelement <16 x float> poison, float %15, i64 0
  %factor.splat7 = shufflevector <16 x float> %factor.splatinsert6, <16 x float> poison, <16 x i32> zeroinitializer
  %16 = getelementptr inbounds i8, ptr %out, i64 512
  %17 = load <16 x float>, ptr %16, align 64
  %o8 = fmul <16 x float> %17, %factor.splat7
  %18 = getelementptr inbounds i8, ptr %out, i64 576
  %19 = load <16 x float>, ptr %18, align 64
  %o9 = fmul <16 x float> %19, %factor.splat7
  %20 = getelementptr inbounds i8, ptr %out, i64 640
  %21 = load <16 x float>, ptr %20, align 64
  %o10 = fmul <16 x float> %21, %factor.splat7
  %22 = getelementptr inbounds i8, ptr %out, i64 704
  %23 = load <16 x float>, ptr %22, align 64
  %o11 = fmul <16 x float> %23, %factor.splat7
  %24 = getelementptr inbounds i8, ptr %out, i64 768
  %25 = load <16 x float>, ptr %24, align 64
  %o12 = fmul <16 x float> %25, %factor.splat7
  %26 = getelementptr inbounds i8, ptr %out, i64 832
  %27 = load <16 x float>, ptr %26, align 64
  %o13 = fmul <16 x float> %27, %factor.splat7
  %28 = getelementptr inbounds i8, ptr %alpha, i64 8
  %29 = load float, ptr %28, align 4
  %factor.splatinsert14 = insertelement <16 x float> poison, float %29, i64 0
  %factor.splat15 = shufflevector <16 x float> %factor.splatinsert14, <16 x float> poison, <16 x i32> zeroinitializer
  %30 = getelementptr inbounds i8, ptr %out, i64 1024
  %31 = load <16 x float>, ptr %30, align 64
  %o16 = fmul <16 x float> %31, %factor.splat15
  %32 = getelementptr inbounds i8, ptr %out, i64 1088
  %33 = load <16 x float>, ptr %32, align 64
  %o17 = fmul <16 x float> %33, %factor.splat15
  %34 = getelementptr inbounds i8, ptr %out, i64 1152
  %35 = load <16 x float>, ptr %34, align 64
  %o18 = fmul <16 x float> %35, %factor.splat15
  %36 = getelementptr inbounds i8, ptr %out, i64 1216
  %37 = load <16 x float>, ptr %36, align 64
  %o19 = fmul <16 x float> %37, %factor.splat15
  %38 = getelementptr inbounds i8, ptr %out, i64 1280
  %39 = load <16 x float>, ptr %38, align 64
  %o20 = fmul <16 x float> %39, %factor.splat15
  %40 = getelementptr inbounds i8, ptr %out, i64 1344
  %41 = load <16 x float>, ptr %40, align 64
  %o21 = fmul <16 x float> %41, %factor.splat15
  %42 = getelementptr inbounds i8, ptr %alpha, i64 12
  %43 = load float, ptr %42, align 4
  %factor.splatinsert22 = insertelement <16 x float> poison, float %43, i64 0
  %factor.splat23 = shufflevector <16 x float> %factor.splatinsert22, <16 x float> poison, <16 x i32> zeroinitializer
  %44 = getelementptr inbounds i8, ptr %out, i64 1536
  %45 = load <16 x float>, ptr %44, align 64
  %o24 = fmul <16 x float> %45, %factor.splat23
  %46 = getelementptr inbounds i8, ptr %out, i64 1600
  %47 = load <16 x float>, ptr %46, align 64
  %o25 = fmul <16 x float> %47, %factor.splat23
  %48 = getelementptr inbounds i8, ptr %out, i64 1664
  %49 = load <16 x float>, ptr %48, align 64
  %o26 = fmul <16 x float> %49, %factor.splat23
  %50 = getelementptr inbounds i8, ptr %out, i64 1728
  %51 = load <16 x float>, ptr %50, align 64
  %o27 = fmul <16 x float> %51, %factor.splat23
  %52 = getelementptr inbounds i8, ptr %out, i64 1792
  %53 = load <16 x float>, ptr %52, align 64
  %o28 = fmul <16 x float> %53, %factor.splat23
  %54 = getelementptr inbounds i8, ptr %out, i64 1856
  %55 = load <16 x float>, ptr %54, align 64
  %o29 = fmul <16 x float> %55, %factor.splat23
  %56 = udiv i64 %count, 2
  %whole = mul nsw i64 %56, 2
  %57 = icmp slt i64 0, %whole
  br i1 %57, label %key.loop, label %key.done

chunk.done:                                       ; preds = %last_key.done, %entry
  %out232 = getelementptr inbounds i8, ptr %outputs, i64 384
  %from233 = getelementptr inbounds i8, ptr %values, i64 192
  %58 = load float, ptr %alpha, align 4
  %factor.splatinsert234 = insertelement <16 x float> poison, float %58, i64 0
  %factor.splat235 = shufflevector <16 x float> %factor.splatinsert234, <16 x float> poison, <16 x i32> zeroinitializer
  %59 = load <16 x float>, ptr %out232, align 64
  %o236 = fmul <16 x float> %59, %factor.splat235
  %60 = getelementptr inbounds i8, ptr %out232, i64 64
  %61 = load <16 x float>, ptr %60, align 64
  %o237 = fmul <16 x float> %61, %factor.splat235
  %62 = getelementptr inbounds i8, ptr %alpha, i64 4
  %63 = load float, ptr %62, align 4
  %factor.splatinsert238 = insertelement <16 x float> poison, float %63, i64 0
  %factor.splat239 = shufflevector <16 x float> %factor.splatinsert238, <16 x float> poison, <16 x i32> zeroinitializer
  %64 = getelementptr inbounds i8, ptr %out232, i64 512
  %65 = load <16 x float>, ptr %64, align 64
  %o240 = fmul <16 x float> %65, %factor.splat239
  %66 = getelementptr inbounds i8, ptr %out232, i64 576
  %67 = load <16 x float>, ptr %66, align 64
  %o241 = fmul <16 x float> %67, %factor.splat239
  %68 = getelementptr inbounds i8, ptr %alpha, i64 8
  %69 = load float, ptr %68, align 4
  %factor.splatinsert242 = insertelement <16 x float> poison, float %69, i64 0
  %factor.splat243 = shufflevector <16 x float> %factor.splatinsert242, <16 x float> poison, <16 x i32> zeroinitializer
  %70 = getelementptr inbounds i8, ptr %out232, i64 1024
  %71 = load <16 x float>, ptr %70, align 64
  %o244 = fmul <16 x float> %71, %factor.splat243
  %72 = getelementptr inbounds i8, ptr %out232, i64 1088
  %73 = load <16 x float>, ptr %72, align 64
  %o245 = fmul <16 x float> %73, %factor.splat243
  %74 = getelementptr inbounds i8, ptr %alpha, i64 12
  %75 = load float, ptr %74, align 4
  %factor.splatinsert246 = insertelement <16 x float> poison, float %75, i64 0
  %factor.splat247 = shufflevector <16 x float> %factor.splatinsert246, <16 x float> poison, <16 x i32> zeroinitializer
  %76 = getelementptr inbounds i8, ptr %out232, i64 1536
  %77 = load <16 x float>, ptr %76, align 64
  %o248 = fmul <16 x float> %77, %factor.splat247
  %78 = getelementptr inbounds i8, ptr %out232, i64 1600
  %79 = load <16 x float>, ptr %78, align 64
  %o249 = fmul <16 x float> %79, %factor.splat247
  %80 = udiv i64 %count, 2
  %whole250 = mul nsw i64 %80, 2
  %81 = icmp slt i64 0, %whole250
  br i1 %81, label %key.loop251, label %key.done252

key.loop:                                         ; preds = %key.loop, %chunk.loop
  %key = phi i64 [ 0, %chunk.loop ], [ %key.next, %key.loop ]
  %key.carried = phi <16 x float> [ %o, %chunk.loop ], [ %sum95, %key.loop ]
  %key.carried30 = phi <16 x float> [ %o1, %chunk.loop ], [ %sum96, %key.loop ]
  %key.carried31 = phi <16 x float> [ %o2, %chunk.loop ], [ %sum97, %key.loop ]
  %key.carried32 = phi <16 x float> [ %o3, %chunk.loop ], [ %sum98, %key.loop ]
  %key.carried33 = phi <16 x float> [ %o4, %chunk.loop ], [ %sum99, %key.loop ]
  %key.carried34 = phi <16 x float> [ %o5, %chunk.loop ], [ %sum100, %key.loop ]
  %key.carried35 = phi <16 x float> [ %o8, %chunk.loop ], [ %sum103, %key.loop ]
  %key.carried36 = phi <16 x float> [ %o9, %chunk.loop ], [ %sum104, %key.loop ]
  %key.carried37 = phi <16 x float> [ %o10, %chunk.loop ], [ %sum105, %key.loop ]
  %key.carried38 = phi <16 x float> [ %o11, %chunk.loop ], [ %sum106, %key.loop ]
  %key.carried39 = phi <16 x float> [ %o12, %chunk.loop ], [ %sum107, %key.loop ]
  %key.carried40 = phi <16 x float> [ %o13, %chunk.loop ], [ %sum108, %key.loop ]
  %key.carried41 = phi <16 x float> [ %o16, %chunk.loop ], [ %sum111, %key.loop ]
  %key.carried42 = phi <16 x float> [ %o17, %chunk.loop ], [ %sum112, %key.loop ]
  %key.carried43 = phi <16 x float> [ %o18, %chunk.loop ], [ %sum113, %key.loop ]
  %key.carried44 = phi <16 x float> [ %o19, %chunk.loop ], [ %sum114, %key.loop ]
  %key.carried45 = phi <16 x float> [ %o20, %chunk.loop ], [ %sum115, %key.loop ]
  %key.carried46 = phi <16 x float> [ %o21, %chunk.loop ], [ %sum116, %key.loop ]
  %key.carried47 = phi <16 x float> [ %o24, %chunk.loop ], [ %sum119, %key.loop ]
  %key.carried48 = phi <16 x float> [ %o25, %chunk.loop ], [ %sum120, %key.loop ]
  %key.carried49 = phi <16 x float> [ %o26, %chunk.loop ], [ %sum121, %key.loop ]
  %key.carried50 = phi <16 x float> [ %o27, %chunk.loop ], [ %sum122, %key.loop ]
  %key.carried51 = phi <16 x float> [ %o28, %chunk.loop ], [ %sum123, %key.loop ]
  %key.carried52 = phi <16 x float> [ %o29, %chunk.loop ], [ %sum124, %key.loop ]
  %82 = mul nsw i64 %key, %stride
  %83 = getelementptr inbounds i8, ptr %from, i64 %82
  %84 = mul nsw i64 %stride, 16
  %85 = getelementptr inbounds i8, ptr %83, i64 %84
  call void @llvm.prefetch.p0(ptr %85, i32 0, i32 3, i32 1)
  %86 = getelementptr inbounds i8, ptr %83, i64 0
  %v = load <16 x i16>, ptr %86, align 2
  %87 = zext <16 x i16> %v to <16 x i32>
  %88 = shl <16 x i32> %87, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %89 = bitcast <16 x i32> %88 to <16 x float>
  %90 = bitcast <16 x float> %89 to <16 x i32>
  %91 = getelementptr inbounds i8, ptr %83, i64 32
  %v53 = load <16 x i16>, ptr %91, align 2
  %92 = zext <16 x i16> %v53 to <16 x i32>
  %93 = shl <16 x i32> %92, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %94 = bitcast <16 x i32> %93 to <16 x float>
  %95 = bitcast <16 x float> %94 to <16 x i32>
  %96 = getelementptr inbounds i8, ptr %83, i64 64
  %v54 = load <16 x i16>, ptr %96, align 2
  %97 = zext <16 x i16> %v54 to <16 x i32>
  %98 = shl <16 x i32> %97, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %99 = bitcast <16 x i32> %98 to <16 x float>
  %100 = bitcast <16 x float> %99 to <16 x i32>
  %101 = getelementptr inbounds i8, ptr %83, i64 96
  %v55 = load <16 x i16>, ptr %101, align 2
  %102 = zext <16 x i16> %v55 to <16 x i32>
  %103 = shl <16 x i32> %102, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %104 = bitcast <16 x i32> %103 to <16 x float>
  %105 = bitcast <16 x float> %104 to <16 x i32>
  %106 = getelementptr inbounds i8, ptr %83, i64 128
  %v56 = load <16 x i16>, ptr %106, align 2
  %107 = zext <16 x i16> %v56 to <16 x i32>
  %108 = shl <16 x i32> %107, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %109 = bitcast <16 x i32> %108 to <16 x float>
  %110 = bitcast <16 x float> %109 to <16 x i32>
  %111 = getelementptr inbounds i8, ptr %83, i64 160
  %v57 = load <16 x i16>, ptr %111, align 2
  %112 = zext <16 x i16> %v57 to <16 x i32>
  %113 = shl <16 x i32> %112, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %114 = bitcast <16 x i32> %113 to <16 x float>
  %115 = bitcast <16 x float> %114 to <16 x i32>
  %116 = mul nsw i64 %key, 4
  %117 = getelementptr inbounds i8, ptr %probabilities, i64 %116
  %118 = load i32, ptr %117, align 4
  %p.splatinsert = insertelement <16 x i32> poison, i32 %118, i64 0
  %p.splat = shufflevector <16 x i32> %p.splatinsert, <16 x i32> poison, <16 x i32> zeroinitializer
  %119 = bitcast <16 x i32> %90 to <16 x float>
  %120 = bitcast <16 x i32> %p.splat to <16 x float>
  %sum = call <16 x float> @llvm.fma.v16f32(<16 x float> %120, <16 x float> %119, <16 x float> %key.carried)
  %121 = bitcast <16 x i32> %95 to <16 x float>
  %122 = bitcast <16 x i32> %p.splat to <16 x float>
  %sum58 = call <16 x float> @llvm.fma.v16f32(<16 x float> %122, <16 x float> %121, <16 x float> %key.carried30)
  %123 = bitcast <16 x i32> %100 to <16 x float>
  %124 = bitcast <16 x i32> %p.splat to <16 x float>
  %sum59 = call <16 x float> @llvm.fma.v16f32(<16 x float> %124, <16 x float> %123, <16 x float> %key.carried31)
  %125 = bitcast <16 x i32> %105 to <16 x float>
  %126 = bitcast <16 x i32> %p.splat to <16 x float>
  %sum60 = call <16 x float> @llvm.fma.v16f32(<16 x float> %126, <16 x float> %125, <16 x float> %key.carried32)
  %127 = bitcast <16 x i32> %110 to <16 x float>
  %128 = bitcast <16 x i32> %p.splat to <16 x float>
  %sum61 = call <16 x float> @llvm.fma.v16f32(<16 x float> %128, <16 x float> %127, <16 x float> %key.carried33)
  %129 = bitcast <16 x i32> %115 to <16 x float>
  %130 = bitcast <16 x i32> %p.splat to <16 x float>
  %sum62 = call <16 x float> @llvm.fma.v16f32(<16 x float> %130, <16 x float> %129, <16 x float> %key.carried34)
  %131 = getelementptr inbounds i8, ptr %117, i64 1024
  %132 = load i32, ptr %131, align 4
  %p.splatinsert63 = insertelement <16 x i32> poison, i32 %132, i64 0
  %p.splat64 = shufflevector <16 x i32> %p.splatinsert63, <16 x i32> poison, <16 x i32> zeroinitializer
  %133 = bitcast <16 x i32> %90 to <16 x float>
  %134 = bitcast <16 x i32> %p.splat64 to <16 x float>
  %sum65 = call <16 x float> @llvm.fma.v16f32(<16 x float> %134, <16 x float> %133, <16 x float> %key.carried35)
  %135 = bitcast <16 x i32> %95 to <16 x float>
  %136 = bitcast <16 x i32> %p.splat64 to <16 x float>
  %sum66 = call <16 x float> @llvm.fma.v16f32(<16 x float> %136, <16 x float> %135, <16 x float> %key.carried36)
  %137 = bitcast <16 x i32> %100 to <16 x float>
  %138 = bitcast <16 x i32> %p.splat64 to <16 x float>
  %sum67 = call <16 x float> @llvm.fma.v16f32(<16 x float> %138, <16 x float> %137, <16 x float> %key.carried37)
  %139 = bitcast <16 x i32> %105 to <16 x float>
  %140 = bitcast <16 x i32> %p.splat64 to <16 x float>
  %sum68 = call <16 x float> @llvm.fma.v16f32(<16 x float> %140, <16 x float> %139, <16 x float> %key.carried38)
  %141 = bitcast <16 x i32> %110 to <16 x float>
  %142 = bitcast <16 x i32> %p.splat64 to <16 x float>
  %sum69 = call <16 x float> @llvm.fma.v16f32(<16 x float> %142, <16 x float> %141, <16 x float> %key.carried39)
  %143 = bitcast <16 x i32> %115 to <16 x float>
  %144 = bitcast <16 x i32> %p.splat64 to <16 x float>
  %sum70 = call <16 x float> @llvm.fma.v16f32(<16 x float> %144, <16 x float> %143, <16 x float> %key.carried40)
  %145 = getelementptr inbounds i8, ptr %117, i64 2048
  %146 = load i32, ptr %145, align 4
  %p.splatinsert71 = insertelement <16 x i32> poison, i32 %146, i64 0
  %p.splat72 = shufflevector <16 x i32> %p.splatinsert71, <16 x i32> poison, <16 x i32> zeroinitializer
  %147 = bitcast <16 x i32> %90 to <16 x float>
  %148 = bitcast <16 x i32> %p.splat72 to <16 x float>
  %sum73 = call <16 x float> @llvm.fma.v16f32(<16 x float> %148, <16 x float> %147, <16 x float> %key.carried41)
  %149 = bitcast <16 x i32> %95 to <16 x float>
  %150 = bitcast <16 x i32> %p.splat72 to <16 x float>
  %sum74 = call <16 x float> @llvm.fma.v16f32(<16 x float> %150, <16 x float> %149, <16 x float> %key.carried42)
  %151 = bitcast <16 x i32> %100 to <16 x float>
  %152 = bitcast <16 x i32> %p.splat72 to <16 x float>
  %sum75 = call <16 x float> @llvm.fma.v16f32(<16 x float> %152, <16 x float> %151, <16 x float> %key.carried43)
  %153 = bitcast <16 x i32> %105 to <16 x float>
  %154 = bitcast <16 x i32> %p.splat72 to <16 x float>
  %sum76 = call <16 x float> @llvm.fma.v16f32(<16 x float> %154, <16 x float> %153, <16 x float> %key.carried44)
  %155 = bitcast <16 x i32> %110 to <16 x float>
  %156 = bitcast <16 x i32> %p.splat72 to <16 x float>
  %sum77 = call <16 x float> @llvm.fma.v16f32(<16 x float> %156, <16 x float> %155, <16 x float> %key.carried45)
  %157 = bitcast <16 x i32> %115 to <16 x float>
  %158 = bitcast <16 x i32> %p.splat72 to <16 x float>
  %sum78 = call <16 x float> @llvm.fma.v16f32(<16 x float> %158, <16 x float> %157, <16 x float> %key.carried46)
  %159 = getelementptr inbounds i8, ptr %117, i64 3072
  %160 = load i32, ptr %159, align 4
  %p.splatinsert79 = insertelement <16 x i32> poison, i32 %160, i64 0
  %p.splat80 = shufflevector <16 x i32> %p.splatinsert79, <16 x i32> poison, <16 x i32> zeroinitializer
  %161 = bitcast <16 x i32> %90 to <16 x float>
  %162 = bitcast <16 x i32> %p.splat80 to <16 x float>
  %sum81 = call <16 x float> @llvm.fma.v16f32(<16 x float> %162, <16 x float> %161, <16 x float> %key.carried47)
  %163 = bitcast <16 x i32> %95 to <16 x float>
  %164 = bitcast <16 x i32> %p.splat80 to <16 x float>
  %sum82 = call <16 x float> @llvm.fma.v16f32(<16 x float> %164, <16 x float> %163, <16 x float> %key.carried48)
  %165 = bitcast <16 x i32> %100 to <16 x float>
  %166 = bitcast <16 x i32> %p.splat80 to <16 x float>
  %sum83 = call <16 x float> @llvm.fma.v16f32(<16 x float> %166, <16 x float> %165, <16 x float> %key.carried49)
  %167 = bitcast <16 x i32> %105 to <16 x float>
  %168 = bitcast <16 x i32> %p.splat80 to <16 x float>
  %sum84 = call <16 x float> @llvm.fma.v16f32(<16 x float> %168, <16 x float> %167, <16 x float> %key.carried50)
  %169 = bitcast <16 x i32> %110 to <16 x float>
  %170 = bitcast <16 x i32> %p.splat80 to <16 x float>
  %sum85 = call <16 x float> @llvm.fma.v16f32(<16 x float> %170, <16 x float> %169, <16 x float> %key.carried51)
  %171 = bitcast <16 x i32> %115 to <16 x float>
  %172 = bitcast <16 x i32> %p.splat80 to <16 x float>
  %sum86 = call <16 x float> @llvm.fma.v16f32(<16 x float> %172, <16 x float> %171, <16 x float> %key.carried52)
  %173 = add nsw i64 %key, 1
  %174 = mul nsw i64 %173, %stride
  %175 = getelementptr inbounds i8, ptr %from, i64 %174
  %176 = mul nsw i64 %stride, 16
  %177 = getelementptr inbounds i8, ptr %175, i64 %176
  call void @llvm.prefetch.p0(ptr %177, i32 0, i32 3, i32 1)
  %178 = getelementptr inbounds i8, ptr %175, i64 0
  %v87 = load <16 x i16>, ptr %178, align 2
  %179 = zext <16 x i16> %v87 to <16 x i32>
  %180 = shl <16 x i32> %179, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %181 = bitcast <16 x i32> %180 to <16 x float>
  %182 = bitcast <16 x float> %181 to <16 x i32>
  %183 = getelementptr inbounds i8, ptr %175, i64 32
  %v88 = load <16 x i16>, ptr %183, align 2
  %184 = zext <16 x i16> %v88 to <16 x i32>
  %185 = shl <16 x i32> %184, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %186 = bitcast <16 x i32> %185 to <16 x float>
  %187 = bitcast <16 x float> %186 to <16 x i32>
  %188 = getelementptr inbounds i8, ptr %175, i64 64
  %v89 = load <16 x i16>, ptr %188, align 2
  %189 = zext <16 x i16> %v89 to <16 x i32>
  %190 = shl <16 x i32> %189, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %191 = bitcast <16 x i32> %190 to <16 x float>
  %192 = bitcast <16 x float> %191 to <16 x i32>
  %193 = getelementptr inbounds i8, ptr %175, i64 96
  %v90 = load <16 x i16>, ptr %193, align 2
  %194 = zext <16 x i16> %v90 to <16 x i32>
  %195 = shl <16 x i32> %194, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %196 = bitcast <16 x i32> %195 to <16 x float>
  %197 = bitcast <16 x float> %196 to <16 x i32>
  %198 = getelementptr inbounds i8, ptr %175, i64 128
  %v91 = load <16 x i16>, ptr %198, align 2
  %199 = zext <16 x i16> %v91 to <16 x i32>
  %200 = shl <16 x i32> %199, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %201 = bitcast <16 x i32> %200 to <16 x float>
  %202 = bitcast <16 x float> %201 to <16 x i32>
  %203 = getelementptr inbounds i8, ptr %175, i64 160
  %v92 = load <16 x i16>, ptr %203, align 2
  %204 = zext <16 x i16> %v92 to <16 x i32>
  %205 = shl <16 x i32> %204, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %206 = bitcast <16 x i32> %205 to <16 x float>
  %207 = bitcast <16 x float> %206 to <16 x i32>
  %208 = mul nsw i64 %173, 4
  %209 = getelementptr inbounds i8, ptr %probabilities, i64 %208
  %210 = load i32, ptr %209, align 4
  %p.splatinsert93 = insertelement <16 x i32> poison, i32 %210, i64 0
  %p.splat94 = shufflevector <16 x i32> %p.splatinsert93, <16 x i32> poison, <16 x i32> zeroinitializer
  %211 = bitcast <16 x i32> %182 to <16 x float>
  %212 = bitcast <16 x i32> %p.splat94 to <16 x float>
  %sum95 = call <16 x float> @llvm.fma.v16f32(<16 x float> %212, <16 x float> %211, <16 x float> %sum)
  %213 = bitcast <16 x i32> %187 to <16 x float>
  %214 = bitcast <16 x i32> %p.splat94 to <16 x float>
  %sum96 = call <16 x float> @llvm.fma.v16f32(<16 x float> %214, <16 x float> %213, <16 x float> %sum58)
  %215 = bitcast <16 x i32> %192 to <16 x float>
  %216 = bitcast <16 x i32> %p.splat94 to <16 x float>
  %sum97 = call <16 x float> @llvm.fma.v16f32(<16 x float> %216, <16 x float> %215, <16 x float> %sum59)
  %217 = bitcast <16 x i32> %197 to <16 x float>
  %218 = bitcast <16 x i32> %p.splat94 to <16 x float>
  %sum98 = call <16 x float> @llvm.fma.v16f32(<16 x float> %218, <16 x float> %217, <16 x float> %sum60)
  %219 = bitcast <16 x i32> %202 to <16 x float>
  %220 = bitcast <16 x i32> %p.splat94 to <16 x float>
  %sum99 = call <16 x float> @llvm.fma.v16f32(<16 x float> %220, <16 x float> %219, <16 x float> %sum61)
  %221 = bitcast <16 x i32> %207 to <16 x float>
  %222 = bitcast <16 x i32> %p.splat94 to <16 x float>
  %sum100 = call <16 x float> @llvm.fma.v16f32(<16 x float> %222, <16 x float> %221, <16 x float> %sum62)
  %223 = getelementptr inbounds i8, ptr %209, i64 1024
  %224 = load i32, ptr %223, align 4
  %p.splatinsert101 = insertelement <16 x i32> poison, i32 %224, i64 0
  %p.splat102 = shufflevector <16 x i32> %p.splatinsert101, <16 x i32> poison, <16 x i32> zeroinitializer
  %225 = bitcast <16 x i32> %182 to <16 x float>
  %226 = bitcast <16 x i32> %p.splat102 to <16 x float>
  %sum103 = call <16 x float> @llvm.fma.v16f32(<16 x float> %226, <16 x float> %225, <16 x float> %sum65)
  %227 = bitcast <16 x i32> %187 to <16 x float>
  %228 = bitcast <16 x i32> %p.splat102 to <16 x float>
  %sum104 = call <16 x float> @llvm.fma.v16f32(<16 x float> %228, <16 x float> %227, <16 x float> %sum66)
  %229 = bitcast <16 x i32> %192 to <16 x float>
  %230 = bitcast <16 x i32> %p.splat102 to <16 x float>
  %sum105 = call <16 x float> @llvm.fma.v16f32(<16 x float> %230, <16 x float> %229, <16 x float> %sum67)
  %231 = bitcast <16 x i32> %197 to <16 x float>
  %232 = bitcast <16 x i32> %p.splat102 to <16 x float>
  %sum106 = call <16 x float> @llvm.fma.v16f32(<16 x float> %232, <16 x float> %231, <16 x float> %sum68)
  %233 = bitcast <16 x i32> %202 to <16 x float>
  %234 = bitcast <16 x i32> %p.splat102 to <16 x float>
  %sum107 = call <16 x float> @llvm.fma.v16f32(<16 x float> %234, <16 x float> %233, <16 x float> %sum69)
  %235 = bitcast <16 x i32> %207 to <16 x float>
  %236 = bitcast <16 x i32> %p.splat102 to <16 x float>
  %sum108 = call <16 x float> @llvm.fma.v16f32(<16 x float> %236, <16 x float> %235, <16 x float> %sum70)
  %237 = getelementptr inbounds i8, ptr %209, i64 2048
  %238 = load i32, ptr %237, align 4
  %p.splatinsert109 = insertelement <16 x i32> poison, i32 %238, i64 0
  %p.splat110 = shufflevector <16 x i32> %p.splatinsert109, <16 x i32> poison, <16 x i32> zeroinitializer
  %239 = bitcast <16 x i32> %182 to <16 x float>
  %240 = bitcast <16 x i32> %p.splat110 to <16 x float>
  %sum111 = call <16 x float> @llvm.fma.v16f32(<16 x float> %240, <16 x float> %239, <16 x float> %sum73)
  %241 = bitcast <16 x i32> %187 to <16 x float>
  %242 = bitcast <16 x i32> %p.splat110 to <16 x float>
  %sum112 = call <16 x float> @llvm.fma.v16f32(<16 x float> %242, <16 x float> %241, <16 x float> %sum74)
  %243 = bitcast <16 x i32> %192 to <16 x float>
  %244 = bitcast <16 x i32> %p.splat110 to <16 x float>
  %sum113 = call <16 x float> @llvm.fma.v16f32(<16 x float> %244, <16 x float> %243, <16 x float> %sum75)
  %245 = bitcast <16 x i32> %197 to <16 x float>
  %246 = bitcast <16 x i32> %p.splat110 to <16 x float>
  %sum114 = call <16 x float> @llvm.fma.v16f32(<16 x float> %246, <16 x float> %245, <16 x float> %sum76)
  %247 = bitcast <16 x i32> %202 to <16 x float>
  %248 = bitcast <16 x i32> %p.splat110 to <16 x float>
  %sum115 = call <16 x float> @llvm.fma.v16f32(<16 x float> %248, <16 x float> %247, <16 x float> %sum77)
  %249 = bitcast <16 x i32> %207 to <16 x float>
  %250 = bitcast <16 x i32> %p.splat110 to <16 x float>
  %sum116 = call <16 x float> @llvm.fma.v16f32(<16 x float> %250, <16 x float> %249, <16 x float> %sum78)
  %251 = getelementptr inbounds i8, ptr %209, i64 3072
  %252 = load i32, ptr %251, align 4
  %p.splatinsert117 = insertelement <16 x i32> poison, i32 %252, i64 0
  %p.splat118 = shufflevector <16 x i32> %p.splatinsert117, <16 x i32> poison, <16 x i32> zeroinitializer
  %253 = bitcast <16 x i32> %182 to <16 x float>
  %254 = bitcast <16 x i32> %p.splat118 to <16 x float>
  %sum119 = call <16 x float> @llvm.fma.v16f32(<16 x float> %254, <16 x float> %253, <16 x float> %sum81)
  %255 = bitcast <16 x i32> %187 to <16 x float>
  %256 = bitcast <16 x i32> %p.splat118 to <16 x float>
  %sum120 = call <16 x float> @llvm.fma.v16f32(<16 x float> %256, <16 x float> %255, <16 x float> %sum82)
  %257 = bitcast <16 x i32> %192 to <16 x float>
  %258 = bitcast <16 x i32> %p.splat118 to <16 x float>
  %sum121 = call <16 x float> @llvm.fma.v16f32(<16 x float> %258, <16 x float> %257, <16 x float> %sum83)
  %259 = bitcast <16 x i32> %197 to <16 x float>
  %260 = bitcast <16 x i32> %p.splat118 to <16 x float>
  %sum122 = call <16 x float> @llvm.fma.v16f32(<16 x float> %260, <16 x float> %259, <16 x float> %sum84)
  %261 = bitcast <16 x i32> %202 to <16 x float>
  %262 = bitcast <16 x i32> %p.splat118 to <16 x float>
  %sum123 = call <16 x float> @llvm.fma.v16f32(<16 x float> %262, <16 x float> %261, <16 x float> %sum85)
  %263 = bitcast <16 x i32> %207 to <16 x float>
  %264 = bitcast <16 x i32> %p.splat118 to <16 x float>
  %sum124 = call <16 x float> @llvm.fma.v16f32(<16 x float> %264, <16 x float> %263, <16 x float> %sum86)
  %key.next = add nsw i64 %key, 2
  %265 = icmp slt i64 %key.next, %whole
  br i1 %265, label %key.loop, label %key.done

key.done:                                         ; preds = %key.loop, %chunk.loop
  %key.result = phi <16 x float> [ %o, %chunk.loop ], [ %sum95, %key.loop ]
  %key.result125 = phi <16 x float> [ %o1, %chunk.loop ], [ %sum96, %key.loop ]
  %key.result126 = phi <16 x float> [ %o2, %chunk.loop ], [ %sum97, %key.loop ]
  %key.result127 = phi <16 x float> [ %o3, %chunk.loop ], [ %sum98, %key.loop ]
  %key.result128 = phi <16 x float> [ %o4, %chunk.loop ], [ %sum99, %key.loop ]
  %key.result129 = phi <16 x float> [ %o5, %chunk.loop ], [ %sum100, %key.loop ]
  %key.result130 = phi <16 x float> [ %o8, %chunk.loop ], [ %sum103, %key.loop ]
  %key.result131 = phi <16 x float> [ %o9, %chunk.loop ], [ %sum104, %key.loop ]
  %key.result132 = phi <16 x float> [ %o10, %chunk.loop ], [ %sum105, %key.loop ]
  %key.result133 = phi <16 x float> [ %o11, %chunk.loop ], [ %sum106, %key.loop ]
  %key.result134 = phi <16 x float> [ %o12, %chunk.loop ], [ %sum107, %key.loop ]
  %key.result135 = phi <16 x float> [ %o13, %chunk.loop ], [ %sum108, %key.loop ]
  %key.result136 = phi <16 x float> [ %o16, %chunk.loop ], [ %sum111, %key.loop ]
  %key.result137 = phi <16 x float> [ %o17, %chunk.loop ], [ %sum112, %key.loop ]
  %key.result138 = phi <16 x float> [ %o18, %chunk.loop ], [ %sum113, %key.loop ]
  %key.result139 = phi <16 x float> [ %o19, %chunk.loop ], [ %sum114, %key.loop ]
  %key.result140 = phi <16 x float> [ %o20, %chunk.loop ], [ %sum115, %key.loop ]
  %key.result141 = phi <16 x float> [ %o21, %chunk.loop ], [ %sum116, %key.loop ]
  %key.result142 = phi <16 x float> [ %o24, %chunk.loop ], [ %sum119, %key.loop ]
  %key.result143 = phi <16 x float> [ %o25, %chunk.loop ], [ %sum120, %key.loop ]
  %key.result144 = phi <16 x float> [ %o26, %chunk.loop ], [ %sum121, %key.loop ]
  %key.result145 = phi <16 x float> [ %o27, %chunk.loop ], [ %sum122, %key.loop ]
  %key.result146 = phi <16 x float> [ %o28, %chunk.loop ], [ %sum123, %key.loop ]
  %key.result147 = phi <16 x float> [ %o29, %chunk.loop ], [ %sum124, %key.loop ]
  %266 = icmp slt i64 %whole, %count
  br i1 %266, label %last_key.loop, label %last_key.done

last_key.loop:                                    ; preds = %last_key.loop, %key.done
  %last_key = phi i64 [ %whole, %key.done ], [ %last_key.next, %last_key.loop ]
  %last_key.carried = phi <16 x float> [ %key.result, %key.done ], [ %sum179, %last_key.loop ]
  %last_key.carried148 = phi <16 x float> [ %key.result125, %key.done ], [ %sum180, %last_key.loop ]
  %last_key.carried149 = phi <16 x float> [ %key.result126, %key.done ], [ %sum181, %last_key.loop ]
  %last_key.carried150 = phi <16 x float> [ %key.result127, %key.done ], [ %sum182, %last_key.loop ]
  %last_key.carried151 = phi <16 x float> [ %key.result128, %key.done ], [ %sum183, %last_key.loop ]
  %last_key.carried152 = phi <16 x float> [ %key.result129, %key.done ], [ %sum184, %last_key.loop ]
  %last_key.carried153 = phi <16 x float> [ %key.result130, %key.done ], [ %sum187, %last_key.loop ]
  %last_key.carried154 = phi <16 x float> [ %key.result131, %key.done ], [ %sum188, %last_key.loop ]
  %last_key.carried155 = phi <16 x float> [ %key.result132, %key.done ], [ %sum189, %last_key.loop ]
  %last_key.carried156 = phi <16 x float> [ %key.result133, %key.done ], [ %sum190, %last_key.loop ]
  %last_key.carried157 = phi <16 x float> [ %key.result134, %key.done ], [ %sum191, %last_key.loop ]
  %last_key.carried158 = phi <16 x float> [ %key.result135, %key.done ], [ %sum192, %last_key.loop ]
  %last_key.carried159 = phi <16 x float> [ %key.result136, %key.done ], [ %sum195, %last_key.loop ]
  %last_key.carried160 = phi <16 x float> [ %key.result137, %key.done ], [ %sum196, %last_key.loop ]
  %last_key.carried161 = phi <16 x float> [ %key.result138, %key.done ], [ %sum197, %last_key.loop ]
  %last_key.carried162 = phi <16 x float> [ %key.result139, %key.done ], [ %sum198, %last_key.loop ]
  %last_key.carried163 = phi <16 x float> [ %key.result140, %key.done ], [ %sum199, %last_key.loop ]
  %last_key.carried164 = phi <16 x float> [ %key.result141, %key.done ], [ %sum200, %last_key.loop ]
  %last_key.carried165 = phi <16 x float> [ %key.result142, %key.done ], [ %sum203, %last_key.loop ]
  %last_key.carried166 = phi <16 x float> [ %key.result143, %key.done ], [ %sum204, %last_key.loop ]
  %last_key.carried167 = phi <16 x float> [ %key.result144, %key.done ], [ %sum205, %last_key.loop ]
  %last_key.carried168 = phi <16 x float> [ %key.result145, %key.done ], [ %sum206, %last_key.loop ]
  %last_key.carried169 = phi <16 x float> [ %key.result146, %key.done ], [ %sum207, %last_key.loop ]
  %last_key.carried170 = phi <16 x float> [ %key.result147, %key.done ], [ %sum208, %last_key.loop ]
  %267 = mul nsw i64 %last_key, %stride
  %268 = getelementptr inbounds i8, ptr %from, i64 %267
  %269 = mul nsw i64 %stride, 16
  %270 = getelementptr inbounds i8, ptr %268, i64 %269
  call void @llvm.prefetch.p0(ptr %270, i32 0, i32 3, i32 1)
  %271 = getelementptr inbounds i8, ptr %268, i64 0
  %v171 = load <16 x i16>, ptr %271, align 2
  %272 = zext <16 x i16> %v171 to <16 x i32>
  %273 = shl <16 x i32> %272, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %274 = bitcast <16 x i32> %273 to <16 x float>
  %275 = bitcast <16 x float> %274 to <16 x i32>
  %276 = getelementptr inbounds i8, ptr %268, i64 32
  %v172 = load <16 x i16>, ptr %276, align 2
  %277 = zext <16 x i16> %v172 to <16 x i32>
  %278 = shl <16 x i32> %277, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %279 = bitcast <16 x i32> %278 to <16 x float>
  %280 = bitcast <16 x float> %279 to <16 x i32>
  %281 = getelementptr inbounds i8, ptr %268, i64 64
  %v173 = load <16 x i16>, ptr %281, align 2
  %282 = zext <16 x i16> %v173 to <16 x i32>
  %283 = shl <16 x i32> %282, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %284 = bitcast <16 x i32> %283 to <16 x float>
  %285 = bitcast <16 x float> %284 to <16 x i32>
  %286 = getelementptr inbounds i8, ptr %268, i64 96
  %v174 = load <16 x i16>, ptr %286, align 2
  %287 = zext <16 x i16> %v174 to <16 x i32>
  %288 = shl <16 x i32> %287, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %289 = bitcast <16 x i32> %288 to <16 x float>
  %290 = bitcast <16 x float> %289 to <16 x i32>
  %291 = getelementptr inbounds i8, ptr %268, i64 128
  %v175 = load <16 x i16>, ptr %291, align 2
  %292 = zext <16 x i16> %v175 to <16 x i32>
  %293 = shl <16 x i32> %292, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %294 = bitcast <16 x i32> %293 to <16 x float>
  %295 = bitcast <16 x float> %294 to <16 x i32>
  %296 = getelementptr inbounds i8, ptr %268, i64 160
  %v176 = load <16 x i16>, ptr %296, align 2
  %297 = zext <16 x i16> %v176 to <16 x i32>
  %298 = shl <16 x i32> %297, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %299 = bitcast <16 x i32> %298 to <16 x float>
  %300 = bitcast <16 x float> %299 to <16 x i32>
  %301 = mul nsw i64 %last_key, 4
  %302 = getelementptr inbounds i8, ptr %probabilities, i64 %301
  %303 = load i32, ptr %302, align 4
  %p.splatinsert177 = insertelement <16 x i32> poison, i32 %303, i64 0
  %p.splat178 = shufflevector <16 x i32> %p.splatinsert177, <16 x i32> poison, <16 x i32> zeroinitializer
  %304 = bitcast <16 x i32> %275 to <16 x float>
  %305 = bitcast <16 x i32> %p.splat178 to <16 x float>
  %sum179 = call <16 x float> @llvm.fma.v16f32(<16 x float> %305, <16 x float> %304, <16 x float> %last_key.carried)
  %306 = bitcast <16 x i32> %280 to <16 x float>
  %307 = bitcast <16 x i32> %p.splat178 to <16 x float>
  %sum180 = call <16 x float> @llvm.fma.v16f32(<16 x float> %307, <16 x float> %306, <16 x float> %last_key.carried148)
  %308 = bitcast <16 x i32> %285 to <16 x float>
  %309 = bitcast <16 x i32> %p.splat178 to <16 x float>
  %sum181 = call <16 x float> @llvm.fma.v16f32(<16 x float> %309, <16 x float> %308, <16 x float> %last_key.carried149)
  %310 = bitcast <16 x i32> %290 to <16 x float>
  %311 = bitcast <16 x i32> %p.splat178 to <16 x float>
  %sum182 = call <16 x float> @llvm.fma.v16f32(<16 x float> %311, <16 x float> %310, <16 x float> %last_key.carried150)
  %312 = bitcast <16 x i32> %295 to <16 x float>
  %313 = bitcast <16 x i32> %p.splat178 to <16 x float>
  %sum183 = call <16 x float> @llvm.fma.v16f32(<16 x float> %313, <16 x float> %312, <16 x float> %last_key.carried151)
  %314 = bitcast <16 x i32> %300 to <16 x float>
  %315 = bitcast <16 x i32> %p.splat178 to <16 x float>
  %sum184 = call <16 x float> @llvm.fma.v16f32(<16 x float> %315, <16 x float> %314, <16 x float> %last_key.carried152)
  %316 = getelementptr inbounds i8, ptr %302, i64 1024
  %317 = load i32, ptr %316, align 4
  %p.splatinsert185 = insertelement <16 x i32> poison, i32 %317, i64 0
  %p.splat186 = shufflevector <16 x i32> %p.splatinsert185, <16 x i32> poison, <16 x i32> zeroinitializer
  %318 = bitcast <16 x i32> %275 to <16 x float>
  %319 = bitcast <16 x i32> %p.splat186 to <16 x float>
  %sum187 = call <16 x float> @llvm.fma.v16f32(<16 x float> %319, <16 x float> %318, <16 x float> %last_key.carried153)
  %320 = bitcast <16 x i32> %280 to <16 x float>
  %321 = bitcast <16 x i32> %p.splat186 to <16 x float>
  %sum188 = call <16 x float> @llvm.fma.v16f32(<16 x float> %321, <16 x float> %320, <16 x float> %last_key.carried154)
  %322 = bitcast <16 x i32> %285 to <16 x float>
  %323 = bitcast <16 x i32> %p.splat186 to <16 x float>
  %sum189 = call <16 x float> @llvm.fma.v16f32(<16 x float> %323, <16 x float> %322, <16 x float> %last_key.carried155)
  %324 = bitcast <16 x i32> %290 to <16 x float>
  %325 = bitcast <16 x i32> %p.splat186 to <16 x float>
  %sum190 = call <16 x float> @llvm.fma.v16f32(<16 x float> %325, <16 x float> %324, <16 x float> %last_key.carried156)
  %326 = bitcast <16 x i32> %295 to <16 x float>
  %327 = bitcast <16 x i32> %p.splat186 to <16 x float>
  %sum191 = call <16 x float> @llvm.fma.v16f32(<16 x float> %327, <16 x float> %326, <16 x float> %last_key.carried157)
  %328 = bitcast <16 x i32> %300 to <16 x float>
  %329 = bitcast <16 x i32> %p.splat186 to <16 x float>
  %sum192 = call <16 x float> @llvm.fma.v16f32(<16 x float> %329, <16 x float> %328, <16 x float> %last_key.carried158)
  %330 = getelementptr inbounds i8, ptr %302, i64 2048
  %331 = load i32, ptr %330, align 4
  %p.splatinsert193 = insertelement <16 x i32> poison, i32 %331, i64 0
  %p.splat194 = shufflevector <16 x i32> %p.splatinsert193, <16 x i32> poison, <16 x i32> zeroinitializer
  %332 = bitcast <16 x i32> %275 to <16 x float>
  %333 = bitcast <16 x i32> %p.splat194 to <16 x float>
  %sum195 = call <16 x float> @llvm.fma.v16f32(<16 x float> %333, <16 x float> %332, <16 x float> %last_key.carried159)
  %334 = bitcast <16 x i32> %280 to <16 x float>
  %335 = bitcast <16 x i32> %p.splat194 to <16 x float>
  %sum196 = call <16 x float> @llvm.fma.v16f32(<16 x float> %335, <16 x float> %334, <16 x float> %last_key.carried160)
  %336 = bitcast <16 x i32> %285 to <16 x float>
  %337 = bitcast <16 x i32> %p.splat194 to <16 x float>
  %sum197 = call <16 x float> @llvm.fma.v16f32(<16 x float> %337, <16 x float> %336, <16 x float> %last_key.carried161)
  %338 = bitcast <16 x i32> %290 to <16 x float>
  %339 = bitcast <16 x i32> %p.splat194 to <16 x float>
  %sum198 = call <16 x float> @llvm.fma.v16f32(<16 x float> %339, <16 x float> %338, <16 x float> %last_key.carried162)
  %340 = bitcast <16 x i32> %295 to <16 x float>
  %341 = bitcast <16 x i32> %p.splat194 to <16 x float>
  %sum199 = call <16 x float> @llvm.fma.v16f32(<16 x float> %341, <16 x float> %340, <16 x float> %last_key.carried163)
  %342 = bitcast <16 x i32> %300 to <16 x float>
  %343 = bitcast <16 x i32> %p.splat194 to <16 x float>
  %sum200 = call <16 x float> @llvm.fma.v16f32(<16 x float> %343, <16 x float> %342, <16 x float> %last_key.carried164)
  %344 = getelementptr inbounds i8, ptr %302, i64 3072
  %345 = load i32, ptr %344, align 4
  %p.splatinsert201 = insertelement <16 x i32> poison, i32 %345, i64 0
  %p.splat202 = shufflevector <16 x i32> %p.splatinsert201, <16 x i32> poison, <16 x i32> zeroinitializer
  %346 = bitcast <16 x i32> %275 to <16 x float>
  %347 = bitcast <16 x i32> %p.splat202 to <16 x float>
  %sum203 = call <16 x float> @llvm.fma.v16f32(<16 x float> %347, <16 x float> %346, <16 x float> %last_key.carried165)
  %348 = bitcast <16 x i32> %280 to <16 x float>
  %349 = bitcast <16 x i32> %p.splat202 to <16 x float>
  %sum204 = call <16 x float> @llvm.fma.v16f32(<16 x float> %349, <16 x float> %348, <16 x float> %last_key.carried166)
  %350 = bitcast <16 x i32> %285 to <16 x float>
  %351 = bitcast <16 x i32> %p.splat202 to <16 x float>
  %sum205 = call <16 x float> @llvm.fma.v16f32(<16 x float> %351, <16 x float> %350, <16 x float> %last_key.carried167)
  %352 = bitcast <16 x i32> %290 to <16 x float>
  %353 = bitcast <16 x i32> %p.splat202 to <16 x float>
  %sum206 = call <16 x float> @llvm.fma.v16f32(<16 x float> %353, <16 x float> %352, <16 x float> %last_key.carried168)
  %354 = bitcast <16 x i32> %295 to <16 x float>
  %355 = bitcast <16 x i32> %p.splat202 to <16 x float>
  %sum207 = call <16 x float> @llvm.fma.v16f32(<16 x float> %355, <16 x float> %354, <16 x float> %last_key.carried169)
  %356 = bitcast <16 x i32> %300 to <16 x float>
  %357 = bitcast <16 x i32> %p.splat202 to <16 x float>
  %sum208 = call <16 x float> @llvm.fma.v16f32(<16 x float> %357, <16 x float> %356, <16 x float> %last_key.carried170)
  %last_key.next = add nsw i64 %last_key, 1
  %358 = icmp slt i64 %last_key.next, %count
  br i1 %358, label %last_key.loop, label %last_key.done

last_key.done:                                    ; preds = %last_key.loop, %key.done
  %last_key.result = phi <16 x float> [ %key.result, %key.done ], [ %sum179, %last_key.loop ]
  %last_key.result209 = phi <16 x float> [ %key.result125, %key.done ], [ %sum180, %last_key.loop ]
  %last_key.result210 = phi <16 x float> [ %key.result126, %key.done ], [ %sum181, %last_key.loop ]
  %last_key.result211 = phi <16 x float> [ %key.result127, %key.done ], [ %sum182, %last_key.loop ]
  %last_key.result212 = phi <16 x float> [ %key.result128, %key.done ], [ %sum183, %last_key.loop ]
  %last_key.result213 = phi <16 x float> [ %key.result129, %key.done ], [ %sum184, %last_key.loop ]
  %last_key.result214 = phi <16 x float> [ %key.result130, %key.done ], [ %sum187, %last_key.loop ]
  %last_key.result215 = phi <16 x float> [ %key.result131, %key.done ], [ %sum188, %last_key.loop ]
  %last_key.result216 = phi <16 x float> [ %key.result132, %key.done ], [ %sum189, %last_key.loop ]
  %last_key.result217 = phi <16 x float> [ %key.result133, %key.done ], [ %sum190, %last_key.loop ]
  %last_key.result218 = phi <16 x float> [ %key.result134, %key.done ], [ %sum191, %last_key.loop ]
  %last_key.result219 = phi <16 x float> [ %key.result135, %key.done ], [ %sum192, %last_key.loop ]
  %last_key.result220 = phi <16 x float> [ %key.result136, %key.done ], [ %sum195, %last_key.loop ]
  %last_key.result221 = phi <16 x float> [ %key.result137, %key.done ], [ %sum196, %last_key.loop ]
  %last_key.result222 = phi <16 x float> [ %key.result138, %key.done ], [ %sum197, %last_key.loop ]
  %last_key.result223 = phi <16 x float> [ %key.result139, %key.done ], [ %sum198, %last_key.loop ]
  %last_key.result224 = phi <16 x float> [ %key.result140, %key.done ], [ %sum199, %last_key.loop ]
  %last_key.result225 = phi <16 x float> [ %key.result141, %key.done ], [ %sum200, %last_key.loop ]
  %last_key.result226 = phi <16 x float> [ %key.result142, %key.done ], [ %sum203, %last_key.loop ]
  %last_key.result227 = phi <16 x float> [ %key.result143, %key.done ], [ %sum204, %last_key.loop ]
  %last_key.result228 = phi <16 x float> [ %key.result144, %key.done ], [ %sum205, %last_key.loop ]
  %last_key.result229 = phi <16 x float> [ %key.result145, %key.done ], [ %sum206, %last_key.loop ]
  %last_key.result230 = phi <16 x float> [ %key.result146, %key.done ], [ %sum207, %last_key.loop ]
  %last_key.result231 = phi <16 x float> [ %key.result147, %key.done ], [ %sum208, %last_key.loop ]
  store <16 x float> %last_key.result, ptr %out, align 64
  %359 = getelementptr inbounds i8, ptr %out, i64 64
  store <16 x float> %last_key.result209, ptr %359, align 64
  %360 = getelementptr inbounds i8, ptr %out, i64 128
  store <16 x float> %last_key.result210, ptr %360, align 64
  %361 = getelementptr inbounds i8, ptr %out, i64 192
  store <16 x float> %last_key.result211, ptr %361, align 64
  %362 = getelementptr inbounds i8, ptr %out, i64 256
  store <16 x float> %last_key.result212, ptr %362, align 64
  %363 = getelementptr inbounds i8, ptr %out, i64 320
  store <16 x float> %last_key.result213, ptr %363, align 64
  %364 = getelementptr inbounds i8, ptr %out, i64 512
  store <16 x float> %last_key.result214, ptr %364, align 64
  %365 = getelementptr inbounds i8, ptr %out, i64 576
  store <16 x float> %last_key.result215, ptr %365, align 64
  %366 = getelementptr inbounds i8, ptr %out, i64 640
  store <16 x float> %last_key.result216, ptr %366, align 64
  %367 = getelementptr inbounds i8, ptr %out, i64 704
  store <16 x float> %last_key.result217, ptr %367, align 64
  %368 = getelementptr inbounds i8, ptr %out, i64 768
  store <16 x float> %last_key.result218, ptr %368, align 64
  %369 = getelementptr inbounds i8, ptr %out, i64 832
  store <16 x float> %last_key.result219, ptr %369, align 64
  %370 = getelementptr inbounds i8, ptr %out, i64 1024
  store <16 x float> %last_key.result220, ptr %370, align 64
  %371 = getelementptr inbounds i8, ptr %out, i64 1088
  store <16 x float> %last_key.result221, ptr %371, align 64
  %372 = getelementptr inbounds i8, ptr %out, i64 1152
  store <16 x float> %last_key.result222, ptr %372, align 64
  %373 = getelementptr inbounds i8, ptr %out, i64 1216
  store <16 x float> %last_key.result223, ptr %373, align 64
  %374 = getelementptr inbounds i8, ptr %out, i64 1280
  store <16 x float> %last_key.result224, ptr %374, align 64
  %375 = getelementptr inbounds i8, ptr %out, i64 1344
  store <16 x float> %last_key.result225, ptr %375, align 64
  %376 = getelementptr inbounds i8, ptr %out, i64 1536
  store <16 x float> %last_key.result226, ptr %376, align 64
  %377 = getelementptr inbounds i8, ptr %out, i64 1600
  store <16 x float> %last_key.result227, ptr %377, align 64
  %378 = getelementptr inbounds i8, ptr %out, i64 1664
  store <16 x float> %last_key.result228, ptr %378, align 64
  %379 = getelementptr inbounds i8, ptr %out, i64 1728
  store <16 x float> %last_key.result229, ptr %379, align 64
  %380 = getelementptr inbounds i8, ptr %out, i64 1792
  store <16 x float> %last_key.result230, ptr %380, align 64
  %381 = getelementptr inbounds i8, ptr %out, i64 1856
  store <16 x float> %last_key.result231, ptr %381, align 64
  %chunk.next = add nsw i64 %chunk, 6
  %382 = icmp slt i64 %chunk.next, 6
  br i1 %382, label %chunk.loop, label %chunk.done

key.loop251:                                      ; preds = %key.loop251, %chunk.done
  %key253 = phi i64 [ 0, %chunk.done ], [ %key.next298, %key.loop251 ]
  %key.carried254 = phi <16 x float> [ %o236, %chunk.done ], [ %sum284, %key.loop251 ]
  %key.carried255 = phi <16 x float> [ %o237, %chunk.done ], [ %sum285, %key.loop251 ]
  %key.carried256 = phi <16 x float> [ %o240, %chunk.done ], [ %sum288, %key.loop251 ]
  %key.carried257 = phi <16 x float> [ %o241, %chunk.done ], [ %sum289, %key.loop251 ]
  %key.carried258 = phi <16 x float> [ %o244, %chunk.done ], [ %sum292, %key.loop251 ]
  %key.carried259 = phi <16 x float> [ %o245, %chunk.done ], [ %sum293, %key.loop251 ]
  %key.carried260 = phi <16 x float> [ %o248, %chunk.done ], [ %sum296, %key.loop251 ]
  %key.carried261 = phi <16 x float> [ %o249, %chunk.done ], [ %sum297, %key.loop251 ]
  %383 = mul nsw i64 %key253, %stride
  %384 = getelementptr inbounds i8, ptr %from233, i64 %383
  %385 = mul nsw i64 %stride, 16
  %386 = getelementptr inbounds i8, ptr %384, i64 %385
  call void @llvm.prefetch.p0(ptr %386, i32 0, i32 3, i32 1)
  %387 = getelementptr inbounds i8, ptr %384, i64 0
  %v262 = load <16 x i16>, ptr %387, align 2
  %388 = zext <16 x i16> %v262 to <16 x i32>
  %389 = shl <16 x i32> %388, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %390 = bitcast <16 x i32> %389 to <16 x float>
  %391 = bitcast <16 x float> %390 to <16 x i32>
  %392 = getelementptr inbounds i8, ptr %384, i64 32
  %v263 = load <16 x i16>, ptr %392, align 2
  %393 = zext <16 x i16> %v263 to <16 x i32>
  %394 = shl <16 x i32> %393, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %395 = bitcast <16 x i32> %394 to <16 x float>
  %396 = bitcast <16 x float> %395 to <16 x i32>
  %397 = mul nsw i64 %key253, 4
  %398 = getelementptr inbounds i8, ptr %probabilities, i64 %397
  %399 = load i32, ptr %398, align 4
  %p.splatinsert264 = insertelement <16 x i32> poison, i32 %399, i64 0
  %p.splat265 = shufflevector <16 x i32> %p.splatinsert264, <16 x i32> poison, <16 x i32> zeroinitializer
  %400 = bitcast <16 x i32> %391 to <16 x float>
  %401 = bitcast <16 x i32> %p.splat265 to <16 x float>
  %sum266 = call <16 x float> @llvm.fma.v16f32(<16 x float> %401, <16 x float> %400, <16 x float> %key.carried254)
  %402 = bitcast <16 x i32> %396 to <16 x float>
  %403 = bitcast <16 x i32> %p.splat265 to <16 x float>
  %sum267 = call <16 x float> @llvm.fma.v16f32(<16 x float> %403, <16 x float> %402, <16 x float> %key.carried255)
  %404 = getelementptr inbounds i8, ptr %398, i64 1024
  %405 = load i32, ptr %404, align 4
  %p.splatinsert268 = insertelement <16 x i32> poison, i32 %405, i64 0
  %p.splat269 = shufflevector <16 x i32> %p.splatinsert268, <16 x i32> poison, <16 x i32> zeroinitializer
  %406 = bitcast <16 x i32> %391 to <16 x float>
  %407 = bitcast <16 x i32> %p.splat269 to <16 x float>
  %sum270 = call <16 x float> @llvm.fma.v16f32(<16 x float> %407, <16 x float> %406, <16 x float> %key.carried256)
  %408 = bitcast <16 x i32> %396 to <16 x float>
  %409 = bitcast <16 x i32> %p.splat269 to <16 x float>
  %sum271 = call <16 x float> @llvm.fma.v16f32(<16 x float> %409, <16 x float> %408, <16 x float> %key.carried257)
  %410 = getelementptr inbounds i8, ptr %398, i64 2048
  %411 = load i32, ptr %410, align 4
  %p.splatinsert272 = insertelement <16 x i32> poison, i32 %411, i64 0
  %p.splat273 = shufflevector <16 x i32> %p.splatinsert272, <16 x i32> poison, <16 x i32> zeroinitializer
  %412 = bitcast <16 x i32> %391 to <16 x float>
  %413 = bitcast <16 x i32> %p.splat273 to <16 x float>
  %sum274 = call <16 x float> @llvm.fma.v16f32(<16 x float> %413, <16 x float> %412, <16 x float> %key.carried258)
  %414 = bitcast <16 x i32> %396 to <16 x float>
  %415 = bitcast <16 x i32> %p.splat273 to <16 x float>
  %sum275 = call <16 x float> @llvm.fma.v16f32(<16 x float> %415, <16 x float> %414, <16 x float> %key.carried259)
  %416 = getelementptr inbounds i8, ptr %398, i64 3072
  %417 = load i32, ptr %416, align 4
  %p.splatinsert276 = insertelement <16 x i32> poison, i32 %417, i64 0
  %p.splat277 = shufflevector <16 x i32> %p.splatinsert276, <16 x i32> poison, <16 x i32> zeroinitializer
  %418 = bitcast <16 x i32> %391 to <16 x float>
  %419 = bitcast <16 x i32> %p.splat277 to <16 x float>
  %sum278 = call <16 x float> @llvm.fma.v16f32(<16 x float> %419, <16 x float> %418, <16 x float> %key.carried260)
  %420 = bitcast <16 x i32> %396 to <16 x float>
  %421 = bitcast <16 x i32> %p.splat277 to <16 x float>
  %sum279 = call <16 x float> @llvm.fma.v16f32(<16 x float> %421, <16 x float> %420, <16 x float> %key.carried261)
  %422 = add nsw i64 %key253, 1
  %423 = mul nsw i64 %422, %stride
  %424 = getelementptr inbounds i8, ptr %from233, i64 %423
  %425 = mul nsw i64 %stride, 16
  %426 = getelementptr inbounds i8, ptr %424, i64 %425
  call void @llvm.prefetch.p0(ptr %426, i32 0, i32 3, i32 1)
  %427 = getelementptr inbounds i8, ptr %424, i64 0
  %v280 = load <16 x i16>, ptr %427, align 2
  %428 = zext <16 x i16> %v280 to <16 x i32>
  %429 = shl <16 x i32> %428, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %430 = bitcast <16 x i32> %429 to <16 x float>
  %431 = bitcast <16 x float> %430 to <16 x i32>
  %432 = getelementptr inbounds i8, ptr %424, i64 32
  %v281 = load <16 x i16>, ptr %432, align 2
  %433 = zext <16 x i16> %v281 to <16 x i32>
  %434 = shl <16 x i32> %433, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %435 = bitcast <16 x i32> %434 to <16 x float>
  %436 = bitcast <16 x float> %435 to <16 x i32>
  %437 = mul nsw i64 %422, 4
  %438 = getelementptr inbounds i8, ptr %probabilities, i64 %437
  %439 = load i32, ptr %438, align 4
  %p.splatinsert282 = insertelement <16 x i32> poison, i32 %439, i64 0
  %p.splat283 = shufflevector <16 x i32> %p.splatinsert282, <16 x i32> poison, <16 x i32> zeroinitializer
  %440 = bitcast <16 x i32> %431 to <16 x float>
  %441 = bitcast <16 x i32> %p.splat283 to <16 x float>
  %sum284 = call <16 x float> @llvm.fma.v16f32(<16 x float> %441, <16 x float> %440, <16 x float> %sum266)
  %442 = bitcast <16 x i32> %436 to <16 x float>
  %443 = bitcast <16 x i32> %p.splat283 to <16 x float>
  %sum285 = call <16 x float> @llvm.fma.v16f32(<16 x float> %443, <16 x float> %442, <16 x float> %sum267)
  %444 = getelementptr inbounds i8, ptr %438, i64 1024
  %445 = load i32, ptr %444, align 4
  %p.splatinsert286 = insertelement <16 x i32> poison, i32 %445, i64 0
  %p.splat287 = shufflevector <16 x i32> %p.splatinsert286, <16 x i32> poison, <16 x i32> zeroinitializer
  %446 = bitcast <16 x i32> %431 to <16 x float>
  %447 = bitcast <16 x i32> %p.splat287 to <16 x float>
  %sum288 = call <16 x float> @llvm.fma.v16f32(<16 x float> %447, <16 x float> %446, <16 x float> %sum270)
  %448 = bitcast <16 x i32> %436 to <16 x float>
  %449 = bitcast <16 x i32> %p.splat287 to <16 x float>
  %sum289 = call <16 x float> @llvm.fma.v16f32(<16 x float> %449, <16 x float> %448, <16 x float> %sum271)
  %450 = getelementptr inbounds i8, ptr %438, i64 2048
  %451 = load i32, ptr %450, align 4
  %p.splatinsert290 = insertelement <16 x i32> poison, i32 %451, i64 0
  %p.splat291 = shufflevector <16 x i32> %p.splatinsert290, <16 x i32> poison, <16 x i32> zeroinitializer
  %452 = bitcast <16 x i32> %431 to <16 x float>
  %453 = bitcast <16 x i32> %p.splat291 to <16 x float>
  %sum292 = call <16 x float> @llvm.fma.v16f32(<16 x float> %453, <16 x float> %452, <16 x float> %sum274)
  %454 = bitcast <16 x i32> %436 to <16 x float>
  %455 = bitcast <16 x i32> %p.splat291 to <16 x float>
  %sum293 = call <16 x float> @llvm.fma.v16f32(<16 x float> %455, <16 x float> %454, <16 x float> %sum275)
  %456 = getelementptr inbounds i8, ptr %438, i64 3072
  %457 = load i32, ptr %456, align 4
  %p.splatinsert294 = insertelement <16 x i32> poison, i32 %457, i64 0
  %p.splat295 = shufflevector <16 x i32> %p.splatinsert294, <16 x i32> poison, <16 x i32> zeroinitializer
  %458 = bitcast <16 x i32> %431 to <16 x float>
  %459 = bitcast <16 x i32> %p.splat295 to <16 x float>
  %sum296 = call <16 x float> @llvm.fma.v16f32(<16 x float> %459, <16 x float> %458, <16 x float> %sum278)
  %460 = bitcast <16 x i32> %436 to <16 x float>
  %461 = bitcast <16 x i32> %p.splat295 to <16 x float>
  %sum297 = call <16 x float> @llvm.fma.v16f32(<16 x float> %461, <16 x float> %460, <16 x float> %sum279)
  %key.next298 = add nsw i64 %key253, 2
  %462 = icmp slt i64 %key.next298, %whole250
  br i1 %462, label %key.loop251, label %key.done252

key.done252:                                      ; preds = %key.loop251, %chunk.done
  %key.result299 = phi <16 x float> [ %o236, %chunk.done ], [ %sum284, %key.loop251 ]
  %key.result300 = phi <16 x float> [ %o237, %chunk.done ], [ %sum285, %key.loop251 ]
  %key.result301 = phi <16 x float> [ %o240, %chunk.done ], [ %sum288, %key.loop251 ]
  %key.result302 = phi <16 x float> [ %o241, %chunk.done ], [ %sum289, %key.loop251 ]
  %key.result303 = phi <16 x float> [ %o244, %chunk.done ], [ %sum292, %key.loop251 ]
  %key.result304 = phi <16 x float> [ %o245, %chunk.done ], [ %sum293, %key.loop251 ]
  %key.result305 = phi <16 x float> [ %o248, %chunk.done ], [ %sum296, %key.loop251 ]
  %key.result306 = phi <16 x float> [ %o249, %chunk.done ], [ %sum297, %key.loop251 ]
  %463 = icmp slt i64 %whole250, %count
  br i1 %463, label %last_key.loop307, label %last_key.done308

last_key.loop307:                                 ; preds = %last_key.loop307, %key.done252
  %last_key309 = phi i64 [ %whole250, %key.done252 ], [ %last_key.next336, %last_key.loop307 ]
  %last_key.carried310 = phi <16 x float> [ %key.result299, %key.done252 ], [ %sum322, %last_key.loop307 ]
  %last_key.carried311 = phi <16 x float> [ %key.result300, %key.done252 ], [ %sum323, %last_key.loop307 ]
  %last_key.carried312 = phi <16 x float> [ %key.result301, %key.done252 ], [ %sum326, %last_key.loop307 ]
  %last_key.carried313 = phi <16 x float> [ %key.result302, %key.done252 ], [ %sum327, %last_key.loop307 ]
  %last_key.carried314 = phi <16 x float> [ %key.result303, %key.done252 ], [ %sum330, %last_key.loop307 ]
  %last_key.carried315 = phi <16 x float> [ %key.result304, %key.done252 ], [ %sum331, %last_key.loop307 ]
  %last_key.carried316 = phi <16 x float> [ %key.result305, %key.done252 ], [ %sum334, %last_key.loop307 ]
  %last_key.carried317 = phi <16 x float> [ %key.result306, %key.done252 ], [ %sum335, %last_key.loop307 ]
  %464 = mul nsw i64 %last_key309, %stride
  %465 = getelementptr inbounds i8, ptr %from233, i64 %464
  %466 = mul nsw i64 %stride, 16
  %467 = getelementptr inbounds i8, ptr %465, i64 %466
  call void @llvm.prefetch.p0(ptr %467, i32 0, i32 3, i32 1)
  %468 = getelementptr inbounds i8, ptr %465, i64 0
  %v318 = load <16 x i16>, ptr %468, align 2
  %469 = zext <16 x i16> %v318 to <16 x i32>
  %470 = shl <16 x i32> %469, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %471 = bitcast <16 x i32> %470 to <16 x float>
  %472 = bitcast <16 x float> %471 to <16 x i32>
  %473 = getelementptr inbounds i8, ptr %465, i64 32
  %v319 = load <16 x i16>, ptr %473, align 2
  %474 = zext <16 x i16> %v319 to <16 x i32>
  %475 = shl <16 x i32> %474, <i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16, i32 16>
  %476 = bitcast <16 x i32> %475 to <16 x float>
  %477 = bitcast <16 x float> %476 to <16 x i32>
  %478 = mul nsw i64 %last_key309, 4
  %479 = getelementptr inbounds i8, ptr %probabilities, i64 %478
  %480 = load i32, ptr %479, align 4
  %p.splatinsert320 = insertelement <16 x i32> poison, i32 %480, i64 0
  %p.splat321 = shufflevector <16 x i32> %p.splatinsert320, <16 x i32> poison, <16 x i32> zeroinitializer
  %481 = bitcast <16 x i32> %472 to <16 x float>
  %482 = bitcast <16 x i32> %p.splat321 to <16 x float>
  %sum322 = call <16 x float> @llvm.fma.v16f32(<16 x float> %482, <16 x float> %481, <16 x float> %last_key.carried310)
  %483 = bitcast <16 x i32> %477 to <16 x float>
  %484 = bitcast <16 x i32> %p.splat321 to <16 x float>
  %sum323 = call <16 x float> @llvm.fma.v16f32(<16 x float> %484, <16 x float> %483, <16 x float> %last_key.carried311)
  %485 = getelementptr inbounds i8, ptr %479, i64 1024
  %486 = load i32, ptr %485, align 4
  %p.splatinsert324 = insertelement <16 x i32> poison, i32 %486, i64 0
  %p.splat325 = shufflevector <16 x i32> %p.splatinsert324, <16 x i32> poison, <16 x i32> zeroinitializer
  %487 = bitcast <16 x i32> %472 to <16 x float>
  %488 = bitcast <16 x i32> %p.splat325 to <16 x float>
  %sum326 = call <16 x float> @llvm.fma.v16f32(<16 x float> %488, <16 x float> %487, <16 x float> %last_key.carried312)
  %489 = bitcast <16 x i32> %477 to <16 x float>
  %490 = bitcast <16 x i32> %p.splat325 to <16 x float>
  %sum327 = call <16 x float> @llvm.fma.v16f32(<16 x float> %490, <16 x float> %489, <16 x float> %last_key.carried313)
  %491 = getelementptr inbounds i8, ptr %479, i64 2048
  %492 = load i32, ptr %491, align 4
  %p.splatinsert328 = insertelement <16 x i32> poison, i32 %492, i64 0
  %p.splat329 = shufflevector <16 x i32> %p.splatinsert328, <16 x i32> poison, <16 x i32> zeroinitializer
  %493 = bitcast <16 x i32> %472 to <16 x float>
  %494 = bitcast <16 x i32> %p.splat329 to <16 x float>
  %sum330 = call <16 x float> @llvm.fma.v16f32(<16 x float> %494, <16 x float> %493, <16 x float> %last_key.carried314)
  %495 = bitcast <16 x i32> %477 to <16 x float>
  %496 = bitcast <16 x i32> %p.splat329 to <16 x float>
  %sum331 = call <16 x float> @llvm.fma.v16f32(<16 x float> %496, <16 x float> %495, <16 x float> %last_key.carried315)
  %497 = getelementptr inbounds i8, ptr %479, i64 3072
  %498 = load i32, ptr %497, align 4
  %p.splatinsert332 = insertelement <16 x i32> poison, i32 %498, i64 0
  %p.splat333 = shufflevector <16 x i32> %p.splatinsert332, <16 x i32> poison, <16 x i32> zeroinitializer
  %499 = bitcast <16 x i32> %472 to <16 x float>
  %500 = bitcast <16 x i32> %p.splat333 to <16 x float>
  %sum334 = call <16 x float> @llvm.fma.v16f32(<16 x float> %500, <16 x float> %499, <16 x float> %last_key.carried316)
  %501 = bitcast <16 x i32> %477 to <16 x float>
  %502 = bitcast <16 x i32> %p.splat333 to <16 x float>
  %sum335 = call <16 x float> @llvm.fma.v16f32(<16 x float> %502, <16 x float> %501, <16 x float> %last_key.carried317)
  %last_key.next336 = add nsw i64 %last_key309, 1
  %503 = icmp slt i64 %last_key.next336, %count
  br i1 %503, label %last_key.loop307, label %last_key.done308

last_key.done308:                                 ; preds = %last_key.loop307, %key.done252
  %last_key.result337 = phi <16 x float> [ %key.result299, %key.done252 ], [ %sum322, %last_key.loop307 ]
  %last_key.result338 = phi <16 x float> [ %key.result300, %key.done252 ], [ %sum323, %last_key.loop307 ]
  %last_key.result339 = phi <16 x float> [ %key.result301, %key.done252 ], [ %sum326, %last_key.loop307 ]
  %last_key.result340 = phi <16 x float> [ %key.result302, %key.done252 ], [ %sum327, %last_key.loop307 ]
  %last_key.result341 = phi <16 x float> [ %key.result303, %key.done252 ], [ %sum330, %last_key.loop307 ]
  %last_key.result342 = phi <16 x float> [ %key.result304, %key.done252 ], [ %sum331, %last_key.loop307 ]
  %last_key.result343 = phi <16 x float> [ %key.result305, %key.done252 ], [ %sum334, %last_key.loop307 ]
  %last_key.result344 = phi <16 x float> [ %key.result306, %key.done252 ], [ %sum335, %last_key.loop307 ]
  store <16 x float> %last_key.result337, ptr %out232, align 64
  %504 = getelementptr inbounds i8, ptr %out232, i64 64
  store <16 x float> %last_key.result338, ptr %504, align 64
  %505 = getelementptr inbounds i8, ptr %out232, i64 512
  store <16 x float> %last_key.result339, ptr %505, align 64
  %506 = getelementptr inbounds i8, ptr %out232, i64 576
  store <16 x float> %last_key.result340, ptr %506, align 64
  %507 = getelementptr inbounds i8, ptr %out232, i64 1024
  store <16 x float> %last_key.result341, ptr %507, align 64
  %508 = getelementptr inbounds i8, ptr %out232, i64 1088
  store <16 x float> %last_key.result342, ptr %508, align 64
  %509 = getelementptr inbounds i8, ptr %out232, i64 1536
  store <16 x float> %last_key.result343, ptr %509, align 64
  %510 = getelementptr inbounds i8, ptr %out232, i64 1600
  store <16 x float> %last_key.result344, ptr %510, align 64
  ret void
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
  %row = mul nsw i64 %panel, 4
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
  %queries = getelementptr inbounds i8, ptr %scratch, i64 704
  %24 = getelementptr inbounds i8, ptr %queries, i64 %23
  %scores = getelementptr inbounds i8, ptr %scratch, i64 1728
  call void @scores(ptr %24, ptr %keys, i64 %k_stride_seq, ptr %scores, i64 %count2)
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
  %lo = getelementptr inbounds i8, ptr %scratch, i64 192
  %34 = getelementptr inbounds i8, ptr %lo, i64 %33
  %35 = select i1 %apply_masks, ptr %34, ptr %32
  %36 = mul nsw i64 %row, 8
  %hi = getelementptr inbounds i8, ptr %scratch, i64 256
  %37 = getelementptr inbounds i8, ptr %hi, i64 %36
  %38 = select i1 %apply_masks, ptr %37, ptr %6
  %39 = select i1 %apply_masks, i64 8, i64 0
  call void @mask_interval(ptr %scores, ptr %35, ptr %38, i64 %39, i64 %key, i64 %count2, i64 %vectors)
  br label %boundary.end

boundary.end:                                     ; preds = %boundary, %visible_panel
  %probabilities = getelementptr inbounds i8, ptr %scratch, i64 1728
  %alpha = getelementptr inbounds i8, ptr %scratch, i64 640
  %40 = mul nsw i64 %row, 4
  %m = getelementptr inbounds i8, ptr %scratch, i64 320
  %41 = getelementptr inbounds i8, ptr %m, i64 %40
  %42 = mul nsw i64 %row, 64
  %l = getelementptr inbounds i8, ptr %scratch, i64 384
  %43 = getelementptr inbounds i8, ptr %l, i64 %42
  call void @softmax(ptr %scores, ptr %probabilities, ptr %41, ptr %43, ptr %alpha, i64 %vectors, float %scale_log2.f32)
  %44 = mul nsw i64 %row, 512
  %outputs = getelementptr inbounds i8, ptr %scratch, i64 5824
  %45 = getelementptr inbounds i8, ptr %outputs, i64 %44
  call void @accumulate(ptr %45, ptr %probabilities, ptr %values, i64 %v_stride_seq, ptr %alpha, i64 %count2)
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
  %row0 = mul nsw i64 %row_block, 4
  %2 = mul nsw i64 %seqlen_q, 4
  %3 = sub nsw i64 %2, %row0
  %4 = call i64 @llvm.smin.i64(i64 %3, i64 4)
  %rows = call i64 @llvm.smax.i64(i64 %4, i64 0)
  %5 = add nsw i64 %rows, 3
  %panels = udiv i64 %5, 4
  %head = mul nsw i64 %item_head, 4
  %6 = getelementptr inbounds i8, ptr %arguments, i64 216
  %k_stride_batch = load i64, ptr %6, align 8
  %7 = mul nsw i64 %batch, %k_stride_batch
  %8 = getelementptr inbounds i8, ptr %arguments, i64 224
  %k_stride_head = load i64, ptr %8, align 8
  %9 = mul nsw i64 %item_head, %k_stride_head
  %10 = add nsw i64 %7, %9
  %11 = getelementptr inbounds i8, ptr %arguments, i64 232
  %k_stride_seq = load i64, ptr %11, align 8
  %12 = mul nsw i64 0, %k_stride_seq
  %13 = add nsw i64 %10, %12
  %14 = getelementptr inbounds i8, ptr %arguments, i64 8
  %k = load ptr, ptr %14, align 8
  %k_base = getelementptr inbounds i8, ptr %k, i64 %13
  %15 = getelementptr inbounds i8, ptr %arguments, i64 240
  %v_stride_batch = load i64, ptr %15, align 8
  %16 = mul nsw i64 %batch, %v_stride_batch
  %17 = getelementptr inbounds i8, ptr %arguments, i64 248
  %v_stride_head = load i64, ptr %17, align 8
  %18 = mul nsw i64 %item_head, %v_stride_head
  %19 = add nsw i64 %16, %18
  %20 = getelementptr inbounds i8, ptr %arguments, i64 256
  %v_stride_seq = load i64, ptr %20, align 8
  %21 = mul nsw i64 0, %v_stride_seq
  %22 = add nsw i64 %19, %21
  %23 = getelementptr inbounds i8, ptr %arguments, i64 16
  %v = load ptr, ptr %23, align 8
  %v_base = getelementptr inbounds i8, ptr %v, i64 %22
  store i64 %batch, ptr %scratch, align 8
  %24 = getelementptr inbounds i8, ptr %scratch, i64 8
  store i64 %head, ptr %24, align 8
  %25 = getelementptr inbounds i8, ptr %scratch, i64 16
  store i64 %row0, ptr %25, align 8
  %26 = getelementptr inbounds i8, ptr %scratch, i64 24
  store i64 %rows, ptr %26, align 8
  %27 = getelementptr inbounds i8, ptr %scratch, i64 32
  store i64 %seqlen_q, ptr %27, align 8
  %28 = getelementptr inbounds i8, ptr %scratch, i64 40
  store i64 %seqlen_kv, ptr %28, align 8
  %29 = getelementptr inbounds i8, ptr %scratch, i64 48
  store i64 0, ptr %29, align 8
  %30 = getelementptr inbounds i8, ptr %scratch, i64 56
  store i64 0, ptr %30, align 8
  %31 = getelementptr inbounds i8, ptr %scratch, i64 64
  store ptr %k_base, ptr %31, align 8
  %32 = getelementptr inbounds i8, ptr %scratch, i64 72
  store ptr %v_base, ptr %32, align 8
  %33 = getelementptr inbounds i8, ptr %scratch, i64 80
  store i64 %panels, ptr %33, align 8
  %34 = getelementptr inbounds i8, ptr %scratch, i64 88
  store i64 0, ptr %34, align 8
  %35 = getelementptr inbounds i8, ptr %scratch, i64 96
  store i64 0, ptr %35, align 8
  %36 = getelementptr inbounds i8, ptr %arguments, i64 200
  %q_stride_head = load i64, ptr %36, align 8
  %37 = getelementptr inbounds i8, ptr %arguments, i64 208
  %q_stride_seq = load i64, ptr %37, align 8
  %38 = getelementptr inbounds i8, ptr %arguments, i64 192
  %q_stride_batch = load i64, ptr %38, align 8
  %39 = mul nsw i64 %batch, %q_stride_batch
  %q = load ptr, ptr %arguments, align 8
  %q_batch = getelementptr inbounds i8, ptr %q, i64 %39
  %last = sub nsw i64 %rows, 1
  %40 = mul nsw i64 %panels, 4
  %41 = icmp slt i64 0, %40
  br i1 %41, label %row.loop, label %row.done

row.loop:                                         ; preds = %row.loop, %entry
  %row = phi i64 [ 0, %entry ], [ %row.next, %row.loop ]
  %42 = call i64 @llvm.smin.i64(i64 %row, i64 %last)
  %43 = getelementptr inbounds i8, ptr %scratch, i64 16
  %row01 = load i64, ptr %43, align 8
  %absolute_row = add nsw i64 %row01, %42
  %44 = getelementptr inbounds i8, ptr %scratch, i64 8
  %head0 = load i64, ptr %44, align 8
  %query = udiv i64 %absolute_row, 4
  %member = urem i64 %absolute_row, 4
  %head2 = add nsw i64 %head0, %member
  %hi = call i64 @llvm.smax.i64(i64 %seqlen_kv, i64 0)
  %45 = call i64 @llvm.smin.i64(i64 0, i64 %hi)
  %46 = mul nsw i64 %row, 8
  %47 = getelementptr inbounds i8, ptr %scratch, i64 192
  %48 = getelementptr inbounds i8, ptr %47, i64 %46
  store i64 %45, ptr %48, align 8
  %49 = getelementptr inbounds i8, ptr %scratch, i64 256
  %50 = getelementptr inbounds i8, ptr %49, i64 %46
  store i64 %hi, ptr %50, align 8
  %51 = mul nsw i64 %row, 4
  %52 = getelementptr inbounds i8, ptr %scratch, i64 320
  %53 = getelementptr inbounds i8, ptr %52, i64 %51
  store float 0xFFF0000000000000, ptr %53, align 4
  %54 = mul nsw i64 %row, 64
  %55 = getelementptr inbounds i8, ptr %scratch, i64 384
  %56 = getelementptr inbounds i8, ptr %55, i64 %54
  store <16 x float> zeroinitializer, ptr %56, align 64
  %57 = mul nsw i64 %row, 512
  %58 = getelementptr inbounds i8, ptr %scratch, i64 5824
  %o_row = getelementptr inbounds i8, ptr %58, i64 %57
  store <16 x float> zeroinitializer, ptr %o_row, align 64
  %59 = getelementptr inbounds i8, ptr %o_row, i64 64
  store <16 x float> zeroinitializer, ptr %59, align 64
  %60 = getelementptr inbounds i8, ptr %o_row, i64 128
  store <16 x float> zeroinitializer, ptr %60, align 64
  %61 = getelementptr inbounds i8, ptr %o_row, i64 192
  store <16 x float> zeroinitializer, ptr %61, align 64
  %62 = getelementptr inbounds i8, ptr %o_row, i64 256
  store <16 x float> zeroinitializer, ptr %62, align 64
  %63 = getelementptr inbounds i8, ptr %o_row, i64 320
  store <16 x float> zeroinitializer, ptr %63, align 64
  %64 = getelementptr inbounds i8, ptr %o_row, i64 384
  store <16 x float> zeroinitializer, ptr %64, align 64
  %65 = getelementptr inbounds i8, ptr %o_row, i64 448
  store <16 x float> zeroinitializer, ptr %65, align 64
  %66 = mul nsw i64 %query, %q_stride_seq
  %67 = mul nsw i64 %head2, %q_stride_head
  %68 = add nsw i64 %67, %66
  %q_row = getelementptr inbounds i8, ptr %q_batch, i64 %68
  %69 = mul nsw i64 %row, 256
  %70 = getelementptr inbounds i8, ptr %scratch, i64 704
  %q_copy = getelementptr inbounds i8, ptr %70, i64 %69
  %q3 = load <32 x i16>, ptr %q_row, align 2
  store <32 x i16> %q3, ptr %q_copy, align 64
  %71 = getelementptr inbounds i8, ptr %q_row, i64 64
  %q4 = load <32 x i16>, ptr %71, align 2
  %72 = getelementptr inbounds i8, ptr %q_copy, i64 64
  store <32 x i16> %q4, ptr %72, align 64
  %73 = getelementptr inbounds i8, ptr %q_row, i64 128
  %q5 = load <32 x i16>, ptr %73, align 2
  %74 = getelementptr inbounds i8, ptr %q_copy, i64 128
  store <32 x i16> %q5, ptr %74, align 64
  %75 = getelementptr inbounds i8, ptr %q_row, i64 192
  %q6 = load <32 x i16>, ptr %75, align 2
  %76 = getelementptr inbounds i8, ptr %q_copy, i64 192
  store <32 x i16> %q6, ptr %76, align 64
  %row.next = add nsw i64 %row, 1
  %77 = icmp slt i64 %row.next, %40
  br i1 %77, label %row.loop, label %row.done

row.done:                                         ; preds = %row.loop, %entry
  %78 = icmp slt i64 0, %panels
  br i1 %78, label %panel.loop, label %panel.done

panel.loop:                                       ; preds = %panel.loop, %row.done
  %panel = phi i64 [ 0, %row.done ], [ %panel.next, %panel.loop ]
  %panel.carried = phi i64 [ 9223372036854775807, %row.done ], [ %124, %panel.loop ]
  %panel.carried7 = phi i64 [ 0, %row.done ], [ %125, %panel.loop ]
  %79 = mul nsw i64 %panel, 32
  %80 = getelementptr inbounds i8, ptr %scratch, i64 192
  %81 = getelementptr inbounds i8, ptr %80, i64 %79
  %lo = load i64, ptr %81, align 8
  %82 = getelementptr inbounds i8, ptr %scratch, i64 256
  %83 = getelementptr inbounds i8, ptr %82, i64 %79
  %hi8 = load i64, ptr %83, align 8
  %84 = call i64 @llvm.smin.i64(i64 9223372036854775807, i64 %lo)
  %85 = call i64 @llvm.smax.i64(i64 0, i64 %lo)
  %86 = call i64 @llvm.smin.i64(i64 9223372036854775807, i64 %hi8)
  %87 = call i64 @llvm.smax.i64(i64 0, i64 %hi8)
  %88 = getelementptr inbounds i8, ptr %scratch, i64 192
  %89 = getelementptr inbounds i8, ptr %88, i64 %79
  %90 = getelementptr inbounds i8, ptr %89, i64 8
  %lo9 = load i64, ptr %90, align 8
  %91 = getelementptr inbounds i8, ptr %scratch, i64 256
  %92 = getelementptr inbounds i8, ptr %91, i64 %79
  %93 = getelementptr inbounds i8, ptr %92, i64 8
  %hi10 = load i64, ptr %93, align 8
  %94 = call i64 @llvm.smin.i64(i64 %84, i64 %lo9)
  %95 = call i64 @llvm.smax.i64(i64 %85, i64 %lo9)
  %96 = call i64 @llvm.smin.i64(i64 %86, i64 %hi10)
  %97 = call i64 @llvm.smax.i64(i64 %87, i64 %hi10)
  %98 = getelementptr inbounds i8, ptr %scratch, i64 192
  %99 = getelementptr inbounds i8, ptr %98, i64 %79
  %100 = getelementptr inbounds i8, ptr %99, i64 16
  %lo11 = load i64, ptr %100, align 8
  %101 = getelementptr inbounds i8, ptr %scratch, i64 256
  %102 = getelementptr inbounds i8, ptr %101, i64 %79
  %103 = getelementptr inbounds i8, ptr %102, i64 16
  %hi12 = load i64, ptr %103, align 8
  %104 = call i64 @llvm.smin.i64(i64 %94, i64 %lo11)
  %105 = call i64 @llvm.smax.i64(i64 %95, i64 %lo11)
  %106 = call i64 @llvm.smin.i64(i64 %96, i64 %hi12)
  %107 = call i64 @llvm.smax.i64(i64 %97, i64 %hi12)
  %108 = getelementptr inbounds i8, ptr %scratch, i64 192
  %109 = getelementptr inbounds i8, ptr %108, i64 %79
  %110 = getelementptr inbounds i8, ptr %109, i64 24
  %lo13 = load i64, ptr %110, align 8
  %111 = getelementptr inbounds i8, ptr %scratch, i64 256
  %112 = getelementptr inbounds i8, ptr %111, i64 %79
  %113 = getelementptr inbounds i8, ptr %112, i64 24
  %hi14 = load i64, ptr %113, align 8
  %114 = call i64 @llvm.smin.i64(i64 %104, i64 %lo13)
  %115 = call i64 @llvm.smax.i64(i64 %105, i64 %lo13)
  %116 = call i64 @llvm.smin.i64(i64 %106, i64 %hi14)
  %117 = call i64 @llvm.smax.i64(i64 %107, i64 %hi14)
  %118 = mul nsw i64 %panel, 32
  %119 = getelementptr inbounds i8, ptr %scratch, i64 128
  %120 = getelementptr inbounds i8, ptr %119, i64 %118
  store i64 %114, ptr %120, align 8
  %121 = getelementptr inbounds i8, ptr %120, i64 8
  store i64 %115, ptr %121, align 8
  %122 = getelementptr inbounds i8, ptr %120, i64 16
  store i64 %116, ptr %122, align 8
  %123 = getelementptr inbounds i8, ptr %120, i64 24
  store i64 %117, ptr %123, align 8
  %124 = call i64 @llvm.smin.i64(i64 %panel.carried, i64 %114)
  %125 = call i64 @llvm.smax.i64(i64 %panel.carried7, i64 %117)
  %panel.next = add nsw i64 %panel, 1
  %126 = icmp slt i64 %panel.next, %panels
  br i1 %126, label %panel.loop, label %panel.done

panel.done:                                       ; preds = %panel.loop, %row.done
  %panel.result = phi i64 [ 9223372036854775807, %row.done ], [ %124, %panel.loop ]
  %panel.result15 = phi i64 [ 0, %row.done ], [ %125, %panel.loop ]
  %127 = getelementptr inbounds i8, ptr %scratch, i64 104
  store i64 %panel.result, ptr %127, align 8
  %128 = getelementptr inbounds i8, ptr %scratch, i64 112
  store i64 %panel.result15, ptr %128, align 8
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
  %query = udiv i64 %absolute_row, 4
  %member = urem i64 %absolute_row, 4
  %head = add nsw i64 %head0, %member
  %5 = mul nsw i64 %row, 4
  %6 = getelementptr inbounds i8, ptr %scratch, i64 320
  %7 = getelementptr inbounds i8, ptr %6, i64 %5
  %m = load float, ptr %7, align 4
  %8 = mul nsw i64 %row, 64
  %9 = getelementptr inbounds i8, ptr %scratch, i64 384
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
  %20 = mul nsw i64 %row, 512
  %21 = getelementptr inbounds i8, ptr %scratch, i64 5824
  %o_acc = getelementptr inbounds i8, ptr %21, i64 %20
  %22 = fcmp oeq float %l, 0.000000e+00
  %23 = fcmp oeq float %m, 0xFFF0000000000000
  %empty = and i1 %23, %22
  %24 = fdiv float 1.000000e+00, %l
  %factor = select i1 %empty, float 0.000000e+00, float %24
  %.splatinsert = insertelement <16 x float> poison, float %factor, i64 0
  %.splat = shufflevector <16 x float> %.splatinsert, <16 x float> poison, <16 x i32> zeroinitializer
  %25 = fcmp une <16 x float> %.splat, zeroinitializer
  %26 = add nsw i64 %query, %q_start
  %27 = getelementptr inbounds i8, ptr %arguments, i64 264
  %o_stride_batch = load i64, ptr %27, align 8
  %28 = mul nsw i64 %batch, %o_stride_batch
  %29 = getelementptr inbounds i8, ptr %arguments, i64 272
  %o_stride_head = load i64, ptr %29, align 8
  %30 = mul nsw i64 %head, %o_stride_head
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
  %bf16 = call <16 x bfloat> @llvm.x86.avx512bf16.cvtneps2bf16.512(<16 x float> %37)
  %38 = bitcast <16 x bfloat> %bf16 to <16 x i16>
  store <16 x i16> %38, ptr %o_row, align 2
  %39 = getelementptr inbounds i8, ptr %o_row, i64 32
  %40 = getelementptr inbounds i8, ptr %o_acc, i64 64
  %o2 = load <16 x float>, ptr %40, align 64
  %41 = fmul <16 x float> %o2, %.splat
  %42 = select <16 x i1> %25, <16 x float> %41, <16 x float> zeroinitializer
  %bf163 = call <16 x bfloat> @llvm.x86.avx512bf16.cvtneps2bf16.512(<16 x float> %42)
  %43 = bitcast <16 x bfloat> %bf163 to <16 x i16>
  store <16 x i16> %43, ptr %39, align 2
  %44 = getelementptr inbounds i8, ptr %o_row, i64 64
  %45 = getelementptr inbounds i8, ptr %o_acc, i64 128
  %o4 = load <16 x float>, ptr %45, align 64
  %46 = fmul <16 x float> %o4, %.splat
  %47 = select <16 x i1> %25, <16 x float> %46, <16 x float> zeroinitializer
  %bf165 = call <16 x bfloat> @llvm.x86.avx512bf16.cvtneps2bf16.512(<16 x float> %47)
  %48 = bitcast <16 x bfloat> %bf165 to <16 x i16>
  store <16 x i16> %48, ptr %44, align 2
  %49 = getelementptr inbounds i8, ptr %o_row, i64 96
  %50 = getelementptr inbounds i8, ptr %o_acc, i64 192
  %o6 = load <16 x float>, ptr %50, align 64
  %51 = fmul <16 x float> %o6, %.splat
  %52 = select <16 x i1> %25, <16 x float> %51, <16 x float> zeroinitializer
  %bf167 = call <16 x bfloat> @llvm.x86.avx512bf16.cvtneps2bf16.512(<16 x float> %52)
  %53 = bitcast <16 x bfloat> %bf167 to <16 x i16>
  store <16 x i16> %53, ptr %49, align 2
  %54 = getelementptr inbounds i8, ptr %o_row, i64 128
  %55 = getelementptr inbounds i8, ptr %o_acc, i64 256
  %o8 = load <16 x float>, ptr %55, align 64
  %56 = fmul <16 x float> %o8, %.splat
  %57 = select <16 x i1> %25, <16 x float> %56, <16 x float> zeroinitializer
  %bf169 = call <16 x bfloat> @llvm.x86.avx512bf16.cvtneps2bf16.512(<16 x float> %57)
  %58 = bitcast <16 x bfloat> %bf169 to <16 x i16>
  store <16 x i16> %58, ptr %54, align 2
  %59 = getelementptr inbounds i8, ptr %o_row, i64 160
  %60 = getelementptr inbounds i8, ptr %o_acc, i64 320
  %o10 = load <16 x float>, ptr %60, align 64
  %61 = fmul <16 x float> %o10, %.splat
  %62 = select <16 x i1> %25, <16 x float> %61, <16 x float> zeroinitializer
  %bf1611 = call <16 x bfloat> @llvm.x86.avx512bf16.cvtneps2bf16.512(<16 x float> %62)
  %63 = bitcast <16 x bfloat> %bf1611 to <16 x i16>
  store <16 x i16> %63, ptr %59, align 2
  %64 = getelementptr inbounds i8, ptr %o_row, i64 192
  %65 = getelementptr inbounds i8, ptr %o_acc, i64 384
  %o12 = load <16 x float>, ptr %65, align 64
  %66 = fmul <16 x float> %o12, %.splat
  %67 = select <16 x i1> %25, <16 x float> %66, <16 x float> zeroinitializer
  %bf1613 = call <16 x bfloat> @llvm.x86.avx512bf16.cvtneps2bf16.512(<16 x float> %67)
  %68 = bitcast <16 x bfloat> %bf1613 to <16 x i16>
  store <16 x i16> %68, ptr %64, align 2
  %69 = getelementptr inbounds i8, ptr %o_row, i64 224
  %70 = getelementptr inbounds i8, ptr %o_acc, i64 448
  %o14 = load <16 x float>, ptr %70, align 64
  %71 = fmul <16 x float> %o14, %.splat
  %72 = select <16 x i1> %25, <16 x float> %71, <16 x float> zeroinitializer
  %bf1615 = call <16 x bfloat> @llvm.x86.avx512bf16.cvtneps2bf16.512(<16 x float> %72)
  %73 = bitcast <16 x bfloat> %bf1615 to <16 x i16>
  store <16 x i16> %73, ptr %69, align 2
  %row.next = add nsw i64 %row, 1
  %74 = icmp slt i64 %row.next, %rows
  br i1 %74, label %row.loop, label %row.done

row.done:                                         ; preds = %row.loop, %entry
  ret void
}

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(none)
declare <16 x bfloat> @llvm.x86.avx512bf16.cvtneps2bf16.512(<16 x float>) #3

; Function Attrs: nounwind
; entry: work items [item_begin, item_end) = (batch, head, row block, split)
define void @attune_forward(ptr noundef %arguments, i64 %item_begin, i64 %item_end, ptr noundef %scratch) #4 {
entry:
  %0 = getelementptr inbounds i8, ptr %arguments, i64 176
  %row_blocks = load i64, ptr %0, align 8
  %1 = getelementptr inbounds i8, ptr %arguments, i64 152
  %heads_kv = load i64, ptr %1, align 8
  %2 = icmp slt i64 %item_begin, %item_end
  br i1 %2, label %item.loop, label %item.done

item.loop:                                        ; preds = %rows_exist.end, %entry
  %item = phi i64 [ %item_begin, %entry ], [ %item.next, %rows_exist.end ]
  %split = urem i64 %item, 1
  %3 = udiv i64 %item, 1
  %row_block = urem i64 %3, %row_blocks
  %4 = udiv i64 %3, %row_blocks
  %head = urem i64 %4, %heads_kv
  %batch = udiv i64 %4, %heads_kv
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
attributes #2 = { nocallback nofree nosync nounwind willreturn memory(argmem: readwrite, inaccessiblemem: readwrite) }
attributes #3 = { nocallback nofree nosync nounwind willreturn memory(none) }
attributes #4 = { nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }
