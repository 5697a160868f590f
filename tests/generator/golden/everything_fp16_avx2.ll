; Attune forward_cpu version 1: attention forward on the host.
; arch: x86-64-avx2
; spec: forward_cpu v1 x86-64-avx2 alibi=1 alignment=bottom_right causal=1 dtype=fp16 full_lists=0 group=2 head_dim_qk=40 head_dim_v=24 kv_lengths=1 lse=1 mask=additive mask_broadcast_kv=0 mask_dtype=fp32 mask_short=0 partial_lists=0 positive_scale=1 sinks=1 softcap=1 sparsity=none varlen=0 window_left=1 window_right=0
; config: block_m=128 block_n=192 grain=1 k_pack=1 pack_gqa=0 prefetch=0 pv_columns=3 qk_columns=2 rows=4 splits=1 unroll=1 v_pack=1
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
  %group = udiv i64 %key, 8
  %panel = udiv i64 %group, 2
  %column = urem i64 %group, 2
  %1 = mul nsw i64 %column, 32
  %2 = mul nsw i64 %panel, 2560
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
  br i1 true, label %word.loop, label %word.done

key.done:                                         ; preds = %word.done, %entry
  ret void

word.loop:                                        ; preds = %word.loop, %key.loop
  %word = phi i64 [ 0, %key.loop ], [ %word.next, %word.loop ]
  %in_bytes = mul nsw i64 %word, 2
  %27 = getelementptr inbounds i8, ptr %row, i64 %in_bytes
  %key8 = load <8 x i16>, ptr %27, align 2
  %28 = bitcast <8 x i16> %key8 to <8 x half>
  %29 = fpext <8 x half> %28 to <8 x float>
  %30 = bitcast <8 x float> %29 to <8 x i32>
  %31 = getelementptr inbounds i8, ptr %row1, i64 %in_bytes
  %key9 = load <8 x i16>, ptr %31, align 2
  %32 = bitcast <8 x i16> %key9 to <8 x half>
  %33 = fpext <8 x half> %32 to <8 x float>
  %34 = bitcast <8 x float> %33 to <8 x i32>
  %35 = getelementptr inbounds i8, ptr %row2, i64 %in_bytes
  %key10 = load <8 x i16>, ptr %35, align 2
  %36 = bitcast <8 x i16> %key10 to <8 x half>
  %37 = fpext <8 x half> %36 to <8 x float>
  %38 = bitcast <8 x float> %37 to <8 x i32>
  %39 = getelementptr inbounds i8, ptr %row3, i64 %in_bytes
  %key11 = load <8 x i16>, ptr %39, align 2
  %40 = bitcast <8 x i16> %key11 to <8 x half>
  %41 = fpext <8 x half> %40 to <8 x float>
  %42 = bitcast <8 x float> %41 to <8 x i32>
  %43 = getelementptr inbounds i8, ptr %row4, i64 %in_bytes
  %key12 = load <8 x i16>, ptr %43, align 2
  %44 = bitcast <8 x i16> %key12 to <8 x half>
  %45 = fpext <8 x half> %44 to <8 x float>
  %46 = bitcast <8 x float> %45 to <8 x i32>
  %47 = getelementptr inbounds i8, ptr %row5, i64 %in_bytes
  %key13 = load <8 x i16>, ptr %47, align 2
  %48 = bitcast <8 x i16> %key13 to <8 x half>
  %49 = fpext <8 x half> %48 to <8 x float>
  %50 = bitcast <8 x float> %49 to <8 x i32>
  %51 = getelementptr inbounds i8, ptr %row6, i64 %in_bytes
  %key14 = load <8 x i16>, ptr %51, align 2
  %52 = bitcast <8 x i16> %key14 to <8 x half>
  %53 = fpext <8 x half> %52 to <8 x float>
  %54 = bitcast <8 x float> %53 to <8 x i32>
  %55 = getelementptr inbounds i8, ptr %row7, i64 %in_bytes
  %key15 = load <8 x i16>, ptr %55, align 2
  %56 = bitcast <8 x i16> %key15 to <8 x half>
  %57 = fpext <8 x half> %56 to <8 x float>
  %58 = bitcast <8 x float> %57 to <8 x i32>
  %59 = shufflevector <8 x i32> %30, <8 x i32> %34, <8 x i32> <i32 0, i32 8, i32 2, i32 10, i32 4, i32 12, i32 6, i32 14>
  %60 = shufflevector <8 x i32> %30, <8 x i32> %34, <8 x i32> <i32 1, i32 9, i32 3, i32 11, i32 5, i32 13, i32 7, i32 15>
  %61 = shufflevector <8 x i32> %38, <8 x i32> %42, <8 x i32> <i32 0, i32 8, i32 2, i32 10, i32 4, i32 12, i32 6, i32 14>
  %62 = shufflevector <8 x i32> %38, <8 x i32> %42, <8 x i32> <i32 1, i32 9, i32 3, i32 11, i32 5, i32 13, i32 7, i32 15>
  %63 = shufflevector <8 x i32> %46, <8 x i32> %50, <8 x i32> <i32 0, i32 8, i32 2, i32 10, i32 4, i32 12, i32 6, i32 14>
  %64 = shufflevector <8 x i32> %46, <8 x i32> %50, <8 x i32> <i32 1, i32 9, i32 3, i32 11, i32 5, i32 13, i32 7, i32 15>
  %65 = shufflevector <8 x i32> %54, <8 x i32> %58, <8 x i32> <i32 0, i32 8, i32 2, i32 10, i32 4, i32 12, i32 6, i32 14>
  %66 = shufflevector <8 x i32> %54, <8 x i32> %58, <8 x i32> <i32 1, i32 9, i32 3, i32 11, i32 5, i32 13, i32 7, i32 15>
  %67 = shufflevector <8 x i32> %59, <8 x i32> %61, <8 x i32> <i32 0, i32 1, i32 8, i32 9, i32 4, i32 5, i32 12, i32 13>
  %68 = shufflevector <8 x i32> %59, <8 x i32> %61, <8 x i32> <i32 2, i32 3, i32 10, i32 11, i32 6, i32 7, i32 14, i32 15>
  %69 = shufflevector <8 x i32> %60, <8 x i32> %62, <8 x i32> <i32 0, i32 1, i32 8, i32 9, i32 4, i32 5, i32 12, i32 13>
  %70 = shufflevector <8 x i32> %60, <8 x i32> %62, <8 x i32> <i32 2, i32 3, i32 10, i32 11, i32 6, i32 7, i32 14, i32 15>
  %71 = shufflevector <8 x i32> %63, <8 x i32> %65, <8 x i32> <i32 0, i32 1, i32 8, i32 9, i32 4, i32 5, i32 12, i32 13>
  %72 = shufflevector <8 x i32> %63, <8 x i32> %65, <8 x i32> <i32 2, i32 3, i32 10, i32 11, i32 6, i32 7, i32 14, i32 15>
  %73 = shufflevector <8 x i32> %64, <8 x i32> %66, <8 x i32> <i32 0, i32 1, i32 8, i32 9, i32 4, i32 5, i32 12, i32 13>
  %74 = shufflevector <8 x i32> %64, <8 x i32> %66, <8 x i32> <i32 2, i32 3, i32 10, i32 11, i32 6, i32 7, i32 14, i32 15>
  %75 = shufflevector <8 x i32> %67, <8 x i32> %71, <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 8, i32 9, i32 10, i32 11>
  %76 = shufflevector <8 x i32> %67, <8 x i32> %71, <8 x i32> <i32 4, i32 5, i32 6, i32 7, i32 12, i32 13, i32 14, i32 15>
  %77 = shufflevector <8 x i32> %69, <8 x i32> %73, <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 8, i32 9, i32 10, i32 11>
  %78 = shufflevector <8 x i32> %69, <8 x i32> %73, <8 x i32> <i32 4, i32 5, i32 6, i32 7, i32 12, i32 13, i32 14, i32 15>
  %79 = shufflevector <8 x i32> %68, <8 x i32> %72, <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 8, i32 9, i32 10, i32 11>
  %80 = shufflevector <8 x i32> %68, <8 x i32> %72, <8 x i32> <i32 4, i32 5, i32 6, i32 7, i32 12, i32 13, i32 14, i32 15>
  %81 = shufflevector <8 x i32> %70, <8 x i32> %74, <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 8, i32 9, i32 10, i32 11>
  %82 = shufflevector <8 x i32> %70, <8 x i32> %74, <8 x i32> <i32 4, i32 5, i32 6, i32 7, i32 12, i32 13, i32 14, i32 15>
  %83 = mul nsw i64 %word, 64
  %84 = getelementptr inbounds i8, ptr %out, i64 %83
  store <8 x i32> %75, ptr %84, align 32
  %85 = add nsw i64 %word, 1
  %86 = mul nsw i64 %85, 64
  %87 = getelementptr inbounds i8, ptr %out, i64 %86
  store <8 x i32> %77, ptr %87, align 32
  %88 = add nsw i64 %word, 2
  %89 = mul nsw i64 %88, 64
  %90 = getelementptr inbounds i8, ptr %out, i64 %89
  store <8 x i32> %79, ptr %90, align 32
  %91 = add nsw i64 %word, 3
  %92 = mul nsw i64 %91, 64
  %93 = getelementptr inbounds i8, ptr %out, i64 %92
  store <8 x i32> %81, ptr %93, align 32
  %94 = add nsw i64 %word, 4
  %95 = mul nsw i64 %94, 64
  %96 = getelementptr inbounds i8, ptr %out, i64 %95
  store <8 x i32> %76, ptr %96, align 32
  %97 = add nsw i64 %word, 5
  %98 = mul nsw i64 %97, 64
  %99 = getelementptr inbounds i8, ptr %out, i64 %98
  store <8 x i32> %78, ptr %99, align 32
  %100 = add nsw i64 %word, 6
  %101 = mul nsw i64 %100, 64
  %102 = getelementptr inbounds i8, ptr %out, i64 %101
  store <8 x i32> %80, ptr %102, align 32
  %103 = add nsw i64 %word, 7
  %104 = mul nsw i64 %103, 64
  %105 = getelementptr inbounds i8, ptr %out, i64 %104
  store <8 x i32> %82, ptr %105, align 32
  %word.next = add nsw i64 %word, 8
  %106 = icmp slt i64 %word.next, 40
  br i1 %106, label %word.loop, label %word.done

word.done:                                        ; preds = %word.loop, %key.loop
  %key.next = add nsw i64 %key, 8
  %107 = icmp slt i64 %key.next, %count
  br i1 %107, label %key.loop, label %key.done
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
  %row.carried = phi <8 x float> [ zeroinitializer, %entry ], [ %poison4, %row.loop ]
  %1 = mul nsw i64 %row, %stride
  %in = getelementptr inbounds i8, ptr %values, i64 %1
  %2 = mul nsw i64 %row, 96
  %out = getelementptr inbounds i8, ptr %packed, i64 %2
  %value = load <8 x i16>, ptr %in, align 2
  %3 = bitcast <8 x i16> %value to <8 x half>
  %4 = fpext <8 x half> %3 to <8 x float>
  %5 = fsub <8 x float> %4, %4
  %poison = fadd <8 x float> %row.carried, %5
  store <8 x float> %4, ptr %out, align 32
  %6 = getelementptr inbounds i8, ptr %in, i64 16
  %value1 = load <8 x i16>, ptr %6, align 2
  %7 = bitcast <8 x i16> %value1 to <8 x half>
  %8 = fpext <8 x half> %7 to <8 x float>
  %9 = fsub <8 x float> %8, %8
  %poison2 = fadd <8 x float> %poison, %9
  %10 = getelementptr inbounds i8, ptr %out, i64 32
  store <8 x float> %8, ptr %10, align 32
  %11 = getelementptr inbounds i8, ptr %in, i64 32
  %value3 = load <8 x i16>, ptr %11, align 2
  %12 = bitcast <8 x i16> %value3 to <8 x half>
  %13 = fpext <8 x half> %12 to <8 x float>
  %14 = fsub <8 x float> %13, %13
  %poison4 = fadd <8 x float> %poison2, %14
  %15 = getelementptr inbounds i8, ptr %out, i64 64
  store <8 x float> %13, ptr %15, align 32
  %row.next = add nsw i64 %row, 1
  %16 = icmp slt i64 %row.next, %count
  br i1 %16, label %row.loop, label %row.done

row.done:                                         ; preds = %row.loop, %entry
  %row.result = phi <8 x float> [ zeroinitializer, %entry ], [ %poison4, %row.loop ]
  %pad_begin = udiv i64 %count, 1
  %17 = add nsw i64 %count, 1
  %18 = udiv i64 %17, 2
  %19 = mul nsw i64 %18, 2
  %pad_end = udiv i64 %19, 1
  %20 = icmp slt i64 %pad_begin, %pad_end
  br i1 %20, label %pad.loop, label %pad.done

pad.loop:                                         ; preds = %pad.loop, %row.done
  %pad = phi i64 [ %pad_begin, %row.done ], [ %pad.next, %pad.loop ]
  %21 = mul nsw i64 %pad, 96
  %22 = getelementptr inbounds i8, ptr %packed, i64 %21
  store <8 x float> zeroinitializer, ptr %22, align 32
  %23 = getelementptr inbounds i8, ptr %22, i64 32
  store <8 x float> zeroinitializer, ptr %23, align 32
  %24 = getelementptr inbounds i8, ptr %22, i64 64
  store <8 x float> zeroinitializer, ptr %24, align 32
  %pad.next = add nsw i64 %pad, 1
  %25 = icmp slt i64 %pad.next, %pad_end
  br i1 %25, label %pad.loop, label %pad.done

pad.done:                                         ; preds = %pad.loop, %row.done
  %26 = shufflevector <8 x float> %row.result, <8 x float> %row.result, <8 x i32> <i32 4, i32 5, i32 6, i32 7, i32 0, i32 1, i32 2, i32 3>
  %27 = fadd <8 x float> %row.result, %26
  %28 = shufflevector <8 x float> %27, <8 x float> %27, <8 x i32> <i32 2, i32 3, i32 0, i32 1, i32 6, i32 7, i32 4, i32 5>
  %29 = fadd <8 x float> %27, %28
  %30 = shufflevector <8 x float> %29, <8 x float> %29, <8 x i32> <i32 1, i32 0, i32 3, i32 2, i32 5, i32 4, i32 7, i32 6>
  %31 = fadd <8 x float> %29, %30
  %32 = extractelement <8 x float> %31, i64 0
  %33 = fcmp uno float %32, %32
  %nonfinite = zext i1 %33 to i64
  %34 = getelementptr inbounds i8, ptr %scratch, i64 96
  store i64 %nonfinite, ptr %34, align 8
  ret void
}

; Function Attrs: noinline nounwind
; scores[row][key] = dot(query, key) for one panel of rows, accumulated in registers
define internal void @scores(ptr noundef %queries, ptr noundef %packed, ptr noundef %scores, i64 %count) #0 {
entry:
  %0 = add nsw i64 %count, 7
  %vectors = udiv i64 %0, 8
  %panels = udiv i64 %vectors, 2
  %1 = icmp slt i64 0, %panels
  br i1 %1, label %panel.loop, label %panel.done

panel.loop:                                       ; preds = %word.done, %entry
  %panel = phi i64 [ 0, %entry ], [ %panel.next, %word.done ]
  %2 = mul nsw i64 %panel, 64
  %out = getelementptr inbounds i8, ptr %scores, i64 %2
  %3 = mul nsw i64 %panel, 2560
  %keys = getelementptr inbounds i8, ptr %packed, i64 %3
  br i1 true, label %word.loop, label %word.done

panel.done:                                       ; preds = %word.done, %entry
  %4 = mul nsw i64 %panels, 2560
  %keys29 = getelementptr inbounds i8, ptr %packed, i64 %4
  %5 = mul nsw i64 %panels, 2
  %6 = icmp slt i64 %5, %vectors
  br i1 %6, label %vector.loop, label %vector.done

word.loop:                                        ; preds = %word.loop, %panel.loop
  %word = phi i64 [ 0, %panel.loop ], [ %word.next, %word.loop ]
  %word.carried = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum, %word.loop ]
  %word.carried1 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum9, %word.loop ]
  %word.carried2 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum12, %word.loop ]
  %word.carried3 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum13, %word.loop ]
  %word.carried4 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum16, %word.loop ]
  %word.carried5 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum17, %word.loop ]
  %word.carried6 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum20, %word.loop ]
  %word.carried7 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum21, %word.loop ]
  %7 = mul nsw i64 %word, 64
  %8 = getelementptr inbounds i8, ptr %keys, i64 %7
  %key = load <8 x i32>, ptr %8, align 32
  %9 = getelementptr inbounds i8, ptr %8, i64 32
  %key8 = load <8 x i32>, ptr %9, align 32
  %10 = mul nsw i64 %word, 4
  %11 = getelementptr inbounds i8, ptr %queries, i64 %10
  %12 = load i32, ptr %11, align 4
  %q.splatinsert = insertelement <8 x i32> poison, i32 %12, i64 0
  %q.splat = shufflevector <8 x i32> %q.splatinsert, <8 x i32> poison, <8 x i32> zeroinitializer
  %13 = bitcast <8 x i32> %key to <8 x float>
  %14 = bitcast <8 x i32> %q.splat to <8 x float>
  %sum = call <8 x float> @llvm.fma.v8f32(<8 x float> %14, <8 x float> %13, <8 x float> %word.carried)
  %15 = bitcast <8 x i32> %key8 to <8 x float>
  %16 = bitcast <8 x i32> %q.splat to <8 x float>
  %sum9 = call <8 x float> @llvm.fma.v8f32(<8 x float> %16, <8 x float> %15, <8 x float> %word.carried1)
  %17 = getelementptr inbounds i8, ptr %11, i64 160
  %18 = load i32, ptr %17, align 4
  %q.splatinsert10 = insertelement <8 x i32> poison, i32 %18, i64 0
  %q.splat11 = shufflevector <8 x i32> %q.splatinsert10, <8 x i32> poison, <8 x i32> zeroinitializer
  %19 = bitcast <8 x i32> %key to <8 x float>
  %20 = bitcast <8 x i32> %q.splat11 to <8 x float>
  %sum12 = call <8 x float> @llvm.fma.v8f32(<8 x float> %20, <8 x float> %19, <8 x float> %word.carried2)
  %21 = bitcast <8 x i32> %key8 to <8 x float>
  %22 = bitcast <8 x i32> %q.splat11 to <8 x float>
  %sum13 = call <8 x float> @llvm.fma.v8f32(<8 x float> %22, <8 x float> %21, <8 x float> %word.carried3)
  %23 = getelementptr inbounds i8, ptr %11, i64 320
  %24 = load i32, ptr %23, align 4
  %q.splatinsert14 = insertelement <8 x i32> poison, i32 %24, i64 0
  %q.splat15 = shufflevector <8 x i32> %q.splatinsert14, <8 x i32> poison, <8 x i32> zeroinitializer
  %25 = bitcast <8 x i32> %key to <8 x float>
  %26 = bitcast <8 x i32> %q.splat15 to <8 x float>
  %sum16 = call <8 x float> @llvm.fma.v8f32(<8 x float> %26, <8 x float> %25, <8 x float> %word.carried4)
  %27 = bitcast <8 x i32> %key8 to <8 x float>
  %28 = bitcast <8 x i32> %q.splat15 to <8 x float>
  %sum17 = call <8 x float> @llvm.fma.v8f32(<8 x float> %28, <8 x float> %27, <8 x float> %word.carried5)
  %29 = getelementptr inbounds i8, ptr %11, i64 480
  %30 = load i32, ptr %29, align 4
  %q.splatinsert18 = insertelement <8 x i32> poison, i32 %30, i64 0
  %q.splat19 = shufflevector <8 x i32> %q.splatinsert18, <8 x i32> poison, <8 x i32> zeroinitializer
  %31 = bitcast <8 x i32> %key to <8 x float>
  %32 = bitcast <8 x i32> %q.splat19 to <8 x float>
  %sum20 = call <8 x float> @llvm.fma.v8f32(<8 x float> %32, <8 x float> %31, <8 x float> %word.carried6)
  %33 = bitcast <8 x i32> %key8 to <8 x float>
  %34 = bitcast <8 x i32> %q.splat19 to <8 x float>
  %sum21 = call <8 x float> @llvm.fma.v8f32(<8 x float> %34, <8 x float> %33, <8 x float> %word.carried7)
  %word.next = add nsw i64 %word, 1
  %35 = icmp slt i64 %word.next, 40
  br i1 %35, label %word.loop, label %word.done

word.done:                                        ; preds = %word.loop, %panel.loop
  %word.result = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum, %word.loop ]
  %word.result22 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum9, %word.loop ]
  %word.result23 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum12, %word.loop ]
  %word.result24 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum13, %word.loop ]
  %word.result25 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum16, %word.loop ]
  %word.result26 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum17, %word.loop ]
  %word.result27 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum20, %word.loop ]
  %word.result28 = phi <8 x float> [ zeroinitializer, %panel.loop ], [ %sum21, %word.loop ]
  store <8 x float> %word.result, ptr %out, align 32
  %36 = getelementptr inbounds i8, ptr %out, i64 32
  store <8 x float> %word.result22, ptr %36, align 32
  %37 = getelementptr inbounds i8, ptr %out, i64 768
  store <8 x float> %word.result23, ptr %37, align 32
  %38 = getelementptr inbounds i8, ptr %out, i64 800
  store <8 x float> %word.result24, ptr %38, align 32
  %39 = getelementptr inbounds i8, ptr %out, i64 1536
  store <8 x float> %word.result25, ptr %39, align 32
  %40 = getelementptr inbounds i8, ptr %out, i64 1568
  store <8 x float> %word.result26, ptr %40, align 32
  %41 = getelementptr inbounds i8, ptr %out, i64 2304
  store <8 x float> %word.result27, ptr %41, align 32
  %42 = getelementptr inbounds i8, ptr %out, i64 2336
  store <8 x float> %word.result28, ptr %42, align 32
  %panel.next = add nsw i64 %panel, 1
  %43 = icmp slt i64 %panel.next, %panels
  br i1 %43, label %panel.loop, label %panel.done

vector.loop:                                      ; preds = %word.done33, %panel.done
  %vector = phi i64 [ %5, %panel.done ], [ %vector.next, %word.done33 ]
  %44 = mul nsw i64 %panels, 2
  %column = sub nsw i64 %vector, %44
  %45 = mul nsw i64 %column, 32
  %keys30 = getelementptr inbounds i8, ptr %keys29, i64 %45
  %46 = mul nsw i64 %vector, 32
  %out31 = getelementptr inbounds i8, ptr %scores, i64 %46
  br i1 true, label %word.loop32, label %word.done33

vector.done:                                      ; preds = %word.done33, %panel.done
  ret void

word.loop32:                                      ; preds = %word.loop32, %vector.loop
  %word34 = phi i64 [ 0, %vector.loop ], [ %word.next52, %word.loop32 ]
  %word.carried35 = phi <8 x float> [ zeroinitializer, %vector.loop ], [ %sum42, %word.loop32 ]
  %word.carried36 = phi <8 x float> [ zeroinitializer, %vector.loop ], [ %sum45, %word.loop32 ]
  %word.carried37 = phi <8 x float> [ zeroinitializer, %vector.loop ], [ %sum48, %word.loop32 ]
  %word.carried38 = phi <8 x float> [ zeroinitializer, %vector.loop ], [ %sum51, %word.loop32 ]
  %47 = mul nsw i64 %word34, 64
  %48 = getelementptr inbounds i8, ptr %keys30, i64 %47
  %key39 = load <8 x i32>, ptr %48, align 32
  %49 = mul nsw i64 %word34, 4
  %50 = getelementptr inbounds i8, ptr %queries, i64 %49
  %51 = load i32, ptr %50, align 4
  %q.splatinsert40 = insertelement <8 x i32> poison, i32 %51, i64 0
  %q.splat41 = shufflevector <8 x i32> %q.splatinsert40, <8 x i32> poison, <8 x i32> zeroinitializer
  %52 = bitcast <8 x i32> %key39 to <8 x float>
  %53 = bitcast <8 x i32> %q.splat41 to <8 x float>
  %sum42 = call <8 x float> @llvm.fma.v8f32(<8 x float> %53, <8 x float> %52, <8 x float> %word.carried35)
  %54 = getelementptr inbounds i8, ptr %50, i64 160
  %55 = load i32, ptr %54, align 4
  %q.splatinsert43 = insertelement <8 x i32> poison, i32 %55, i64 0
  %q.splat44 = shufflevector <8 x i32> %q.splatinsert43, <8 x i32> poison, <8 x i32> zeroinitializer
  %56 = bitcast <8 x i32> %key39 to <8 x float>
  %57 = bitcast <8 x i32> %q.splat44 to <8 x float>
  %sum45 = call <8 x float> @llvm.fma.v8f32(<8 x float> %57, <8 x float> %56, <8 x float> %word.carried36)
  %58 = getelementptr inbounds i8, ptr %50, i64 320
  %59 = load i32, ptr %58, align 4
  %q.splatinsert46 = insertelement <8 x i32> poison, i32 %59, i64 0
  %q.splat47 = shufflevector <8 x i32> %q.splatinsert46, <8 x i32> poison, <8 x i32> zeroinitializer
  %60 = bitcast <8 x i32> %key39 to <8 x float>
  %61 = bitcast <8 x i32> %q.splat47 to <8 x float>
  %sum48 = call <8 x float> @llvm.fma.v8f32(<8 x float> %61, <8 x float> %60, <8 x float> %word.carried37)
  %62 = getelementptr inbounds i8, ptr %50, i64 480
  %63 = load i32, ptr %62, align 4
  %q.splatinsert49 = insertelement <8 x i32> poison, i32 %63, i64 0
  %q.splat50 = shufflevector <8 x i32> %q.splatinsert49, <8 x i32> poison, <8 x i32> zeroinitializer
  %64 = bitcast <8 x i32> %key39 to <8 x float>
  %65 = bitcast <8 x i32> %q.splat50 to <8 x float>
  %sum51 = call <8 x float> @llvm.fma.v8f32(<8 x float> %65, <8 x float> %64, <8 x float> %word.carried38)
  %word.next52 = add nsw i64 %word34, 1
  %66 = icmp slt i64 %word.next52, 40
  br i1 %66, label %word.loop32, label %word.done33

word.done33:                                      ; preds = %word.loop32, %vector.loop
  %word.result53 = phi <8 x float> [ zeroinitializer, %vector.loop ], [ %sum42, %word.loop32 ]
  %word.result54 = phi <8 x float> [ zeroinitializer, %vector.loop ], [ %sum45, %word.loop32 ]
  %word.result55 = phi <8 x float> [ zeroinitializer, %vector.loop ], [ %sum48, %word.loop32 ]
  %word.result56 = phi <8 x float> [ zeroinitializer, %vector.loop ], [ %sum51, %word.loop32 ]
  store <8 x float> %word.result53, ptr %out31, align 32
  %67 = getelementptr inbounds i8, ptr %out31, i64 768
  store <8 x float> %word.result54, ptr %67, align 32
  %68 = getelementptr inbounds i8, ptr %out31, i64 1536
  store <8 x float> %word.result55, ptr %68, align 32
  %69 = getelementptr inbounds i8, ptr %out31, i64 2304
  store <8 x float> %word.result56, ptr %69, align 32
  %vector.next = add nsw i64 %vector, 1
  %70 = icmp slt i64 %vector.next, %vectors
  br i1 %70, label %vector.loop, label %vector.done
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <8 x float> @llvm.fma.v8f32(<8 x float>, <8 x float>, <8 x float>) #1

; Function Attrs: noinline nounwind
; scale, softcap, ALiBi, mask: leaves scores in units of log2
define internal void @modify_scores(ptr noundef %arguments, ptr noundef %scratch, i64 %panel_row, i64 %key, i64 %vectors, i1 %apply_mask) #0 {
entry:
  %0 = getelementptr inbounds i8, ptr %scratch, i64 24
  %rows = load i64, ptr %0, align 8
  %last_row = sub nsw i64 %rows, 1
  %batch = load i64, ptr %scratch, align 8
  %1 = getelementptr inbounds i8, ptr %scratch, i64 48
  %shift = load i64, ptr %1, align 8
  %2 = getelementptr inbounds i8, ptr %arguments, i64 424
  %scale_log2 = load double, ptr %2, align 8
  %scale_log2.f32 = fptrunc double %scale_log2 to float
  %.splatinsert = insertelement <8 x float> poison, float %scale_log2.f32, i64 0
  %.splat = shufflevector <8 x float> %.splatinsert, <8 x float> poison, <8 x i32> zeroinitializer
  %3 = getelementptr inbounds i8, ptr %arguments, i64 440
  %softcap = load double, ptr %3, align 8
  %softcap.f32 = fptrunc double %softcap to float
  %4 = fmul float %softcap.f32, 0x3FF7154760000000
  %cap_log2.splatinsert = insertelement <8 x float> poison, float %4, i64 0
  %cap_log2.splat = shufflevector <8 x float> %cap_log2.splatinsert, <8 x float> poison, <8 x i32> zeroinitializer
  %5 = getelementptr inbounds i8, ptr %arguments, i64 432
  %scale = load double, ptr %5, align 8
  %scale.f32 = fptrunc double %scale to float
  %6 = fdiv float %scale.f32, %softcap.f32
  %scale_over_cap.splatinsert = insertelement <8 x float> poison, float %6, i64 0
  %scale_over_cap.splat = shufflevector <8 x float> %scale_over_cap.splatinsert, <8 x float> poison, <8 x i32> zeroinitializer
  br i1 true, label %row.loop, label %row.done

row.loop:                                         ; preds = %vector.done, %entry
  %row = phi i64 [ 0, %entry ], [ %row.next, %vector.done ]
  %7 = add nsw i64 %panel_row, %row
  %8 = call i64 @llvm.smin.i64(i64 %7, i64 %last_row)
  %9 = getelementptr inbounds i8, ptr %scratch, i64 16
  %row0 = load i64, ptr %9, align 8
  %absolute_row = add nsw i64 %row0, %8
  %10 = getelementptr inbounds i8, ptr %scratch, i64 8
  %head0 = load i64, ptr %10, align 8
  %11 = mul nsw i64 %row, 768
  %12 = getelementptr inbounds i8, ptr %scratch, i64 28352
  %scores = getelementptr inbounds i8, ptr %12, i64 %11
  %13 = getelementptr inbounds i8, ptr %arguments, i64 336
  %alibi_stride_batch = load i64, ptr %13, align 8
  %14 = mul nsw i64 %batch, %alibi_stride_batch
  %15 = add nsw i64 %14, %head0
  %16 = mul nsw i64 %15, 4
  %17 = getelementptr inbounds i8, ptr %arguments, i64 56
  %alibi_slopes = load ptr, ptr %17, align 8
  %18 = getelementptr inbounds i8, ptr %alibi_slopes, i64 %16
  %19 = load float, ptr %18, align 4
  %20 = fmul float %19, 0xBFF7154760000000
  %slope_log2.splatinsert = insertelement <8 x float> poison, float %20, i64 0
  %slope_log2.splat = shufflevector <8 x float> %slope_log2.splatinsert, <8 x float> poison, <8 x i32> zeroinitializer
  %21 = add nsw i64 %absolute_row, %shift
  %distance = sub nsw i64 %key, %21
  %22 = getelementptr inbounds i8, ptr %arguments, i64 304
  %mask_stride_batch = load i64, ptr %22, align 8
  %23 = mul nsw i64 %batch, %mask_stride_batch
  %24 = getelementptr inbounds i8, ptr %arguments, i64 312
  %mask_stride_head = load i64, ptr %24, align 8
  %25 = mul nsw i64 %head0, %mask_stride_head
  %26 = add nsw i64 %23, %25
  %27 = getelementptr inbounds i8, ptr %arguments, i64 320
  %mask_stride_q = load i64, ptr %27, align 8
  %28 = mul nsw i64 %absolute_row, %mask_stride_q
  %29 = add nsw i64 %26, %28
  %30 = getelementptr inbounds i8, ptr %arguments, i64 40
  %mask = load ptr, ptr %30, align 8
  %mask_row = getelementptr inbounds i8, ptr %mask, i64 %29
  %31 = getelementptr inbounds i8, ptr %arguments, i64 328
  %mask_seqlen_kv = load i64, ptr %31, align 8
  %32 = icmp slt i64 0, %vectors
  br i1 %32, label %vector.loop, label %vector.done

row.done:                                         ; preds = %vector.done, %entry
  ret void

vector.loop:                                      ; preds = %apply.end, %row.loop
  %vector = phi i64 [ 0, %row.loop ], [ %vector.next, %apply.end ]
  %33 = mul nsw i64 %vector, 32
  %34 = getelementptr inbounds i8, ptr %scores, i64 %33
  %s = load <8 x float>, ptr %34, align 32
  %35 = fmul <8 x float> %s, %scale_over_cap.splat
  %36 = call <8 x float> @llvm.fabs.v8f32(<8 x float> %35)
  %37 = fmul <8 x float> %35, %35
  %tanh = call <8 x float> @llvm.fma.v8f32(<8 x float> <float 0xBF78257B20000000, float 0xBF78257B20000000, float 0xBF78257B20000000, float 0xBF78257B20000000, float 0xBF78257B20000000, float 0xBF78257B20000000, float 0xBF78257B20000000, float 0xBF78257B20000000>, <8 x float> %37, <8 x float> <float 0x3F954B8800000000, float 0x3F954B8800000000, float 0x3F954B8800000000, float 0x3F954B8800000000, float 0x3F954B8800000000, float 0x3F954B8800000000, float 0x3F954B8800000000, float 0x3F954B8800000000>)
  %tanh1 = call <8 x float> @llvm.fma.v8f32(<8 x float> %tanh, <8 x float> %37, <8 x float> <float 0xBFAB898DA0000000, float 0xBFAB898DA0000000, float 0xBFAB898DA0000000, float 0xBFAB898DA0000000, float 0xBFAB898DA0000000, float 0xBFAB898DA0000000, float 0xBFAB898DA0000000, float 0xBFAB898DA0000000>)
  %tanh2 = call <8 x float> @llvm.fma.v8f32(<8 x float> %tanh1, <8 x float> %37, <8 x float> <float 0x3FC1109AE0000000, float 0x3FC1109AE0000000, float 0x3FC1109AE0000000, float 0x3FC1109AE0000000, float 0x3FC1109AE0000000, float 0x3FC1109AE0000000, float 0x3FC1109AE0000000, float 0x3FC1109AE0000000>)
  %tanh3 = call <8 x float> @llvm.fma.v8f32(<8 x float> %tanh2, <8 x float> %37, <8 x float> <float 0xBFD55553E0000000, float 0xBFD55553E0000000, float 0xBFD55553E0000000, float 0xBFD55553E0000000, float 0xBFD55553E0000000, float 0xBFD55553E0000000, float 0xBFD55553E0000000, float 0xBFD55553E0000000>)
  %tanh4 = call <8 x float> @llvm.fma.v8f32(<8 x float> %tanh3, <8 x float> %37, <8 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %38 = fmul <8 x float> %35, %tanh4
  %39 = fmul <8 x float> %36, <float 0xC007154760000000, float 0xC007154760000000, float 0xC007154760000000, float 0xC007154760000000, float 0xC007154760000000, float 0xC007154760000000, float 0xC007154760000000, float 0xC007154760000000>
  %40 = fcmp olt <8 x float> %39, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %41 = select <8 x i1> %40, <8 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <8 x float> %39
  %rounded = fadd <8 x float> %41, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %42 = fsub <8 x float> %rounded, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction = fsub <8 x float> %41, %42
  %exp2 = call <8 x float> @llvm.fma.v8f32(<8 x float> <float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000>, <8 x float> %fraction, <8 x float> <float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000>)
  %exp25 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp2, <8 x float> %fraction, <8 x float> <float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000>)
  %exp26 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp25, <8 x float> %fraction, <8 x float> <float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000>)
  %exp27 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp26, <8 x float> %fraction, <8 x float> <float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000>)
  %exp28 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp27, <8 x float> %fraction, <8 x float> <float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000>)
  %exp29 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp28, <8 x float> %fraction, <8 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %43 = bitcast <8 x float> %rounded to <8 x i32>
  %44 = shl <8 x i32> %43, <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %power = bitcast <8 x i32> %44 to <8 x float>
  %exp210 = fmul <8 x float> %exp29, %power
  %45 = fadd <8 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>, %exp210
  %46 = fsub <8 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>, %exp210
  %47 = fdiv <8 x float> %46, %45
  %48 = call <8 x float> @llvm.copysign.v8f32(<8 x float> %47, <8 x float> %35)
  %49 = fcmp olt <8 x float> %36, <float 0x3FE3333340000000, float 0x3FE3333340000000, float 0x3FE3333340000000, float 0x3FE3333340000000, float 0x3FE3333340000000, float 0x3FE3333340000000, float 0x3FE3333340000000, float 0x3FE3333340000000>
  %tanh11 = select <8 x i1> %49, <8 x float> %38, <8 x float> %48
  %capped = fmul <8 x float> %tanh11, %cap_log2.splat
  %50 = mul nsw i64 %vector, 8
  %51 = add nsw i64 %distance, %50
  %52 = sitofp i64 %51 to float
  %.splatinsert12 = insertelement <8 x float> poison, float %52, i64 0
  %.splat13 = shufflevector <8 x float> %.splatinsert12, <8 x float> poison, <8 x i32> zeroinitializer
  %53 = fadd <8 x float> %.splat13, <float 0.000000e+00, float 1.000000e+00, float 2.000000e+00, float 3.000000e+00, float 4.000000e+00, float 5.000000e+00, float 6.000000e+00, float 7.000000e+00>
  %54 = call <8 x float> @llvm.fabs.v8f32(<8 x float> %53)
  %biased = call <8 x float> @llvm.fma.v8f32(<8 x float> %slope_log2.splat, <8 x float> %54, <8 x float> %capped)
  store <8 x float> %biased, ptr %34, align 32
  br i1 %apply_mask, label %apply, label %apply.end

vector.done:                                      ; preds = %apply.end, %row.loop
  %row.next = add nsw i64 %row, 1
  %55 = icmp slt i64 %row.next, 4
  br i1 %55, label %row.loop, label %row.done

apply:                                            ; preds = %vector.loop
  %column = add nsw i64 %key, %50
  %56 = mul nsw i64 %column, 4
  %mask_at = getelementptr inbounds i8, ptr %mask_row, i64 %56
  %57 = add nsw i64 %column, 8
  %58 = icmp sle i64 %57, %mask_seqlen_kv
  br i1 %58, label %whole, label %whole.else

apply.end:                                        ; preds = %whole.end, %vector.loop
  %vector.next = add nsw i64 %vector, 1
  %59 = icmp slt i64 %vector.next, %vectors
  br i1 %59, label %vector.loop, label %vector.done

whole:                                            ; preds = %apply
  %mask14 = load <8 x i32>, ptr %mask_at, align 4
  %60 = bitcast <8 x i32> %mask14 to <8 x float>
  %61 = call <8 x float> @llvm.fma.v8f32(<8 x float> %60, <8 x float> <float 0x3FF7154760000000, float 0x3FF7154760000000, float 0x3FF7154760000000, float 0x3FF7154760000000, float 0x3FF7154760000000, float 0x3FF7154760000000, float 0x3FF7154760000000, float 0x3FF7154760000000>, <8 x float> %biased)
  %62 = fcmp olt <8 x float> %61, <float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000>
  %bounded = select <8 x i1> %62, <8 x float> <float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000>, <8 x float> %61
  %63 = fcmp oeq <8 x float> %60, <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>
  %masked = select <8 x i1> %63, <8 x float> <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, <8 x float> %bounded
  store <8 x float> %masked, ptr %34, align 32
  br label %whole.end

whole.else:                                       ; preds = %apply
  %64 = sub nsw i64 %mask_seqlen_kv, %column
  %65 = call i64 @llvm.smax.i64(i64 %64, i64 0)
  %66 = trunc i64 %65 to i32
  %.splatinsert15 = insertelement <8 x i32> poison, i32 %66, i64 0
  %.splat16 = shufflevector <8 x i32> %.splatinsert15, <8 x i32> poison, <8 x i32> zeroinitializer
  %live = icmp slt <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>, %.splat16
  %mask17 = call <8 x i32> @llvm.masked.load.v8i32.p0(ptr %mask_at, i32 4, <8 x i1> %live, <8 x i32> zeroinitializer)
  %67 = bitcast <8 x i32> %mask17 to <8 x float>
  %68 = call <8 x float> @llvm.fma.v8f32(<8 x float> %67, <8 x float> <float 0x3FF7154760000000, float 0x3FF7154760000000, float 0x3FF7154760000000, float 0x3FF7154760000000, float 0x3FF7154760000000, float 0x3FF7154760000000, float 0x3FF7154760000000, float 0x3FF7154760000000>, <8 x float> %biased)
  %69 = fcmp olt <8 x float> %68, <float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000>
  %bounded18 = select <8 x i1> %69, <8 x float> <float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000, float 0xC7EFFFFFE0000000>, <8 x float> %68
  %70 = fcmp oeq <8 x float> %67, <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>
  %masked19 = select <8 x i1> %70, <8 x float> <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, <8 x float> %bounded18
  store <8 x float> %masked19, ptr %34, align 32
  br label %whole.end

whole.end:                                        ; preds = %whole.else, %whole
  br label %apply.end
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <8 x float> @llvm.fabs.v8f32(<8 x float>) #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <8 x float> @llvm.copysign.v8f32(<8 x float>, <8 x float>) #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.smax.i64(i64, i64) #1

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(argmem: read)
declare <8 x i32> @llvm.masked.load.v8i32.p0(ptr nocapture, i32 immarg, <8 x i1>, <8 x i32>) #2

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
  %from.splatinsert = insertelement <8 x i32> poison, i32 %9, i64 0
  %from.splat = shufflevector <8 x i32> %from.splatinsert, <8 x i32> poison, <8 x i32> zeroinitializer
  %10 = trunc i64 %to_key to i32
  %to.splatinsert = insertelement <8 x i32> poison, i32 %10, i64 0
  %to.splat = shufflevector <8 x i32> %to.splatinsert, <8 x i32> poison, <8 x i32> zeroinitializer
  %11 = mul nsw i64 %row, 768
  %row_scores = getelementptr inbounds i8, ptr %scores, i64 %11
  %12 = add nsw i64 %from_key, 7
  %13 = udiv i64 %12, 8
  %before = call i64 @llvm.smin.i64(i64 %13, i64 %vectors)
  %14 = udiv i64 %to_key, 8
  %after = call i64 @llvm.smax.i64(i64 %14, i64 %before)
  %15 = icmp slt i64 0, %before
  br i1 %15, label %below.loop, label %below.done

row.done:                                         ; preds = %above.done, %entry
  ret void

below.loop:                                       ; preds = %below.loop, %row.loop
  %below = phi i64 [ 0, %row.loop ], [ %below.next, %below.loop ]
  %16 = mul nsw i64 %below, 32
  %17 = getelementptr inbounds i8, ptr %row_scores, i64 %16
  %18 = mul nsw i64 %below, 8
  %19 = trunc i64 %18 to i32
  %.splatinsert = insertelement <8 x i32> poison, i32 %19, i64 0
  %.splat = shufflevector <8 x i32> %.splatinsert, <8 x i32> poison, <8 x i32> zeroinitializer
  %column = add <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>, %.splat
  %20 = icmp slt <8 x i32> %column, %to.splat
  %21 = icmp sge <8 x i32> %column, %from.splat
  %visible = and <8 x i1> %21, %20
  %s = load <8 x float>, ptr %17, align 32
  %22 = select <8 x i1> %visible, <8 x float> %s, <8 x float> <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>
  store <8 x float> %22, ptr %17, align 32
  %below.next = add nsw i64 %below, 1
  %23 = icmp slt i64 %below.next, %before
  br i1 %23, label %below.loop, label %below.done

below.done:                                       ; preds = %below.loop, %row.loop
  %24 = icmp slt i64 %after, %vectors
  br i1 %24, label %above.loop, label %above.done

above.loop:                                       ; preds = %above.loop, %below.done
  %above = phi i64 [ %after, %below.done ], [ %above.next, %above.loop ]
  %25 = mul nsw i64 %above, 32
  %26 = getelementptr inbounds i8, ptr %row_scores, i64 %25
  %27 = mul nsw i64 %above, 8
  %28 = trunc i64 %27 to i32
  %.splatinsert1 = insertelement <8 x i32> poison, i32 %28, i64 0
  %.splat2 = shufflevector <8 x i32> %.splatinsert1, <8 x i32> poison, <8 x i32> zeroinitializer
  %column3 = add <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>, %.splat2
  %29 = icmp slt <8 x i32> %column3, %to.splat
  %30 = icmp sge <8 x i32> %column3, %from.splat
  %visible4 = and <8 x i1> %30, %29
  %s5 = load <8 x float>, ptr %26, align 32
  %31 = select <8 x i1> %visible4, <8 x float> %s5, <8 x float> <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>
  store <8 x float> %31, ptr %26, align 32
  %above.next = add nsw i64 %above, 1
  %32 = icmp slt i64 %above.next, %vectors
  br i1 %32, label %above.loop, label %above.done

above.done:                                       ; preds = %above.loop, %below.done
  %row.next = add nsw i64 %row, 1
  %33 = icmp slt i64 %row.next, 4
  br i1 %33, label %row.loop, label %row.done
}

; Function Attrs: noinline nounwind
; online softmax: m <- max, p = 2^(scale * s - m), l <- alpha * l + sum p, alpha = 2^(m_old - m)
define internal void @softmax(ptr noundef %scores, ptr noundef %probabilities, ptr noundef %m, ptr noundef %l, ptr noundef %alpha, i64 %vectors, float %scale_log2) #0 {
entry:
  %scale.splatinsert = insertelement <8 x float> poison, float %scale_log2, i64 0
  %scale.splat = shufflevector <8 x float> %scale.splatinsert, <8 x float> poison, <8 x i32> zeroinitializer
  %0 = udiv i64 %vectors, 4
  %whole = mul nsw i64 %0, 4
  br i1 true, label %row.loop, label %row.done

row.loop:                                         ; preds = %exp_last.done, %entry
  %row = phi i64 [ 0, %entry ], [ %row.next, %exp_last.done ]
  %1 = mul nsw i64 %row, 768
  %in = getelementptr inbounds i8, ptr %scores, i64 %1
  %2 = mul nsw i64 %row, 768
  %out = getelementptr inbounds i8, ptr %probabilities, i64 %2
  %3 = icmp slt i64 0, %whole
  br i1 %3, label %max.loop, label %max.done

row.done:                                         ; preds = %exp_last.done, %entry
  ret void

max.loop:                                         ; preds = %max.loop, %row.loop
  %max = phi i64 [ 0, %row.loop ], [ %max.next, %max.loop ]
  %max.carried = phi <8 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max4, %max.loop ]
  %max.carried1 = phi <8 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max6, %max.loop ]
  %max.carried2 = phi <8 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max8, %max.loop ]
  %max.carried3 = phi <8 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max10, %max.loop ]
  %4 = mul nsw i64 %max, 32
  %5 = getelementptr inbounds i8, ptr %in, i64 %4
  %s = load <8 x float>, ptr %5, align 32
  %6 = fcmp ogt <8 x float> %s, %max.carried
  %max4 = select <8 x i1> %6, <8 x float> %s, <8 x float> %max.carried
  %7 = add nsw i64 %max, 1
  %8 = mul nsw i64 %7, 32
  %9 = getelementptr inbounds i8, ptr %in, i64 %8
  %s5 = load <8 x float>, ptr %9, align 32
  %10 = fcmp ogt <8 x float> %s5, %max.carried1
  %max6 = select <8 x i1> %10, <8 x float> %s5, <8 x float> %max.carried1
  %11 = add nsw i64 %max, 2
  %12 = mul nsw i64 %11, 32
  %13 = getelementptr inbounds i8, ptr %in, i64 %12
  %s7 = load <8 x float>, ptr %13, align 32
  %14 = fcmp ogt <8 x float> %s7, %max.carried2
  %max8 = select <8 x i1> %14, <8 x float> %s7, <8 x float> %max.carried2
  %15 = add nsw i64 %max, 3
  %16 = mul nsw i64 %15, 32
  %17 = getelementptr inbounds i8, ptr %in, i64 %16
  %s9 = load <8 x float>, ptr %17, align 32
  %18 = fcmp ogt <8 x float> %s9, %max.carried3
  %max10 = select <8 x i1> %18, <8 x float> %s9, <8 x float> %max.carried3
  %max.next = add nsw i64 %max, 4
  %19 = icmp slt i64 %max.next, %whole
  br i1 %19, label %max.loop, label %max.done

max.done:                                         ; preds = %max.loop, %row.loop
  %max.result = phi <8 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max4, %max.loop ]
  %max.result11 = phi <8 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max6, %max.loop ]
  %max.result12 = phi <8 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max8, %max.loop ]
  %max.result13 = phi <8 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max10, %max.loop ]
  %20 = icmp slt i64 %whole, %vectors
  br i1 %20, label %max_last.loop, label %max_last.done

max_last.loop:                                    ; preds = %max_last.loop, %max.done
  %max_last = phi i64 [ %whole, %max.done ], [ %max_last.next, %max_last.loop ]
  %max_last.carried = phi <8 x float> [ %max.result, %max.done ], [ %max15, %max_last.loop ]
  %21 = mul nsw i64 %max_last, 32
  %22 = getelementptr inbounds i8, ptr %in, i64 %21
  %s14 = load <8 x float>, ptr %22, align 32
  %23 = fcmp ogt <8 x float> %s14, %max_last.carried
  %max15 = select <8 x i1> %23, <8 x float> %s14, <8 x float> %max_last.carried
  %max_last.next = add nsw i64 %max_last, 1
  %24 = icmp slt i64 %max_last.next, %vectors
  br i1 %24, label %max_last.loop, label %max_last.done

max_last.done:                                    ; preds = %max_last.loop, %max.done
  %max_last.result = phi <8 x float> [ %max.result, %max.done ], [ %max15, %max_last.loop ]
  %25 = fcmp ogt <8 x float> %max.result11, %max_last.result
  %26 = select <8 x i1> %25, <8 x float> %max.result11, <8 x float> %max_last.result
  %27 = fcmp ogt <8 x float> %max.result12, %26
  %28 = select <8 x i1> %27, <8 x float> %max.result12, <8 x float> %26
  %29 = fcmp ogt <8 x float> %max.result13, %28
  %30 = select <8 x i1> %29, <8 x float> %max.result13, <8 x float> %28
  %31 = shufflevector <8 x float> %30, <8 x float> %30, <8 x i32> <i32 4, i32 5, i32 6, i32 7, i32 0, i32 1, i32 2, i32 3>
  %32 = fcmp ogt <8 x float> %30, %31
  %33 = select <8 x i1> %32, <8 x float> %30, <8 x float> %31
  %34 = shufflevector <8 x float> %33, <8 x float> %33, <8 x i32> <i32 2, i32 3, i32 0, i32 1, i32 6, i32 7, i32 4, i32 5>
  %35 = fcmp ogt <8 x float> %33, %34
  %36 = select <8 x i1> %35, <8 x float> %33, <8 x float> %34
  %37 = shufflevector <8 x float> %36, <8 x float> %36, <8 x i32> <i32 1, i32 0, i32 3, i32 2, i32 5, i32 4, i32 7, i32 6>
  %38 = fcmp ogt <8 x float> %36, %37
  %39 = select <8 x i1> %38, <8 x float> %36, <8 x float> %37
  %block_max = extractelement <8 x float> %39, i64 0
  %40 = mul nsw i64 %row, 4
  %41 = getelementptr inbounds i8, ptr %m, i64 %40
  %m_old = load float, ptr %41, align 4
  %42 = fmul float %block_max, %scale_log2
  %43 = fcmp ogt float %m_old, %42
  %m_new = select i1 %43, float %m_old, float %42
  %empty = fcmp oeq float %m_new, 0xFFF0000000000000
  %shift = select i1 %empty, float 0.000000e+00, float %m_new
  store float %m_new, ptr %41, align 4
  %44 = fsub float %m_old, %shift
  %.splatinsert = insertelement <8 x float> poison, float %44, i64 0
  %.splat = shufflevector <8 x float> %.splatinsert, <8 x float> poison, <8 x i32> zeroinitializer
  %45 = fcmp olt <8 x float> %.splat, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %46 = select <8 x i1> %45, <8 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <8 x float> %.splat
  %rounded = fadd <8 x float> %46, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %47 = fsub <8 x float> %rounded, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction = fsub <8 x float> %46, %47
  %exp2 = call <8 x float> @llvm.fma.v8f32(<8 x float> <float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000>, <8 x float> %fraction, <8 x float> <float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000>)
  %exp216 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp2, <8 x float> %fraction, <8 x float> <float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000>)
  %exp217 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp216, <8 x float> %fraction, <8 x float> <float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000>)
  %exp218 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp217, <8 x float> %fraction, <8 x float> <float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000>)
  %exp219 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp218, <8 x float> %fraction, <8 x float> <float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000>)
  %exp220 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp219, <8 x float> %fraction, <8 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %48 = bitcast <8 x float> %rounded to <8 x i32>
  %49 = shl <8 x i32> %48, <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %power = bitcast <8 x i32> %49 to <8 x float>
  %exp221 = fmul <8 x float> %exp220, %power
  %50 = mul nsw i64 %row, 4
  %51 = getelementptr inbounds i8, ptr %alpha, i64 %50
  %52 = extractelement <8 x float> %exp221, i64 0
  store float %52, ptr %51, align 4
  %53 = fneg float %shift
  %negative_shift.splatinsert = insertelement <8 x float> poison, float %53, i64 0
  %negative_shift.splat = shufflevector <8 x float> %negative_shift.splatinsert, <8 x float> poison, <8 x i32> zeroinitializer
  %54 = icmp slt i64 0, %whole
  br i1 %54, label %exp.loop, label %exp.done

exp.loop:                                         ; preds = %exp.loop, %max_last.done
  %exp = phi i64 [ 0, %max_last.done ], [ %exp.next, %exp.loop ]
  %exp.carried = phi <8 x float> [ zeroinitializer, %max_last.done ], [ %sum, %exp.loop ]
  %exp.carried22 = phi <8 x float> [ zeroinitializer, %max_last.done ], [ %sum43, %exp.loop ]
  %exp.carried23 = phi <8 x float> [ zeroinitializer, %max_last.done ], [ %sum53, %exp.loop ]
  %exp.carried24 = phi <8 x float> [ zeroinitializer, %max_last.done ], [ %sum63, %exp.loop ]
  %55 = mul nsw i64 %exp, 32
  %56 = getelementptr inbounds i8, ptr %in, i64 %55
  %s25 = load <8 x float>, ptr %56, align 32
  %57 = call <8 x float> @llvm.fma.v8f32(<8 x float> %s25, <8 x float> %scale.splat, <8 x float> %negative_shift.splat)
  %58 = fcmp olt <8 x float> %57, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %59 = select <8 x i1> %58, <8 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <8 x float> %57
  %rounded26 = fadd <8 x float> %59, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %60 = fsub <8 x float> %rounded26, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction27 = fsub <8 x float> %59, %60
  %exp228 = call <8 x float> @llvm.fma.v8f32(<8 x float> <float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000>, <8 x float> %fraction27, <8 x float> <float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000>)
  %exp229 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp228, <8 x float> %fraction27, <8 x float> <float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000>)
  %exp230 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp229, <8 x float> %fraction27, <8 x float> <float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000>)
  %exp231 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp230, <8 x float> %fraction27, <8 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %61 = bitcast <8 x float> %rounded26 to <8 x i32>
  %62 = shl <8 x i32> %61, <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %power32 = bitcast <8 x i32> %62 to <8 x float>
  %exp233 = fmul <8 x float> %exp231, %power32
  %63 = mul nsw i64 %exp, 8
  %64 = mul nsw i64 %63, 4
  %65 = getelementptr inbounds i8, ptr %out, i64 %64
  store <8 x float> %exp233, ptr %65, align 32
  %sum = fadd <8 x float> %exp.carried, %exp233
  %66 = add nsw i64 %exp, 1
  %67 = mul nsw i64 %66, 32
  %68 = getelementptr inbounds i8, ptr %in, i64 %67
  %s34 = load <8 x float>, ptr %68, align 32
  %69 = call <8 x float> @llvm.fma.v8f32(<8 x float> %s34, <8 x float> %scale.splat, <8 x float> %negative_shift.splat)
  %70 = fcmp olt <8 x float> %69, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %71 = select <8 x i1> %70, <8 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <8 x float> %69
  %rounded35 = fadd <8 x float> %71, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %72 = fsub <8 x float> %rounded35, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction36 = fsub <8 x float> %71, %72
  %exp237 = call <8 x float> @llvm.fma.v8f32(<8 x float> <float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000>, <8 x float> %fraction36, <8 x float> <float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000>)
  %exp238 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp237, <8 x float> %fraction36, <8 x float> <float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000>)
  %exp239 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp238, <8 x float> %fraction36, <8 x float> <float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000>)
  %exp240 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp239, <8 x float> %fraction36, <8 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %73 = bitcast <8 x float> %rounded35 to <8 x i32>
  %74 = shl <8 x i32> %73, <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %power41 = bitcast <8 x i32> %74 to <8 x float>
  %exp242 = fmul <8 x float> %exp240, %power41
  %75 = mul nsw i64 %66, 8
  %76 = mul nsw i64 %75, 4
  %77 = getelementptr inbounds i8, ptr %out, i64 %76
  store <8 x float> %exp242, ptr %77, align 32
  %sum43 = fadd <8 x float> %exp.carried22, %exp242
  %78 = add nsw i64 %exp, 2
  %79 = mul nsw i64 %78, 32
  %80 = getelementptr inbounds i8, ptr %in, i64 %79
  %s44 = load <8 x float>, ptr %80, align 32
  %81 = call <8 x float> @llvm.fma.v8f32(<8 x float> %s44, <8 x float> %scale.splat, <8 x float> %negative_shift.splat)
  %82 = fcmp olt <8 x float> %81, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %83 = select <8 x i1> %82, <8 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <8 x float> %81
  %rounded45 = fadd <8 x float> %83, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %84 = fsub <8 x float> %rounded45, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction46 = fsub <8 x float> %83, %84
  %exp247 = call <8 x float> @llvm.fma.v8f32(<8 x float> <float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000>, <8 x float> %fraction46, <8 x float> <float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000>)
  %exp248 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp247, <8 x float> %fraction46, <8 x float> <float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000>)
  %exp249 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp248, <8 x float> %fraction46, <8 x float> <float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000>)
  %exp250 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp249, <8 x float> %fraction46, <8 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %85 = bitcast <8 x float> %rounded45 to <8 x i32>
  %86 = shl <8 x i32> %85, <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %power51 = bitcast <8 x i32> %86 to <8 x float>
  %exp252 = fmul <8 x float> %exp250, %power51
  %87 = mul nsw i64 %78, 8
  %88 = mul nsw i64 %87, 4
  %89 = getelementptr inbounds i8, ptr %out, i64 %88
  store <8 x float> %exp252, ptr %89, align 32
  %sum53 = fadd <8 x float> %exp.carried23, %exp252
  %90 = add nsw i64 %exp, 3
  %91 = mul nsw i64 %90, 32
  %92 = getelementptr inbounds i8, ptr %in, i64 %91
  %s54 = load <8 x float>, ptr %92, align 32
  %93 = call <8 x float> @llvm.fma.v8f32(<8 x float> %s54, <8 x float> %scale.splat, <8 x float> %negative_shift.splat)
  %94 = fcmp olt <8 x float> %93, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %95 = select <8 x i1> %94, <8 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <8 x float> %93
  %rounded55 = fadd <8 x float> %95, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %96 = fsub <8 x float> %rounded55, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction56 = fsub <8 x float> %95, %96
  %exp257 = call <8 x float> @llvm.fma.v8f32(<8 x float> <float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000>, <8 x float> %fraction56, <8 x float> <float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000>)
  %exp258 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp257, <8 x float> %fraction56, <8 x float> <float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000>)
  %exp259 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp258, <8 x float> %fraction56, <8 x float> <float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000>)
  %exp260 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp259, <8 x float> %fraction56, <8 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %97 = bitcast <8 x float> %rounded55 to <8 x i32>
  %98 = shl <8 x i32> %97, <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %power61 = bitcast <8 x i32> %98 to <8 x float>
  %exp262 = fmul <8 x float> %exp260, %power61
  %99 = mul nsw i64 %90, 8
  %100 = mul nsw i64 %99, 4
  %101 = getelementptr inbounds i8, ptr %out, i64 %100
  store <8 x float> %exp262, ptr %101, align 32
  %sum63 = fadd <8 x float> %exp.carried24, %exp262
  %exp.next = add nsw i64 %exp, 4
  %102 = icmp slt i64 %exp.next, %whole
  br i1 %102, label %exp.loop, label %exp.done

exp.done:                                         ; preds = %exp.loop, %max_last.done
  %exp.result = phi <8 x float> [ zeroinitializer, %max_last.done ], [ %sum, %exp.loop ]
  %exp.result64 = phi <8 x float> [ zeroinitializer, %max_last.done ], [ %sum43, %exp.loop ]
  %exp.result65 = phi <8 x float> [ zeroinitializer, %max_last.done ], [ %sum53, %exp.loop ]
  %exp.result66 = phi <8 x float> [ zeroinitializer, %max_last.done ], [ %sum63, %exp.loop ]
  %103 = icmp slt i64 %whole, %vectors
  br i1 %103, label %exp_last.loop, label %exp_last.done

exp_last.loop:                                    ; preds = %exp_last.loop, %exp.done
  %exp_last = phi i64 [ %whole, %exp.done ], [ %exp_last.next, %exp_last.loop ]
  %exp_last.carried = phi <8 x float> [ %exp.result, %exp.done ], [ %sum76, %exp_last.loop ]
  %104 = mul nsw i64 %exp_last, 32
  %105 = getelementptr inbounds i8, ptr %in, i64 %104
  %s67 = load <8 x float>, ptr %105, align 32
  %106 = call <8 x float> @llvm.fma.v8f32(<8 x float> %s67, <8 x float> %scale.splat, <8 x float> %negative_shift.splat)
  %107 = fcmp olt <8 x float> %106, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %108 = select <8 x i1> %107, <8 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <8 x float> %106
  %rounded68 = fadd <8 x float> %108, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %109 = fsub <8 x float> %rounded68, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction69 = fsub <8 x float> %108, %109
  %exp270 = call <8 x float> @llvm.fma.v8f32(<8 x float> <float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000, float 0x3F83A02CC0000000>, <8 x float> %fraction69, <8 x float> <float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000, float 0x3FAC9FC460000000>)
  %exp271 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp270, <8 x float> %fraction69, <8 x float> <float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000, float 0x3FCEC03780000000>)
  %exp272 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp271, <8 x float> %fraction69, <8 x float> <float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000, float 0x3FE62E12C0000000>)
  %exp273 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp272, <8 x float> %fraction69, <8 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %110 = bitcast <8 x float> %rounded68 to <8 x i32>
  %111 = shl <8 x i32> %110, <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %power74 = bitcast <8 x i32> %111 to <8 x float>
  %exp275 = fmul <8 x float> %exp273, %power74
  %112 = mul nsw i64 %exp_last, 8
  %113 = mul nsw i64 %112, 4
  %114 = getelementptr inbounds i8, ptr %out, i64 %113
  store <8 x float> %exp275, ptr %114, align 32
  %sum76 = fadd <8 x float> %exp_last.carried, %exp275
  %exp_last.next = add nsw i64 %exp_last, 1
  %115 = icmp slt i64 %exp_last.next, %vectors
  br i1 %115, label %exp_last.loop, label %exp_last.done

exp_last.done:                                    ; preds = %exp_last.loop, %exp.done
  %exp_last.result = phi <8 x float> [ %exp.result, %exp.done ], [ %sum76, %exp_last.loop ]
  %116 = fadd <8 x float> %exp_last.result, %exp.result64
  %117 = fadd <8 x float> %116, %exp.result65
  %118 = fadd <8 x float> %117, %exp.result66
  %119 = mul nsw i64 %row, 32
  %120 = getelementptr inbounds i8, ptr %l, i64 %119
  %l_old = load <8 x float>, ptr %120, align 32
  %l_new = call <8 x float> @llvm.fma.v8f32(<8 x float> %l_old, <8 x float> %exp221, <8 x float> %118)
  store <8 x float> %l_new, ptr %120, align 32
  %row.next = add nsw i64 %row, 1
  %121 = icmp slt i64 %row.next, 4
  br i1 %121, label %row.loop, label %row.done
}

; Function Attrs: noinline nounwind
; outputs <- alpha * outputs + probabilities * values
define internal void @accumulate(ptr noundef %outputs, ptr noundef %probabilities, ptr noundef %values, i64 %stride, ptr noundef %alpha, i64 %count) #0 {
entry:
  br i1 true, label %chunk.loop, label %chunk.done

chunk.loop:                                       ; preds = %key.done, %entry
  %chunk = phi i64 [ 0, %entry ], [ %chunk.next, %key.done ]
  %0 = mul nsw i64 %chunk, 32
  %out = getelementptr inbounds i8, ptr %outputs, i64 %0
  %1 = mul nsw i64 %chunk, 32
  %from = getelementptr inbounds i8, ptr %values, i64 %1
  %2 = load float, ptr %alpha, align 4
  %factor.splatinsert = insertelement <8 x float> poison, float %2, i64 0
  %factor.splat = shufflevector <8 x float> %factor.splatinsert, <8 x float> poison, <8 x i32> zeroinitializer
  %3 = load <8 x float>, ptr %out, align 32
  %o = fmul <8 x float> %3, %factor.splat
  %4 = getelementptr inbounds i8, ptr %out, i64 32
  %5 = load <8 x float>, ptr %4, align 32
  %o1 = fmul <8 x float> %5, %factor.splat
  %6 = getelementptr inbounds i8, ptr %out, i64 64
  %7 = load <8 x float>, ptr %6, align 32
  %o2 = fmul <8 x float> %7, %factor.splat
  %8 = getelementptr inbounds i8, ptr %alpha, i64 4
  %9 = load float, ptr %8, align 4
  %factor.splatinsert3 = insertelement <8 x float> poison, float %9, i64 0
  %factor.splat4 = shufflevector <8 x float> %factor.splatinsert3, <8 x float> poison, <8 x i32> zeroinitializer
  %10 = getelementptr inbounds i8, ptr %out, i64 96
  %11 = load <8 x float>, ptr %10, align 32
  %o5 = fmul <8 x float> %11, %factor.splat4
  %12 = getelementptr inbounds i8, ptr %out, i64 128
  %13 = load <8 x float>, ptr %12, align 32
  %o6 = fmul <8 x float> %13, %factor.splat4
  %14 = getelementptr inbounds i8, ptr %out, i64 160
  %15 = load <8 x float>, ptr %14, align 32
  %o7 = fmul <8 x float> %15, %factor.splat4
  %16 = getelementptr inbounds i8, ptr %alpha, i64 8
  %17 = load float, ptr %16, align 4
  %factor.splatinsert8 = insertelement <8 x float> poison, float %17, i64 0
  %factor.splat9 = shufflevector <8 x float> %factor.splatinsert8, <8 x float> poison, <8 x i32> zeroinitializer
  %18 = getelementptr inbounds i8, ptr %out, i64 192
  %19 = load <8 x float>, ptr %18, align 32
  %o10 = fmul <8 x float> %19, %factor.splat9
  %20 = getelementptr inbounds i8, ptr %out, i64 224
  %21 = load <8 x float>, ptr %20, align 32
  %o11 = fmul <8 x float> %21, %factor.splat9
  %22 = getelementptr inbounds i8, ptr %out, i64 256
  %23 = load <8 x float>, ptr %22, align 32
  %o12 = fmul <8 x float> %23, %factor.splat9
  %24 = getelementptr inbounds i8, ptr %alpha, i64 12
  %25 = load float, ptr %24, align 4
  %factor.splatinsert13 = insertelement <8 x float> poison, float %25, i64 0
  %factor.splat14 = shufflevector <8 x float> %factor.splatinsert13, <8 x float> poison, <8 x i32> zeroinitializer
  %26 = getelementptr inbounds i8, ptr %out, i64 288
  %27 = load <8 x float>, ptr %26, align 32
  %o15 = fmul <8 x float> %27, %factor.splat14
  %28 = getelementptr inbounds i8, ptr %out, i64 320
  %29 = load <8 x float>, ptr %28, align 32
  %o16 = fmul <8 x float> %29, %factor.splat14
  %30 = getelementptr inbounds i8, ptr %out, i64 352
  %31 = load <8 x float>, ptr %30, align 32
  %o17 = fmul <8 x float> %31, %factor.splat14
  %32 = icmp slt i64 0, %count
  br i1 %32, label %key.loop, label %key.done

chunk.done:                                       ; preds = %key.done, %entry
  ret void

key.loop:                                         ; preds = %key.loop, %chunk.loop
  %key = phi i64 [ 0, %chunk.loop ], [ %key.next, %key.loop ]
  %key.carried = phi <8 x float> [ %o, %chunk.loop ], [ %sum, %key.loop ]
  %key.carried18 = phi <8 x float> [ %o1, %chunk.loop ], [ %sum31, %key.loop ]
  %key.carried19 = phi <8 x float> [ %o2, %chunk.loop ], [ %sum32, %key.loop ]
  %key.carried20 = phi <8 x float> [ %o5, %chunk.loop ], [ %sum35, %key.loop ]
  %key.carried21 = phi <8 x float> [ %o6, %chunk.loop ], [ %sum36, %key.loop ]
  %key.carried22 = phi <8 x float> [ %o7, %chunk.loop ], [ %sum37, %key.loop ]
  %key.carried23 = phi <8 x float> [ %o10, %chunk.loop ], [ %sum40, %key.loop ]
  %key.carried24 = phi <8 x float> [ %o11, %chunk.loop ], [ %sum41, %key.loop ]
  %key.carried25 = phi <8 x float> [ %o12, %chunk.loop ], [ %sum42, %key.loop ]
  %key.carried26 = phi <8 x float> [ %o15, %chunk.loop ], [ %sum45, %key.loop ]
  %key.carried27 = phi <8 x float> [ %o16, %chunk.loop ], [ %sum46, %key.loop ]
  %key.carried28 = phi <8 x float> [ %o17, %chunk.loop ], [ %sum47, %key.loop ]
  %33 = mul nsw i64 %key, %stride
  %34 = getelementptr inbounds i8, ptr %from, i64 %33
  %35 = getelementptr inbounds i8, ptr %34, i64 0
  %v = load <8 x i32>, ptr %35, align 32
  %36 = getelementptr inbounds i8, ptr %34, i64 32
  %v29 = load <8 x i32>, ptr %36, align 32
  %37 = getelementptr inbounds i8, ptr %34, i64 64
  %v30 = load <8 x i32>, ptr %37, align 32
  %38 = mul nsw i64 %key, 4
  %39 = getelementptr inbounds i8, ptr %probabilities, i64 %38
  %40 = load i32, ptr %39, align 4
  %p.splatinsert = insertelement <8 x i32> poison, i32 %40, i64 0
  %p.splat = shufflevector <8 x i32> %p.splatinsert, <8 x i32> poison, <8 x i32> zeroinitializer
  %41 = bitcast <8 x i32> %v to <8 x float>
  %42 = bitcast <8 x i32> %p.splat to <8 x float>
  %sum = call <8 x float> @llvm.fma.v8f32(<8 x float> %42, <8 x float> %41, <8 x float> %key.carried)
  %43 = bitcast <8 x i32> %v29 to <8 x float>
  %44 = bitcast <8 x i32> %p.splat to <8 x float>
  %sum31 = call <8 x float> @llvm.fma.v8f32(<8 x float> %44, <8 x float> %43, <8 x float> %key.carried18)
  %45 = bitcast <8 x i32> %v30 to <8 x float>
  %46 = bitcast <8 x i32> %p.splat to <8 x float>
  %sum32 = call <8 x float> @llvm.fma.v8f32(<8 x float> %46, <8 x float> %45, <8 x float> %key.carried19)
  %47 = getelementptr inbounds i8, ptr %39, i64 768
  %48 = load i32, ptr %47, align 4
  %p.splatinsert33 = insertelement <8 x i32> poison, i32 %48, i64 0
  %p.splat34 = shufflevector <8 x i32> %p.splatinsert33, <8 x i32> poison, <8 x i32> zeroinitializer
  %49 = bitcast <8 x i32> %v to <8 x float>
  %50 = bitcast <8 x i32> %p.splat34 to <8 x float>
  %sum35 = call <8 x float> @llvm.fma.v8f32(<8 x float> %50, <8 x float> %49, <8 x float> %key.carried20)
  %51 = bitcast <8 x i32> %v29 to <8 x float>
  %52 = bitcast <8 x i32> %p.splat34 to <8 x float>
  %sum36 = call <8 x float> @llvm.fma.v8f32(<8 x float> %52, <8 x float> %51, <8 x float> %key.carried21)
  %53 = bitcast <8 x i32> %v30 to <8 x float>
  %54 = bitcast <8 x i32> %p.splat34 to <8 x float>
  %sum37 = call <8 x float> @llvm.fma.v8f32(<8 x float> %54, <8 x float> %53, <8 x float> %key.carried22)
  %55 = getelementptr inbounds i8, ptr %39, i64 1536
  %56 = load i32, ptr %55, align 4
  %p.splatinsert38 = insertelement <8 x i32> poison, i32 %56, i64 0
  %p.splat39 = shufflevector <8 x i32> %p.splatinsert38, <8 x i32> poison, <8 x i32> zeroinitializer
  %57 = bitcast <8 x i32> %v to <8 x float>
  %58 = bitcast <8 x i32> %p.splat39 to <8 x float>
  %sum40 = call <8 x float> @llvm.fma.v8f32(<8 x float> %58, <8 x float> %57, <8 x float> %key.carried23)
  %59 = bitcast <8 x i32> %v29 to <8 x float>
  %60 = bitcast <8 x i32> %p.splat39 to <8 x float>
  %sum41 = call <8 x float> @llvm.fma.v8f32(<8 x float> %60, <8 x float> %59, <8 x float> %key.carried24)
  %61 = bitcast <8 x i32> %v30 to <8 x float>
  %62 = bitcast <8 x i32> %p.splat39 to <8 x float>
  %sum42 = call <8 x float> @llvm.fma.v8f32(<8 x float> %62, <8 x float> %61, <8 x float> %key.carried25)
  %63 = getelementptr inbounds i8, ptr %39, i64 2304
  %64 = load i32, ptr %63, align 4
  %p.splatinsert43 = insertelement <8 x i32> poison, i32 %64, i64 0
  %p.splat44 = shufflevector <8 x i32> %p.splatinsert43, <8 x i32> poison, <8 x i32> zeroinitializer
  %65 = bitcast <8 x i32> %v to <8 x float>
  %66 = bitcast <8 x i32> %p.splat44 to <8 x float>
  %sum45 = call <8 x float> @llvm.fma.v8f32(<8 x float> %66, <8 x float> %65, <8 x float> %key.carried26)
  %67 = bitcast <8 x i32> %v29 to <8 x float>
  %68 = bitcast <8 x i32> %p.splat44 to <8 x float>
  %sum46 = call <8 x float> @llvm.fma.v8f32(<8 x float> %68, <8 x float> %67, <8 x float> %key.carried27)
  %69 = bitcast <8 x i32> %v30 to <8 x float>
  %70 = bitcast <8 x i32> %p.splat44 to <8 x float>
  %sum47 = call <8 x float> @llvm.fma.v8f32(<8 x float> %70, <8 x float> %69, <8 x float> %key.carried28)
  %key.next = add nsw i64 %key, 1
  %71 = icmp slt i64 %key.next, %count
  br i1 %71, label %key.loop, label %key.done

key.done:                                         ; preds = %key.loop, %chunk.loop
  %key.result = phi <8 x float> [ %o, %chunk.loop ], [ %sum, %key.loop ]
  %key.result48 = phi <8 x float> [ %o1, %chunk.loop ], [ %sum31, %key.loop ]
  %key.result49 = phi <8 x float> [ %o2, %chunk.loop ], [ %sum32, %key.loop ]
  %key.result50 = phi <8 x float> [ %o5, %chunk.loop ], [ %sum35, %key.loop ]
  %key.result51 = phi <8 x float> [ %o6, %chunk.loop ], [ %sum36, %key.loop ]
  %key.result52 = phi <8 x float> [ %o7, %chunk.loop ], [ %sum37, %key.loop ]
  %key.result53 = phi <8 x float> [ %o10, %chunk.loop ], [ %sum40, %key.loop ]
  %key.result54 = phi <8 x float> [ %o11, %chunk.loop ], [ %sum41, %key.loop ]
  %key.result55 = phi <8 x float> [ %o12, %chunk.loop ], [ %sum42, %key.loop ]
  %key.result56 = phi <8 x float> [ %o15, %chunk.loop ], [ %sum45, %key.loop ]
  %key.result57 = phi <8 x float> [ %o16, %chunk.loop ], [ %sum46, %key.loop ]
  %key.result58 = phi <8 x float> [ %o17, %chunk.loop ], [ %sum47, %key.loop ]
  store <8 x float> %key.result, ptr %out, align 32
  %72 = getelementptr inbounds i8, ptr %out, i64 32
  store <8 x float> %key.result48, ptr %72, align 32
  %73 = getelementptr inbounds i8, ptr %out, i64 64
  store <8 x float> %key.result49, ptr %73, align 32
  %74 = getelementptr inbounds i8, ptr %out, i64 96
  store <8 x float> %key.result50, ptr %74, align 32
  %75 = getelementptr inbounds i8, ptr %out, i64 128
  store <8 x float> %key.result51, ptr %75, align 32
  %76 = getelementptr inbounds i8, ptr %out, i64 160
  store <8 x float> %key.result52, ptr %76, align 32
  %77 = getelementptr inbounds i8, ptr %out, i64 192
  store <8 x float> %key.result53, ptr %77, align 32
  %78 = getelementptr inbounds i8, ptr %out, i64 224
  store <8 x float> %key.result54, ptr %78, align 32
  %79 = getelementptr inbounds i8, ptr %out, i64 256
  store <8 x float> %key.result55, ptr %79, align 32
  %80 = getelementptr inbounds i8, ptr %out, i64 288
  store <8 x float> %key.result56, ptr %80, align 32
  %81 = getelementptr inbounds i8, ptr %out, i64 320
  store <8 x float> %key.result57, ptr %81, align 32
  %82 = getelementptr inbounds i8, ptr %out, i64 352
  store <8 x float> %key.result58, ptr %82, align 32
  %chunk.next = add nsw i64 %chunk, 3
  %83 = icmp slt i64 %chunk.next, 3
  br i1 %83, label %chunk.loop, label %chunk.done
}

; Function Attrs: noinline nounwind
; the same where V holds NaN or infinity: a hidden key must not touch the row, 0 * NaN is not 0
define internal void @accumulate_guarded(ptr noundef %outputs, ptr noundef %probabilities, ptr noundef %values, i64 %stride, ptr noundef %alpha, i64 %count) #0 {
entry:
  br i1 true, label %row.loop, label %row.done

row.loop:                                         ; preds = %key.done, %entry
  %row = phi i64 [ 0, %entry ], [ %row.next, %key.done ]
  %0 = mul nsw i64 %row, 96
  %out = getelementptr inbounds i8, ptr %outputs, i64 %0
  %1 = mul nsw i64 %row, 4
  %2 = getelementptr inbounds i8, ptr %alpha, i64 %1
  %3 = load float, ptr %2, align 4
  %factor.splatinsert = insertelement <8 x float> poison, float %3, i64 0
  %factor.splat = shufflevector <8 x float> %factor.splatinsert, <8 x float> poison, <8 x i32> zeroinitializer
  %4 = load <8 x float>, ptr %out, align 32
  %5 = fmul <8 x float> %4, %factor.splat
  store <8 x float> %5, ptr %out, align 32
  %6 = getelementptr inbounds i8, ptr %out, i64 32
  %7 = getelementptr inbounds i8, ptr %out, i64 32
  %8 = load <8 x float>, ptr %7, align 32
  %9 = fmul <8 x float> %8, %factor.splat
  store <8 x float> %9, ptr %6, align 32
  %10 = getelementptr inbounds i8, ptr %out, i64 64
  %11 = getelementptr inbounds i8, ptr %out, i64 64
  %12 = load <8 x float>, ptr %11, align 32
  %13 = fmul <8 x float> %12, %factor.splat
  store <8 x float> %13, ptr %10, align 32
  %14 = mul nsw i64 %row, 768
  %p_row = getelementptr inbounds i8, ptr %probabilities, i64 %14
  %15 = icmp slt i64 0, %count
  br i1 %15, label %key.loop, label %key.done

row.done:                                         ; preds = %key.done, %entry
  ret void

key.loop:                                         ; preds = %visible.end, %row.loop
  %key = phi i64 [ 0, %row.loop ], [ %key.next, %visible.end ]
  %16 = mul nsw i64 %key, 4
  %17 = getelementptr inbounds i8, ptr %p_row, i64 %16
  %p = load float, ptr %17, align 4
  %18 = fcmp une float %p, 0.000000e+00
  br i1 %18, label %visible, label %visible.end

key.done:                                         ; preds = %visible.end, %row.loop
  %row.next = add nsw i64 %row, 1
  %19 = icmp slt i64 %row.next, 4
  br i1 %19, label %row.loop, label %row.done

visible:                                          ; preds = %key.loop
  %20 = mul nsw i64 %key, %stride
  %v_row = getelementptr inbounds i8, ptr %values, i64 %20
  %21 = getelementptr inbounds i8, ptr %v_row, i64 0
  %v = load <8 x i32>, ptr %21, align 32
  %o = load <8 x float>, ptr %out, align 32
  %22 = bitcast <8 x i32> %v to <8 x float>
  %.splatinsert = insertelement <8 x float> poison, float %p, i64 0
  %.splat = shufflevector <8 x float> %.splatinsert, <8 x float> poison, <8 x i32> zeroinitializer
  %23 = call <8 x float> @llvm.fma.v8f32(<8 x float> %.splat, <8 x float> %22, <8 x float> %o)
  store <8 x float> %23, ptr %out, align 32
  %24 = getelementptr inbounds i8, ptr %v_row, i64 32
  %v1 = load <8 x i32>, ptr %24, align 32
  %25 = getelementptr inbounds i8, ptr %out, i64 32
  %o2 = load <8 x float>, ptr %25, align 32
  %26 = getelementptr inbounds i8, ptr %out, i64 32
  %27 = bitcast <8 x i32> %v1 to <8 x float>
  %.splatinsert3 = insertelement <8 x float> poison, float %p, i64 0
  %.splat4 = shufflevector <8 x float> %.splatinsert3, <8 x float> poison, <8 x i32> zeroinitializer
  %28 = call <8 x float> @llvm.fma.v8f32(<8 x float> %.splat4, <8 x float> %27, <8 x float> %o2)
  store <8 x float> %28, ptr %26, align 32
  %29 = getelementptr inbounds i8, ptr %v_row, i64 64
  %v5 = load <8 x i32>, ptr %29, align 32
  %30 = getelementptr inbounds i8, ptr %out, i64 64
  %o6 = load <8 x float>, ptr %30, align 32
  %31 = getelementptr inbounds i8, ptr %out, i64 64
  %32 = bitcast <8 x i32> %v5 to <8 x float>
  %.splatinsert7 = insertelement <8 x float> poison, float %p, i64 0
  %.splat8 = shufflevector <8 x float> %.splatinsert7, <8 x float> poison, <8 x i32> zeroinitializer
  %33 = call <8 x float> @llvm.fma.v8f32(<8 x float> %.splat8, <8 x float> %32, <8 x float> %o6)
  store <8 x float> %33, ptr %31, align 32
  br label %visible.end

visible.end:                                      ; preds = %visible, %key.loop
  %key.next = add nsw i64 %key, 1
  %34 = icmp slt i64 %key.next, %count
  br i1 %34, label %key.loop, label %key.done
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
  %packed_keys = getelementptr inbounds i8, ptr %scratch, i64 43712
  call void @pack_keys(ptr %keys, i64 %k_stride_seq, i64 %count, ptr %packed_keys)
  %packed_values = getelementptr inbounds i8, ptr %scratch, i64 74432
  call void @pack_values(ptr %values, i64 %v_stride_seq, i64 %count, ptr %packed_values, ptr %scratch)
  %v_from = getelementptr inbounds i8, ptr %scratch, i64 74432
  %6 = getelementptr inbounds i8, ptr %scratch, i64 40
  %7 = getelementptr inbounds i8, ptr %scratch, i64 80
  %panels = load i64, ptr %7, align 8
  %8 = icmp slt i64 0, %panels
  br i1 %8, label %panel.loop, label %panel.done

panel.loop:                                       ; preds = %visible_panel.end, %entry
  %panel = phi i64 [ 0, %entry ], [ %panel.next, %visible_panel.end ]
  %9 = mul nsw i64 %panel, 32
  %bounds = getelementptr inbounds i8, ptr %scratch, i64 128
  %10 = getelementptr inbounds i8, ptr %bounds, i64 %9
  %11 = getelementptr inbounds i8, ptr %10, i64 24
  %hi_max = load i64, ptr %11, align 8
  %12 = icmp slt i64 %key, %hi_max
  %13 = add nsw i64 %key, %count
  %lo_min = load i64, ptr %10, align 8
  %14 = icmp slt i64 %lo_min, %13
  %15 = and i1 %14, %12
  %16 = xor i1 %apply_masks, true
  %visible = or i1 %15, %16
  br i1 %visible, label %visible_panel, label %visible_panel.end

panel.done:                                       ; preds = %visible_panel.end, %entry
  ret void

visible_panel:                                    ; preds = %panel.loop
  %row = mul nsw i64 %panel, 4
  %17 = getelementptr inbounds i8, ptr %10, i64 24
  %hi_max1 = load i64, ptr %17, align 8
  %18 = sub nsw i64 %hi_max1, %key
  %19 = call i64 @llvm.smin.i64(i64 %count, i64 %18)
  %count2 = select i1 %apply_masks, i64 %19, i64 %count
  %end = add nsw i64 %key, %count2
  %20 = add nsw i64 %count2, 7
  %vectors = udiv i64 %20, 8
  %21 = mul nsw i64 %vectors, 8
  %ragged = icmp slt i64 %count2, %21
  %22 = mul nsw i64 %row, 160
  %queries = getelementptr inbounds i8, ptr %scratch, i64 7872
  %23 = getelementptr inbounds i8, ptr %queries, i64 %22
  %scores = getelementptr inbounds i8, ptr %scratch, i64 28352
  %packed = getelementptr inbounds i8, ptr %scratch, i64 43712
  call void @scores(ptr %23, ptr %packed, ptr %scores, i64 %count2)
  call void @modify_scores(ptr %arguments, ptr %scratch, i64 %row, i64 %key, i64 %vectors, i1 %apply_masks)
  %24 = getelementptr inbounds i8, ptr %10, i64 16
  %hi_min = load i64, ptr %24, align 8
  %25 = icmp sgt i64 %end, %hi_min
  %26 = getelementptr inbounds i8, ptr %10, i64 8
  %lo_max = load i64, ptr %26, align 8
  %27 = icmp slt i64 %key, %lo_max
  %28 = or i1 %27, %25
  %29 = and i1 %apply_masks, %28
  %hides = or i1 %ragged, %29
  br i1 %hides, label %boundary, label %boundary.end

visible_panel.end:                                ; preds = %guarded.end, %panel.loop
  %panel.next = add nsw i64 %panel, 1
  %30 = icmp slt i64 %panel.next, %panels
  br i1 %30, label %panel.loop, label %panel.done

boundary:                                         ; preds = %visible_panel
  %31 = getelementptr inbounds i8, ptr %scratch, i64 88
  %32 = mul nsw i64 %row, 8
  %lo = getelementptr inbounds i8, ptr %scratch, i64 1152
  %33 = getelementptr inbounds i8, ptr %lo, i64 %32
  %34 = select i1 %apply_masks, ptr %33, ptr %31
  %35 = mul nsw i64 %row, 8
  %hi = getelementptr inbounds i8, ptr %scratch, i64 2176
  %36 = getelementptr inbounds i8, ptr %hi, i64 %35
  %37 = select i1 %apply_masks, ptr %36, ptr %6
  %38 = select i1 %apply_masks, i64 8, i64 0
  call void @mask_interval(ptr %scores, ptr %34, ptr %37, i64 %38, i64 %key, i64 %count2, i64 %vectors)
  br label %boundary.end

boundary.end:                                     ; preds = %boundary, %visible_panel
  %probabilities = getelementptr inbounds i8, ptr %scratch, i64 28352
  %alpha = getelementptr inbounds i8, ptr %scratch, i64 7808
  %39 = mul nsw i64 %row, 4
  %m = getelementptr inbounds i8, ptr %scratch, i64 3200
  %40 = getelementptr inbounds i8, ptr %m, i64 %39
  %41 = mul nsw i64 %row, 32
  %l = getelementptr inbounds i8, ptr %scratch, i64 3712
  %42 = getelementptr inbounds i8, ptr %l, i64 %41
  call void @softmax(ptr %scores, ptr %probabilities, ptr %40, ptr %42, ptr %alpha, i64 %vectors, float 1.000000e+00)
  %43 = mul nsw i64 %row, 96
  %outputs = getelementptr inbounds i8, ptr %scratch, i64 31424
  %44 = getelementptr inbounds i8, ptr %outputs, i64 %43
  %45 = getelementptr inbounds i8, ptr %scratch, i64 96
  %nonfinite = load i64, ptr %45, align 8
  %poisoned = icmp ne i64 %nonfinite, 0
  br i1 %poisoned, label %guarded, label %guarded.else

guarded:                                          ; preds = %boundary.end
  call void @accumulate_guarded(ptr %44, ptr %probabilities, ptr %v_from, i64 96, ptr %alpha, i64 %count2)
  br label %guarded.end

guarded.else:                                     ; preds = %boundary.end
  call void @accumulate(ptr %44, ptr %probabilities, ptr %v_from, i64 96, ptr %alpha, i64 %count2)
  br label %guarded.end

guarded.end:                                      ; preds = %guarded.else, %guarded
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
  %2 = mul nsw i64 %batch, 4
  %3 = getelementptr inbounds i8, ptr %arguments, i64 80
  %kv_lengths = load ptr, ptr %3, align 8
  %4 = getelementptr inbounds i8, ptr %kv_lengths, i64 %2
  %5 = load i32, ptr %4, align 4
  %kv_length = sext i32 %5 to i64
  %6 = call i64 @llvm.smin.i64(i64 %kv_length, i64 %seqlen_kv)
  %kv_len = call i64 @llvm.smax.i64(i64 %6, i64 0)
  %shift = sub nsw i64 %kv_len, %seqlen_q
  %row0 = mul nsw i64 %row_block, 128
  %7 = sub nsw i64 %seqlen_q, %row0
  %8 = call i64 @llvm.smin.i64(i64 %7, i64 128)
  %rows = call i64 @llvm.smax.i64(i64 %8, i64 0)
  %9 = add nsw i64 %rows, 3
  %panels = udiv i64 %9, 4
  %kv_head = udiv i64 %item_head, 2
  %10 = getelementptr inbounds i8, ptr %arguments, i64 216
  %k_stride_batch = load i64, ptr %10, align 8
  %11 = mul nsw i64 %batch, %k_stride_batch
  %12 = getelementptr inbounds i8, ptr %arguments, i64 224
  %k_stride_head = load i64, ptr %12, align 8
  %13 = mul nsw i64 %kv_head, %k_stride_head
  %14 = add nsw i64 %11, %13
  %15 = getelementptr inbounds i8, ptr %arguments, i64 232
  %k_stride_seq = load i64, ptr %15, align 8
  %16 = mul nsw i64 0, %k_stride_seq
  %17 = add nsw i64 %14, %16
  %18 = getelementptr inbounds i8, ptr %arguments, i64 8
  %k = load ptr, ptr %18, align 8
  %k_base = getelementptr inbounds i8, ptr %k, i64 %17
  %19 = getelementptr inbounds i8, ptr %arguments, i64 240
  %v_stride_batch = load i64, ptr %19, align 8
  %20 = mul nsw i64 %batch, %v_stride_batch
  %21 = getelementptr inbounds i8, ptr %arguments, i64 248
  %v_stride_head = load i64, ptr %21, align 8
  %22 = mul nsw i64 %kv_head, %v_stride_head
  %23 = add nsw i64 %20, %22
  %24 = getelementptr inbounds i8, ptr %arguments, i64 256
  %v_stride_seq = load i64, ptr %24, align 8
  %25 = mul nsw i64 0, %v_stride_seq
  %26 = add nsw i64 %23, %25
  %27 = getelementptr inbounds i8, ptr %arguments, i64 16
  %v = load ptr, ptr %27, align 8
  %v_base = getelementptr inbounds i8, ptr %v, i64 %26
  store i64 %batch, ptr %scratch, align 8
  %28 = getelementptr inbounds i8, ptr %scratch, i64 8
  store i64 %item_head, ptr %28, align 8
  %29 = getelementptr inbounds i8, ptr %scratch, i64 16
  store i64 %row0, ptr %29, align 8
  %30 = getelementptr inbounds i8, ptr %scratch, i64 24
  store i64 %rows, ptr %30, align 8
  %31 = getelementptr inbounds i8, ptr %scratch, i64 32
  store i64 %seqlen_q, ptr %31, align 8
  %32 = getelementptr inbounds i8, ptr %scratch, i64 40
  store i64 %kv_len, ptr %32, align 8
  %33 = getelementptr inbounds i8, ptr %scratch, i64 48
  store i64 %shift, ptr %33, align 8
  %34 = getelementptr inbounds i8, ptr %scratch, i64 56
  store i64 0, ptr %34, align 8
  %35 = getelementptr inbounds i8, ptr %scratch, i64 64
  store ptr %k_base, ptr %35, align 8
  %36 = getelementptr inbounds i8, ptr %scratch, i64 72
  store ptr %v_base, ptr %36, align 8
  %37 = getelementptr inbounds i8, ptr %scratch, i64 80
  store i64 %panels, ptr %37, align 8
  %38 = getelementptr inbounds i8, ptr %scratch, i64 88
  store i64 0, ptr %38, align 8
  %39 = getelementptr inbounds i8, ptr %scratch, i64 96
  store i64 0, ptr %39, align 8
  %40 = getelementptr inbounds i8, ptr %arguments, i64 200
  %q_stride_head = load i64, ptr %40, align 8
  %41 = getelementptr inbounds i8, ptr %arguments, i64 208
  %q_stride_seq = load i64, ptr %41, align 8
  %42 = getelementptr inbounds i8, ptr %arguments, i64 192
  %q_stride_batch = load i64, ptr %42, align 8
  %43 = mul nsw i64 %batch, %q_stride_batch
  %q = load ptr, ptr %arguments, align 8
  %q_batch = getelementptr inbounds i8, ptr %q, i64 %43
  %last = sub nsw i64 %rows, 1
  %44 = mul nsw i64 %panels, 4
  %45 = icmp slt i64 0, %44
  br i1 %45, label %row.loop, label %row.done

row.loop:                                         ; preds = %row.loop, %entry
  %row = phi i64 [ 0, %entry ], [ %row.next, %row.loop ]
  %46 = call i64 @llvm.smin.i64(i64 %row, i64 %last)
  %47 = getelementptr inbounds i8, ptr %scratch, i64 16
  %row01 = load i64, ptr %47, align 8
  %absolute_row = add nsw i64 %row01, %46
  %48 = getelementptr inbounds i8, ptr %scratch, i64 8
  %head0 = load i64, ptr %48, align 8
  %position = add nsw i64 %absolute_row, %shift
  %49 = add nsw i64 %position, 1
  %50 = call i64 @llvm.smin.i64(i64 %kv_len, i64 %49)
  %51 = getelementptr inbounds i8, ptr %arguments, i64 344
  %window_left = load i64, ptr %51, align 8
  %52 = sub nsw i64 %position, %window_left
  %lo = call i64 @llvm.smax.i64(i64 0, i64 %52)
  %hi = call i64 @llvm.smax.i64(i64 %50, i64 0)
  %53 = call i64 @llvm.smin.i64(i64 %lo, i64 %hi)
  %54 = mul nsw i64 %row, 8
  %55 = getelementptr inbounds i8, ptr %scratch, i64 1152
  %56 = getelementptr inbounds i8, ptr %55, i64 %54
  store i64 %53, ptr %56, align 8
  %57 = getelementptr inbounds i8, ptr %scratch, i64 2176
  %58 = getelementptr inbounds i8, ptr %57, i64 %54
  store i64 %hi, ptr %58, align 8
  %59 = mul nsw i64 %row, 4
  %60 = getelementptr inbounds i8, ptr %scratch, i64 3200
  %61 = getelementptr inbounds i8, ptr %60, i64 %59
  store float 0xFFF0000000000000, ptr %61, align 4
  %62 = mul nsw i64 %row, 32
  %63 = getelementptr inbounds i8, ptr %scratch, i64 3712
  %64 = getelementptr inbounds i8, ptr %63, i64 %62
  store <8 x float> zeroinitializer, ptr %64, align 32
  %65 = mul nsw i64 %row, 96
  %66 = getelementptr inbounds i8, ptr %scratch, i64 31424
  %o_row = getelementptr inbounds i8, ptr %66, i64 %65
  store <8 x float> zeroinitializer, ptr %o_row, align 32
  %67 = getelementptr inbounds i8, ptr %o_row, i64 32
  store <8 x float> zeroinitializer, ptr %67, align 32
  %68 = getelementptr inbounds i8, ptr %o_row, i64 64
  store <8 x float> zeroinitializer, ptr %68, align 32
  %69 = mul nsw i64 %absolute_row, %q_stride_seq
  %70 = mul nsw i64 %head0, %q_stride_head
  %71 = add nsw i64 %70, %69
  %q_row = getelementptr inbounds i8, ptr %q_batch, i64 %71
  %72 = mul nsw i64 %row, 160
  %73 = getelementptr inbounds i8, ptr %scratch, i64 7872
  %q_copy = getelementptr inbounds i8, ptr %73, i64 %72
  %q2 = load <8 x i16>, ptr %q_row, align 2
  %74 = bitcast <8 x i16> %q2 to <8 x half>
  %75 = fpext <8 x half> %74 to <8 x float>
  store <8 x float> %75, ptr %q_copy, align 32
  %76 = getelementptr inbounds i8, ptr %q_row, i64 16
  %q3 = load <8 x i16>, ptr %76, align 2
  %77 = bitcast <8 x i16> %q3 to <8 x half>
  %78 = fpext <8 x half> %77 to <8 x float>
  %79 = getelementptr inbounds i8, ptr %q_copy, i64 32
  store <8 x float> %78, ptr %79, align 32
  %80 = getelementptr inbounds i8, ptr %q_row, i64 32
  %q4 = load <8 x i16>, ptr %80, align 2
  %81 = bitcast <8 x i16> %q4 to <8 x half>
  %82 = fpext <8 x half> %81 to <8 x float>
  %83 = getelementptr inbounds i8, ptr %q_copy, i64 64
  store <8 x float> %82, ptr %83, align 32
  %84 = getelementptr inbounds i8, ptr %q_row, i64 48
  %q5 = load <8 x i16>, ptr %84, align 2
  %85 = bitcast <8 x i16> %q5 to <8 x half>
  %86 = fpext <8 x half> %85 to <8 x float>
  %87 = getelementptr inbounds i8, ptr %q_copy, i64 96
  store <8 x float> %86, ptr %87, align 32
  %88 = getelementptr inbounds i8, ptr %q_row, i64 64
  %q6 = load <8 x i16>, ptr %88, align 2
  %89 = bitcast <8 x i16> %q6 to <8 x half>
  %90 = fpext <8 x half> %89 to <8 x float>
  %91 = getelementptr inbounds i8, ptr %q_copy, i64 128
  store <8 x float> %90, ptr %91, align 32
  %row.next = add nsw i64 %row, 1
  %92 = icmp slt i64 %row.next, %44
  br i1 %92, label %row.loop, label %row.done

row.done:                                         ; preds = %row.loop, %entry
  %93 = icmp slt i64 0, %panels
  br i1 %93, label %panel.loop, label %panel.done

panel.loop:                                       ; preds = %panel.loop, %row.done
  %panel = phi i64 [ 0, %row.done ], [ %panel.next, %panel.loop ]
  %panel.carried = phi i64 [ 9223372036854775807, %row.done ], [ %139, %panel.loop ]
  %panel.carried7 = phi i64 [ 0, %row.done ], [ %140, %panel.loop ]
  %94 = mul nsw i64 %panel, 32
  %95 = getelementptr inbounds i8, ptr %scratch, i64 1152
  %96 = getelementptr inbounds i8, ptr %95, i64 %94
  %lo8 = load i64, ptr %96, align 8
  %97 = getelementptr inbounds i8, ptr %scratch, i64 2176
  %98 = getelementptr inbounds i8, ptr %97, i64 %94
  %hi9 = load i64, ptr %98, align 8
  %99 = call i64 @llvm.smin.i64(i64 9223372036854775807, i64 %lo8)
  %100 = call i64 @llvm.smax.i64(i64 0, i64 %lo8)
  %101 = call i64 @llvm.smin.i64(i64 9223372036854775807, i64 %hi9)
  %102 = call i64 @llvm.smax.i64(i64 0, i64 %hi9)
  %103 = getelementptr inbounds i8, ptr %scratch, i64 1152
  %104 = getelementptr inbounds i8, ptr %103, i64 %94
  %105 = getelementptr inbounds i8, ptr %104, i64 8
  %lo10 = load i64, ptr %105, align 8
  %106 = getelementptr inbounds i8, ptr %scratch, i64 2176
  %107 = getelementptr inbounds i8, ptr %106, i64 %94
  %108 = getelementptr inbounds i8, ptr %107, i64 8
  %hi11 = load i64, ptr %108, align 8
  %109 = call i64 @llvm.smin.i64(i64 %99, i64 %lo10)
  %110 = call i64 @llvm.smax.i64(i64 %100, i64 %lo10)
  %111 = call i64 @llvm.smin.i64(i64 %101, i64 %hi11)
  %112 = call i64 @llvm.smax.i64(i64 %102, i64 %hi11)
  %113 = getelementptr inbounds i8, ptr %scratch, i64 1152
  %114 = getelementptr inbounds i8, ptr %113, i64 %94
  %115 = getelementptr inbounds i8, ptr %114, i64 16
  %lo12 = load i64, ptr %115, align 8
  %116 = getelementptr inbounds i8, ptr %scratch, i64 2176
  %117 = getelementptr inbounds i8, ptr %116, i64 %94
  %118 = getelementptr inbounds i8, ptr %117, i64 16
  %hi13 = load i64, ptr %118, align 8
  %119 = call i64 @llvm.smin.i64(i64 %109, i64 %lo12)
  %120 = call i64 @llvm.smax.i64(i64 %110, i64 %lo12)
  %121 = call i64 @llvm.smin.i64(i64 %111, i64 %hi13)
  %122 = call i64 @llvm.smax.i64(i64 %112, i64 %hi13)
  %123 = getelementptr inbounds i8, ptr %scratch, i64 1152
  %124 = getelementptr inbounds i8, ptr %123, i64 %94
  %125 = getelementptr inbounds i8, ptr %124, i64 24
  %lo14 = load i64, ptr %125, align 8
  %126 = getelementptr inbounds i8, ptr %scratch, i64 2176
  %127 = getelementptr inbounds i8, ptr %126, i64 %94
  %128 = getelementptr inbounds i8, ptr %127, i64 24
  %hi15 = load i64, ptr %128, align 8
  %129 = call i64 @llvm.smin.i64(i64 %119, i64 %lo14)
  %130 = call i64 @llvm.smax.i64(i64 %120, i64 %lo14)
  %131 = call i64 @llvm.smin.i64(i64 %121, i64 %hi15)
  %132 = call i64 @llvm.smax.i64(i64 %122, i64 %hi15)
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
  %140 = call i64 @llvm.smax.i64(i64 %panel.carried7, i64 %132)
  %panel.next = add nsw i64 %panel, 1
  %141 = icmp slt i64 %panel.next, %panels
  br i1 %141, label %panel.loop, label %panel.done

panel.done:                                       ; preds = %panel.loop, %row.done
  %panel.result = phi i64 [ 9223372036854775807, %row.done ], [ %139, %panel.loop ]
  %panel.result16 = phi i64 [ 0, %row.done ], [ %140, %panel.loop ]
  %142 = getelementptr inbounds i8, ptr %scratch, i64 104
  store i64 %panel.result, ptr %142, align 8
  %143 = getelementptr inbounds i8, ptr %scratch, i64 112
  store i64 %panel.result16, ptr %143, align 8
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
  %6 = getelementptr inbounds i8, ptr %scratch, i64 3200
  %7 = getelementptr inbounds i8, ptr %6, i64 %5
  %m = load float, ptr %7, align 4
  %8 = mul nsw i64 %row, 32
  %9 = getelementptr inbounds i8, ptr %scratch, i64 3712
  %10 = getelementptr inbounds i8, ptr %9, i64 %8
  %11 = load <8 x float>, ptr %10, align 32
  %12 = shufflevector <8 x float> %11, <8 x float> %11, <8 x i32> <i32 4, i32 5, i32 6, i32 7, i32 0, i32 1, i32 2, i32 3>
  %13 = fadd <8 x float> %11, %12
  %14 = shufflevector <8 x float> %13, <8 x float> %13, <8 x i32> <i32 2, i32 3, i32 0, i32 1, i32 6, i32 7, i32 4, i32 5>
  %15 = fadd <8 x float> %13, %14
  %16 = shufflevector <8 x float> %15, <8 x float> %15, <8 x i32> <i32 1, i32 0, i32 3, i32 2, i32 5, i32 4, i32 7, i32 6>
  %17 = fadd <8 x float> %15, %16
  %l = extractelement <8 x float> %17, i64 0
  %18 = mul nsw i64 %row, 96
  %19 = getelementptr inbounds i8, ptr %scratch, i64 31424
  %o_acc = getelementptr inbounds i8, ptr %19, i64 %18
  %20 = fcmp oeq float %l, 0.000000e+00
  %21 = fcmp oeq float %m, 0xFFF0000000000000
  %empty = and i1 %21, %20
  %22 = mul nsw i64 %head0, 4
  %23 = getelementptr inbounds i8, ptr %arguments, i64 48
  %sinks = load ptr, ptr %23, align 8
  %24 = getelementptr inbounds i8, ptr %sinks, i64 %22
  %sink = load float, ptr %24, align 4
  %sink_log2 = fmul float %sink, 0x3FF7154760000000
  %25 = fcmp ogt float %sink_log2, %m
  %top = select i1 %25, float %sink_log2, float %m
  %26 = fsub float %m, %top
  %.splatinsert = insertelement <8 x float> poison, float %26, i64 0
  %.splat = shufflevector <8 x float> %.splatinsert, <8 x float> poison, <8 x i32> zeroinitializer
  %27 = fcmp olt <8 x float> %.splat, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %28 = select <8 x i1> %27, <8 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <8 x float> %.splat
  %rounded = fadd <8 x float> %28, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %29 = fsub <8 x float> %rounded, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction = fsub <8 x float> %28, %29
  %exp2 = call <8 x float> @llvm.fma.v8f32(<8 x float> <float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000>, <8 x float> %fraction, <8 x float> <float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000>)
  %exp21 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp2, <8 x float> %fraction, <8 x float> <float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000>)
  %exp22 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp21, <8 x float> %fraction, <8 x float> <float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000>)
  %exp23 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp22, <8 x float> %fraction, <8 x float> <float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000>)
  %exp24 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp23, <8 x float> %fraction, <8 x float> <float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000>)
  %exp25 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp24, <8 x float> %fraction, <8 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %30 = bitcast <8 x float> %rounded to <8 x i32>
  %31 = shl <8 x i32> %30, <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %power = bitcast <8 x i32> %31 to <8 x float>
  %exp26 = fmul <8 x float> %exp25, %power
  %32 = extractelement <8 x float> %exp26, i64 0
  %33 = fsub float %sink_log2, %top
  %.splatinsert7 = insertelement <8 x float> poison, float %33, i64 0
  %.splat8 = shufflevector <8 x float> %.splatinsert7, <8 x float> poison, <8 x i32> zeroinitializer
  %34 = fcmp olt <8 x float> %.splat8, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %35 = select <8 x i1> %34, <8 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <8 x float> %.splat8
  %rounded9 = fadd <8 x float> %35, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %36 = fsub <8 x float> %rounded9, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction10 = fsub <8 x float> %35, %36
  %exp211 = call <8 x float> @llvm.fma.v8f32(<8 x float> <float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000>, <8 x float> %fraction10, <8 x float> <float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000>)
  %exp212 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp211, <8 x float> %fraction10, <8 x float> <float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000>)
  %exp213 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp212, <8 x float> %fraction10, <8 x float> <float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000>)
  %exp214 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp213, <8 x float> %fraction10, <8 x float> <float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000>)
  %exp215 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp214, <8 x float> %fraction10, <8 x float> <float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000>)
  %exp216 = call <8 x float> @llvm.fma.v8f32(<8 x float> %exp215, <8 x float> %fraction10, <8 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %37 = bitcast <8 x float> %rounded9 to <8 x i32>
  %38 = shl <8 x i32> %37, <i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23, i32 23>
  %power17 = bitcast <8 x i32> %38 to <8 x float>
  %exp218 = fmul <8 x float> %exp216, %power17
  %39 = extractelement <8 x float> %exp218, i64 0
  %sum = call float @llvm.fma.f32(float %l, float %32, float %39)
  %40 = fdiv float %32, %sum
  %factor = select i1 %empty, float 0.000000e+00, float %40
  %41 = bitcast float %sum to i32
  %42 = sub i32 %41, 1060439283
  %exponent = ashr i32 %42, 23
  %43 = shl i32 %exponent, 23
  %44 = sub i32 %41, %43
  %f = bitcast i32 %44 to float
  %45 = fadd float %f, 1.000000e+00
  %46 = fsub float %f, 1.000000e+00
  %t = fdiv float %46, %45
  %47 = fmul float %t, %t
  %48 = call float @llvm.fma.f32(float 0x3FB745D180000000, float %47, float 0x3FBC71C720000000)
  %49 = call float @llvm.fma.f32(float %48, float %47, float 0x3FC24924A0000000)
  %50 = call float @llvm.fma.f32(float %49, float %47, float 0x3FC99999A0000000)
  %51 = call float @llvm.fma.f32(float %50, float %47, float 0x3FD5555560000000)
  %52 = call float @llvm.fma.f32(float %51, float %47, float 1.000000e+00)
  %53 = fmul float %t, 0x4007154760000000
  %54 = fmul float %53, %52
  %55 = sitofp i32 %exponent to float
  %log2 = fadd float %55, %54
  %56 = fadd float %top, %log2
  %57 = fmul float %56, 0x3FE62E4300000000
  %58 = fcmp uno float %sum, %sum
  %59 = select i1 %58, float %sum, float %57
  %lse = select i1 %empty, float 0xFFF0000000000000, float %59
  %.splatinsert19 = insertelement <8 x float> poison, float %factor, i64 0
  %.splat20 = shufflevector <8 x float> %.splatinsert19, <8 x float> poison, <8 x i32> zeroinitializer
  %60 = fcmp une <8 x float> %.splat20, zeroinitializer
  %61 = add nsw i64 %absolute_row, %q_start
  %62 = getelementptr inbounds i8, ptr %arguments, i64 264
  %o_stride_batch = load i64, ptr %62, align 8
  %63 = mul nsw i64 %batch, %o_stride_batch
  %64 = getelementptr inbounds i8, ptr %arguments, i64 272
  %o_stride_head = load i64, ptr %64, align 8
  %65 = mul nsw i64 %head0, %o_stride_head
  %66 = add nsw i64 %63, %65
  %67 = getelementptr inbounds i8, ptr %arguments, i64 280
  %o_stride_seq = load i64, ptr %67, align 8
  %68 = mul nsw i64 %61, %o_stride_seq
  %69 = add nsw i64 %66, %68
  %70 = getelementptr inbounds i8, ptr %arguments, i64 24
  %o = load ptr, ptr %70, align 8
  %o_row = getelementptr inbounds i8, ptr %o, i64 %69
  %o21 = load <8 x float>, ptr %o_acc, align 32
  %71 = fmul <8 x float> %o21, %.splat20
  %72 = select <8 x i1> %60, <8 x float> %71, <8 x float> zeroinitializer
  %73 = fptrunc <8 x float> %72 to <8 x half>
  %74 = bitcast <8 x half> %73 to <8 x i16>
  store <8 x i16> %74, ptr %o_row, align 2
  %75 = getelementptr inbounds i8, ptr %o_row, i64 16
  %76 = getelementptr inbounds i8, ptr %o_acc, i64 32
  %o22 = load <8 x float>, ptr %76, align 32
  %77 = fmul <8 x float> %o22, %.splat20
  %78 = select <8 x i1> %60, <8 x float> %77, <8 x float> zeroinitializer
  %79 = fptrunc <8 x float> %78 to <8 x half>
  %80 = bitcast <8 x half> %79 to <8 x i16>
  store <8 x i16> %80, ptr %75, align 2
  %81 = getelementptr inbounds i8, ptr %o_row, i64 32
  %82 = getelementptr inbounds i8, ptr %o_acc, i64 64
  %o23 = load <8 x float>, ptr %82, align 32
  %83 = fmul <8 x float> %o23, %.splat20
  %84 = select <8 x i1> %60, <8 x float> %83, <8 x float> zeroinitializer
  %85 = fptrunc <8 x float> %84 to <8 x half>
  %86 = bitcast <8 x half> %85 to <8 x i16>
  store <8 x i16> %86, ptr %81, align 2
  %87 = getelementptr inbounds i8, ptr %arguments, i64 288
  %lse_stride_batch = load i64, ptr %87, align 8
  %88 = mul nsw i64 %batch, %lse_stride_batch
  %89 = getelementptr inbounds i8, ptr %arguments, i64 296
  %lse_stride_head = load i64, ptr %89, align 8
  %90 = mul nsw i64 %head0, %lse_stride_head
  %91 = add nsw i64 %88, %90
  %92 = mul nsw i64 %61, 4
  %93 = add nsw i64 %91, %92
  %94 = getelementptr inbounds i8, ptr %arguments, i64 32
  %lse24 = load ptr, ptr %94, align 8
  %95 = getelementptr inbounds i8, ptr %lse24, i64 %93
  store float %lse, ptr %95, align 4
  %row.next = add nsw i64 %row, 1
  %96 = icmp slt i64 %row.next, %rows
  br i1 %96, label %row.loop, label %row.done

row.done:                                         ; preds = %row.loop, %entry
  ret void
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare float @llvm.fma.f32(float, float, float) #1

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
  %4 = sub nsw i64 %row_blocks, 1
  %row_block1 = sub nsw i64 %4, %row_block
  %5 = udiv i64 %3, %row_blocks
  %head = urem i64 %5, %heads_q
  %batch = udiv i64 %5, %heads_q
  call void @begin_item(ptr %arguments, ptr %scratch, i64 %batch, i64 %head, i64 %row_block1)
  %6 = getelementptr inbounds i8, ptr %scratch, i64 24
  %rows = load i64, ptr %6, align 8
  %exists = icmp sgt i64 %rows, 0
  br i1 %exists, label %rows_exist, label %rows_exist.end

item.done:                                        ; preds = %rows_exist.end, %entry
  ret void

rows_exist:                                       ; preds = %item.loop
  %7 = getelementptr inbounds i8, ptr %scratch, i64 40
  %kv_len = load i64, ptr %7, align 8
  %8 = getelementptr inbounds i8, ptr %scratch, i64 104
  %lo_min = load i64, ptr %8, align 8
  %9 = udiv i64 %lo_min, 192
  %first_key = mul nsw i64 %9, 192
  %10 = getelementptr inbounds i8, ptr %scratch, i64 112
  %last_key = load i64, ptr %10, align 8
  %11 = icmp slt i64 %first_key, %last_key
  br i1 %11, label %block.loop, label %block.done

rows_exist.end:                                   ; preds = %block.done, %item.loop
  %item.next = add nsw i64 %item, 1
  %12 = icmp slt i64 %item.next, %item_end
  br i1 %12, label %item.loop, label %item.done

block.loop:                                       ; preds = %block.loop, %rows_exist
  %block = phi i64 [ %first_key, %rows_exist ], [ %block.next, %block.loop ]
  %13 = sub nsw i64 %last_key, %block
  %count = call i64 @llvm.smin.i64(i64 %13, i64 192)
  call void @visit_block(ptr %arguments, ptr %scratch, i64 %block, i64 %count, i1 true)
  %block.next = add nsw i64 %block, 192
  %14 = icmp slt i64 %block.next, %last_key
  br i1 %14, label %block.loop, label %block.done

block.done:                                       ; preds = %block.loop, %rows_exist
  call void @finish_item(ptr %arguments, ptr %scratch, i64 %split)
  br label %rows_exist.end
}

attributes #0 = { noinline nounwind "min-legal-vector-width"="256" "prefer-vector-width"="256" }
attributes #1 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #2 = { nocallback nofree nosync nounwind willreturn memory(argmem: read) }
attributes #3 = { nounwind "min-legal-vector-width"="256" "prefer-vector-width"="256" }
