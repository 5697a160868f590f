; Attune forward_cpu version 1: attention forward on the host.
; arch: portable
; spec: forward_cpu v1 portable alibi=0 alignment=none causal=0 dtype=fp32 full_lists=1 group=1 head_dim_qk=64 head_dim_v=64 kv_lengths=0 lse=0 mask=none mask_broadcast_kv=0 mask_dtype=none mask_short=0 partial_lists=1 positive_scale=1 sinks=0 softcap=0 sparsity=csr varlen=0 window_left=0 window_right=0
; config: block_m=64 block_n=96 grain=1 k_pack=1 pack_gqa=0 prefetch=0 pv_columns=3 qk_columns=2 rows=4 splits=1 unroll=1 v_pack=1
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
  %group = udiv i64 %key, 4
  %panel = udiv i64 %group, 2
  %column = urem i64 %group, 2
  %1 = mul nsw i64 %column, 16
  %2 = mul nsw i64 %panel, 2048
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
  br i1 true, label %word.loop, label %word.done

key.done:                                         ; preds = %word.done, %entry
  ret void

word.loop:                                        ; preds = %word.loop, %key.loop
  %word = phi i64 [ 0, %key.loop ], [ %word.next, %word.loop ]
  %in_bytes = mul nsw i64 %word, 4
  %15 = getelementptr inbounds i8, ptr %row, i64 %in_bytes
  %key4 = load <4 x float>, ptr %15, align 4
  %16 = bitcast <4 x float> %key4 to <4 x i32>
  %17 = getelementptr inbounds i8, ptr %row1, i64 %in_bytes
  %key5 = load <4 x float>, ptr %17, align 4
  %18 = bitcast <4 x float> %key5 to <4 x i32>
  %19 = getelementptr inbounds i8, ptr %row2, i64 %in_bytes
  %key6 = load <4 x float>, ptr %19, align 4
  %20 = bitcast <4 x float> %key6 to <4 x i32>
  %21 = getelementptr inbounds i8, ptr %row3, i64 %in_bytes
  %key7 = load <4 x float>, ptr %21, align 4
  %22 = bitcast <4 x float> %key7 to <4 x i32>
  %23 = shufflevector <4 x i32> %16, <4 x i32> %18, <4 x i32> <i32 0, i32 4, i32 2, i32 6>
  %24 = shufflevector <4 x i32> %16, <4 x i32> %18, <4 x i32> <i32 1, i32 5, i32 3, i32 7>
  %25 = shufflevector <4 x i32> %20, <4 x i32> %22, <4 x i32> <i32 0, i32 4, i32 2, i32 6>
  %26 = shufflevector <4 x i32> %20, <4 x i32> %22, <4 x i32> <i32 1, i32 5, i32 3, i32 7>
  %27 = shufflevector <4 x i32> %23, <4 x i32> %25, <4 x i32> <i32 0, i32 1, i32 4, i32 5>
  %28 = shufflevector <4 x i32> %23, <4 x i32> %25, <4 x i32> <i32 2, i32 3, i32 6, i32 7>
  %29 = shufflevector <4 x i32> %24, <4 x i32> %26, <4 x i32> <i32 0, i32 1, i32 4, i32 5>
  %30 = shufflevector <4 x i32> %24, <4 x i32> %26, <4 x i32> <i32 2, i32 3, i32 6, i32 7>
  %31 = mul nsw i64 %word, 32
  %32 = getelementptr inbounds i8, ptr %out, i64 %31
  store <4 x i32> %27, ptr %32, align 16
  %33 = add nsw i64 %word, 1
  %34 = mul nsw i64 %33, 32
  %35 = getelementptr inbounds i8, ptr %out, i64 %34
  store <4 x i32> %29, ptr %35, align 16
  %36 = add nsw i64 %word, 2
  %37 = mul nsw i64 %36, 32
  %38 = getelementptr inbounds i8, ptr %out, i64 %37
  store <4 x i32> %28, ptr %38, align 16
  %39 = add nsw i64 %word, 3
  %40 = mul nsw i64 %39, 32
  %41 = getelementptr inbounds i8, ptr %out, i64 %40
  store <4 x i32> %30, ptr %41, align 16
  %word.next = add nsw i64 %word, 4
  %42 = icmp slt i64 %word.next, 64
  br i1 %42, label %word.loop, label %word.done

word.done:                                        ; preds = %word.loop, %key.loop
  %key.next = add nsw i64 %key, 4
  %43 = icmp slt i64 %key.next, %count
  br i1 %43, label %key.loop, label %key.done
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
  %value = load <4 x float>, ptr %in, align 4
  store <4 x float> %value, ptr %out, align 16
  %3 = getelementptr inbounds i8, ptr %in, i64 16
  %value1 = load <4 x float>, ptr %3, align 4
  %4 = getelementptr inbounds i8, ptr %out, i64 16
  store <4 x float> %value1, ptr %4, align 16
  %5 = getelementptr inbounds i8, ptr %in, i64 32
  %value2 = load <4 x float>, ptr %5, align 4
  %6 = getelementptr inbounds i8, ptr %out, i64 32
  store <4 x float> %value2, ptr %6, align 16
  %7 = getelementptr inbounds i8, ptr %in, i64 48
  %value3 = load <4 x float>, ptr %7, align 4
  %8 = getelementptr inbounds i8, ptr %out, i64 48
  store <4 x float> %value3, ptr %8, align 16
  %9 = getelementptr inbounds i8, ptr %in, i64 64
  %value4 = load <4 x float>, ptr %9, align 4
  %10 = getelementptr inbounds i8, ptr %out, i64 64
  store <4 x float> %value4, ptr %10, align 16
  %11 = getelementptr inbounds i8, ptr %in, i64 80
  %value5 = load <4 x float>, ptr %11, align 4
  %12 = getelementptr inbounds i8, ptr %out, i64 80
  store <4 x float> %value5, ptr %12, align 16
  %13 = getelementptr inbounds i8, ptr %in, i64 96
  %value6 = load <4 x float>, ptr %13, align 4
  %14 = getelementptr inbounds i8, ptr %out, i64 96
  store <4 x float> %value6, ptr %14, align 16
  %15 = getelementptr inbounds i8, ptr %in, i64 112
  %value7 = load <4 x float>, ptr %15, align 4
  %16 = getelementptr inbounds i8, ptr %out, i64 112
  store <4 x float> %value7, ptr %16, align 16
  %17 = getelementptr inbounds i8, ptr %in, i64 128
  %value8 = load <4 x float>, ptr %17, align 4
  %18 = getelementptr inbounds i8, ptr %out, i64 128
  store <4 x float> %value8, ptr %18, align 16
  %19 = getelementptr inbounds i8, ptr %in, i64 144
  %value9 = load <4 x float>, ptr %19, align 4
  %20 = getelementptr inbounds i8, ptr %out, i64 144
  store <4 x float> %value9, ptr %20, align 16
  %21 = getelementptr inbounds i8, ptr %in, i64 160
  %value10 = load <4 x float>, ptr %21, align 4
  %22 = getelementptr inbounds i8, ptr %out, i64 160
  store <4 x float> %value10, ptr %22, align 16
  %23 = getelementptr inbounds i8, ptr %in, i64 176
  %value11 = load <4 x float>, ptr %23, align 4
  %24 = getelementptr inbounds i8, ptr %out, i64 176
  store <4 x float> %value11, ptr %24, align 16
  %25 = getelementptr inbounds i8, ptr %in, i64 192
  %value12 = load <4 x float>, ptr %25, align 4
  %26 = getelementptr inbounds i8, ptr %out, i64 192
  store <4 x float> %value12, ptr %26, align 16
  %27 = getelementptr inbounds i8, ptr %in, i64 208
  %value13 = load <4 x float>, ptr %27, align 4
  %28 = getelementptr inbounds i8, ptr %out, i64 208
  store <4 x float> %value13, ptr %28, align 16
  %29 = getelementptr inbounds i8, ptr %in, i64 224
  %value14 = load <4 x float>, ptr %29, align 4
  %30 = getelementptr inbounds i8, ptr %out, i64 224
  store <4 x float> %value14, ptr %30, align 16
  %31 = getelementptr inbounds i8, ptr %in, i64 240
  %value15 = load <4 x float>, ptr %31, align 4
  %32 = getelementptr inbounds i8, ptr %out, i64 240
  store <4 x float> %value15, ptr %32, align 16
  %row.next = add nsw i64 %row, 1
  %33 = icmp slt i64 %row.next, %count
  br i1 %33, label %row.loop, label %row.done

row.done:                                         ; preds = %row.loop, %entry
  %pad_begin = udiv i64 %count, 1
  %34 = add nsw i64 %count, 1
  %35 = udiv i64 %34, 2
  %36 = mul nsw i64 %35, 2
  %pad_end = udiv i64 %36, 1
  %37 = icmp slt i64 %pad_begin, %pad_end
  br i1 %37, label %pad.loop, label %pad.done

pad.loop:                                         ; preds = %pad.loop, %row.done
  %pad = phi i64 [ %pad_begin, %row.done ], [ %pad.next, %pad.loop ]
  %38 = mul nsw i64 %pad, 256
  %39 = getelementptr inbounds i8, ptr %packed, i64 %38
  store <4 x float> zeroinitializer, ptr %39, align 16
  %40 = getelementptr inbounds i8, ptr %39, i64 16
  store <4 x float> zeroinitializer, ptr %40, align 16
  %41 = getelementptr inbounds i8, ptr %39, i64 32
  store <4 x float> zeroinitializer, ptr %41, align 16
  %42 = getelementptr inbounds i8, ptr %39, i64 48
  store <4 x float> zeroinitializer, ptr %42, align 16
  %43 = getelementptr inbounds i8, ptr %39, i64 64
  store <4 x float> zeroinitializer, ptr %43, align 16
  %44 = getelementptr inbounds i8, ptr %39, i64 80
  store <4 x float> zeroinitializer, ptr %44, align 16
  %45 = getelementptr inbounds i8, ptr %39, i64 96
  store <4 x float> zeroinitializer, ptr %45, align 16
  %46 = getelementptr inbounds i8, ptr %39, i64 112
  store <4 x float> zeroinitializer, ptr %46, align 16
  %47 = getelementptr inbounds i8, ptr %39, i64 128
  store <4 x float> zeroinitializer, ptr %47, align 16
  %48 = getelementptr inbounds i8, ptr %39, i64 144
  store <4 x float> zeroinitializer, ptr %48, align 16
  %49 = getelementptr inbounds i8, ptr %39, i64 160
  store <4 x float> zeroinitializer, ptr %49, align 16
  %50 = getelementptr inbounds i8, ptr %39, i64 176
  store <4 x float> zeroinitializer, ptr %50, align 16
  %51 = getelementptr inbounds i8, ptr %39, i64 192
  store <4 x float> zeroinitializer, ptr %51, align 16
  %52 = getelementptr inbounds i8, ptr %39, i64 208
  store <4 x float> zeroinitializer, ptr %52, align 16
  %53 = getelementptr inbounds i8, ptr %39, i64 224
  store <4 x float> zeroinitializer, ptr %53, align 16
  %54 = getelementptr inbounds i8, ptr %39, i64 240
  store <4 x float> zeroinitializer, ptr %54, align 16
  %pad.next = add nsw i64 %pad, 1
  %55 = icmp slt i64 %pad.next, %pad_end
  br i1 %55, label %pad.loop, label %pad.done

pad.done:                                         ; preds = %pad.loop, %row.done
  ret void
}

; Function Attrs: noinline nounwind
; scores[row][key] = dot(query, key) for one panel of rows, accumulated in registers
define internal void @scores(ptr noundef %queries, ptr noundef %packed, ptr noundef %scores, i64 %count) #0 {
entry:
  %0 = add nsw i64 %count, 3
  %vectors = udiv i64 %0, 4
  %panels = udiv i64 %vectors, 2
  %1 = icmp slt i64 0, %panels
  br i1 %1, label %panel.loop, label %panel.done

panel.loop:                                       ; preds = %word.done, %entry
  %panel = phi i64 [ 0, %entry ], [ %panel.next, %word.done ]
  %2 = mul nsw i64 %panel, 32
  %out = getelementptr inbounds i8, ptr %scores, i64 %2
  %3 = mul nsw i64 %panel, 2048
  %keys = getelementptr inbounds i8, ptr %packed, i64 %3
  br i1 true, label %word.loop, label %word.done

panel.done:                                       ; preds = %word.done, %entry
  %4 = mul nsw i64 %panels, 2048
  %keys29 = getelementptr inbounds i8, ptr %packed, i64 %4
  %5 = mul nsw i64 %panels, 2
  %6 = icmp slt i64 %5, %vectors
  br i1 %6, label %vector.loop, label %vector.done

word.loop:                                        ; preds = %word.loop, %panel.loop
  %word = phi i64 [ 0, %panel.loop ], [ %word.next, %word.loop ]
  %word.carried = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum, %word.loop ]
  %word.carried1 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum9, %word.loop ]
  %word.carried2 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum12, %word.loop ]
  %word.carried3 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum13, %word.loop ]
  %word.carried4 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum16, %word.loop ]
  %word.carried5 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum17, %word.loop ]
  %word.carried6 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum20, %word.loop ]
  %word.carried7 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum21, %word.loop ]
  %7 = mul nsw i64 %word, 32
  %8 = getelementptr inbounds i8, ptr %keys, i64 %7
  %key = load <4 x i32>, ptr %8, align 16
  %9 = getelementptr inbounds i8, ptr %8, i64 16
  %key8 = load <4 x i32>, ptr %9, align 16
  %10 = mul nsw i64 %word, 4
  %11 = getelementptr inbounds i8, ptr %queries, i64 %10
  %12 = load i32, ptr %11, align 4
  %q.splatinsert = insertelement <4 x i32> poison, i32 %12, i64 0
  %q.splat = shufflevector <4 x i32> %q.splatinsert, <4 x i32> poison, <4 x i32> zeroinitializer
  %13 = bitcast <4 x i32> %key to <4 x float>
  %14 = bitcast <4 x i32> %q.splat to <4 x float>
  %sum = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %14, <4 x float> %13, <4 x float> %word.carried)
  %15 = bitcast <4 x i32> %key8 to <4 x float>
  %16 = bitcast <4 x i32> %q.splat to <4 x float>
  %sum9 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %16, <4 x float> %15, <4 x float> %word.carried1)
  %17 = getelementptr inbounds i8, ptr %11, i64 256
  %18 = load i32, ptr %17, align 4
  %q.splatinsert10 = insertelement <4 x i32> poison, i32 %18, i64 0
  %q.splat11 = shufflevector <4 x i32> %q.splatinsert10, <4 x i32> poison, <4 x i32> zeroinitializer
  %19 = bitcast <4 x i32> %key to <4 x float>
  %20 = bitcast <4 x i32> %q.splat11 to <4 x float>
  %sum12 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %20, <4 x float> %19, <4 x float> %word.carried2)
  %21 = bitcast <4 x i32> %key8 to <4 x float>
  %22 = bitcast <4 x i32> %q.splat11 to <4 x float>
  %sum13 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %22, <4 x float> %21, <4 x float> %word.carried3)
  %23 = getelementptr inbounds i8, ptr %11, i64 512
  %24 = load i32, ptr %23, align 4
  %q.splatinsert14 = insertelement <4 x i32> poison, i32 %24, i64 0
  %q.splat15 = shufflevector <4 x i32> %q.splatinsert14, <4 x i32> poison, <4 x i32> zeroinitializer
  %25 = bitcast <4 x i32> %key to <4 x float>
  %26 = bitcast <4 x i32> %q.splat15 to <4 x float>
  %sum16 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %26, <4 x float> %25, <4 x float> %word.carried4)
  %27 = bitcast <4 x i32> %key8 to <4 x float>
  %28 = bitcast <4 x i32> %q.splat15 to <4 x float>
  %sum17 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %28, <4 x float> %27, <4 x float> %word.carried5)
  %29 = getelementptr inbounds i8, ptr %11, i64 768
  %30 = load i32, ptr %29, align 4
  %q.splatinsert18 = insertelement <4 x i32> poison, i32 %30, i64 0
  %q.splat19 = shufflevector <4 x i32> %q.splatinsert18, <4 x i32> poison, <4 x i32> zeroinitializer
  %31 = bitcast <4 x i32> %key to <4 x float>
  %32 = bitcast <4 x i32> %q.splat19 to <4 x float>
  %sum20 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %32, <4 x float> %31, <4 x float> %word.carried6)
  %33 = bitcast <4 x i32> %key8 to <4 x float>
  %34 = bitcast <4 x i32> %q.splat19 to <4 x float>
  %sum21 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %34, <4 x float> %33, <4 x float> %word.carried7)
  %word.next = add nsw i64 %word, 1
  %35 = icmp slt i64 %word.next, 64
  br i1 %35, label %word.loop, label %word.done

word.done:                                        ; preds = %word.loop, %panel.loop
  %word.result = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum, %word.loop ]
  %word.result22 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum9, %word.loop ]
  %word.result23 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum12, %word.loop ]
  %word.result24 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum13, %word.loop ]
  %word.result25 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum16, %word.loop ]
  %word.result26 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum17, %word.loop ]
  %word.result27 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum20, %word.loop ]
  %word.result28 = phi <4 x float> [ zeroinitializer, %panel.loop ], [ %sum21, %word.loop ]
  store <4 x float> %word.result, ptr %out, align 16
  %36 = getelementptr inbounds i8, ptr %out, i64 16
  store <4 x float> %word.result22, ptr %36, align 16
  %37 = getelementptr inbounds i8, ptr %out, i64 384
  store <4 x float> %word.result23, ptr %37, align 16
  %38 = getelementptr inbounds i8, ptr %out, i64 400
  store <4 x float> %word.result24, ptr %38, align 16
  %39 = getelementptr inbounds i8, ptr %out, i64 768
  store <4 x float> %word.result25, ptr %39, align 16
  %40 = getelementptr inbounds i8, ptr %out, i64 784
  store <4 x float> %word.result26, ptr %40, align 16
  %41 = getelementptr inbounds i8, ptr %out, i64 1152
  store <4 x float> %word.result27, ptr %41, align 16
  %42 = getelementptr inbounds i8, ptr %out, i64 1168
  store <4 x float> %word.result28, ptr %42, align 16
  %panel.next = add nsw i64 %panel, 1
  %43 = icmp slt i64 %panel.next, %panels
  br i1 %43, label %panel.loop, label %panel.done

vector.loop:                                      ; preds = %word.done33, %panel.done
  %vector = phi i64 [ %5, %panel.done ], [ %vector.next, %word.done33 ]
  %44 = mul nsw i64 %panels, 2
  %column = sub nsw i64 %vector, %44
  %45 = mul nsw i64 %column, 16
  %keys30 = getelementptr inbounds i8, ptr %keys29, i64 %45
  %46 = mul nsw i64 %vector, 16
  %out31 = getelementptr inbounds i8, ptr %scores, i64 %46
  br i1 true, label %word.loop32, label %word.done33

vector.done:                                      ; preds = %word.done33, %panel.done
  ret void

word.loop32:                                      ; preds = %word.loop32, %vector.loop
  %word34 = phi i64 [ 0, %vector.loop ], [ %word.next52, %word.loop32 ]
  %word.carried35 = phi <4 x float> [ zeroinitializer, %vector.loop ], [ %sum42, %word.loop32 ]
  %word.carried36 = phi <4 x float> [ zeroinitializer, %vector.loop ], [ %sum45, %word.loop32 ]
  %word.carried37 = phi <4 x float> [ zeroinitializer, %vector.loop ], [ %sum48, %word.loop32 ]
  %word.carried38 = phi <4 x float> [ zeroinitializer, %vector.loop ], [ %sum51, %word.loop32 ]
  %47 = mul nsw i64 %word34, 32
  %48 = getelementptr inbounds i8, ptr %keys30, i64 %47
  %key39 = load <4 x i32>, ptr %48, align 16
  %49 = mul nsw i64 %word34, 4
  %50 = getelementptr inbounds i8, ptr %queries, i64 %49
  %51 = load i32, ptr %50, align 4
  %q.splatinsert40 = insertelement <4 x i32> poison, i32 %51, i64 0
  %q.splat41 = shufflevector <4 x i32> %q.splatinsert40, <4 x i32> poison, <4 x i32> zeroinitializer
  %52 = bitcast <4 x i32> %key39 to <4 x float>
  %53 = bitcast <4 x i32> %q.splat41 to <4 x float>
  %sum42 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %53, <4 x float> %52, <4 x float> %word.carried35)
  %54 = getelementptr inbounds i8, ptr %50, i64 256
  %55 = load i32, ptr %54, align 4
  %q.splatinsert43 = insertelement <4 x i32> poison, i32 %55, i64 0
  %q.splat44 = shufflevector <4 x i32> %q.splatinsert43, <4 x i32> poison, <4 x i32> zeroinitializer
  %56 = bitcast <4 x i32> %key39 to <4 x float>
  %57 = bitcast <4 x i32> %q.splat44 to <4 x float>
  %sum45 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %57, <4 x float> %56, <4 x float> %word.carried36)
  %58 = getelementptr inbounds i8, ptr %50, i64 512
  %59 = load i32, ptr %58, align 4
  %q.splatinsert46 = insertelement <4 x i32> poison, i32 %59, i64 0
  %q.splat47 = shufflevector <4 x i32> %q.splatinsert46, <4 x i32> poison, <4 x i32> zeroinitializer
  %60 = bitcast <4 x i32> %key39 to <4 x float>
  %61 = bitcast <4 x i32> %q.splat47 to <4 x float>
  %sum48 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %61, <4 x float> %60, <4 x float> %word.carried37)
  %62 = getelementptr inbounds i8, ptr %50, i64 768
  %63 = load i32, ptr %62, align 4
  %q.splatinsert49 = insertelement <4 x i32> poison, i32 %63, i64 0
  %q.splat50 = shufflevector <4 x i32> %q.splatinsert49, <4 x i32> poison, <4 x i32> zeroinitializer
  %64 = bitcast <4 x i32> %key39 to <4 x float>
  %65 = bitcast <4 x i32> %q.splat50 to <4 x float>
  %sum51 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %65, <4 x float> %64, <4 x float> %word.carried38)
  %word.next52 = add nsw i64 %word34, 1
  %66 = icmp slt i64 %word.next52, 64
  br i1 %66, label %word.loop32, label %word.done33

word.done33:                                      ; preds = %word.loop32, %vector.loop
  %word.result53 = phi <4 x float> [ zeroinitializer, %vector.loop ], [ %sum42, %word.loop32 ]
  %word.result54 = phi <4 x float> [ zeroinitializer, %vector.loop ], [ %sum45, %word.loop32 ]
  %word.result55 = phi <4 x float> [ zeroinitializer, %vector.loop ], [ %sum48, %word.loop32 ]
  %word.result56 = phi <4 x float> [ zeroinitializer, %vector.loop ], [ %sum51, %word.loop32 ]
  store <4 x float> %word.result53, ptr %out31, align 16
  %67 = getelementptr inbounds i8, ptr %out31, i64 384
  store <4 x float> %word.result54, ptr %67, align 16
  %68 = getelementptr inbounds i8, ptr %out31, i64 768
  store <4 x float> %word.result55, ptr %68, align 16
  %69 = getelementptr inbounds i8, ptr %out31, i64 1152
  store <4 x float> %word.result56, ptr %69, align 16
  %vector.next = add nsw i64 %vector, 1
  %70 = icmp slt i64 %vector.next, %vectors
  br i1 %70, label %vector.loop, label %vector.done
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare <4 x float> @llvm.fmuladd.v4f32(<4 x float>, <4 x float>, <4 x float>) #1

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
  %from.splatinsert = insertelement <4 x i32> poison, i32 %9, i64 0
  %from.splat = shufflevector <4 x i32> %from.splatinsert, <4 x i32> poison, <4 x i32> zeroinitializer
  %10 = trunc i64 %to_key to i32
  %to.splatinsert = insertelement <4 x i32> poison, i32 %10, i64 0
  %to.splat = shufflevector <4 x i32> %to.splatinsert, <4 x i32> poison, <4 x i32> zeroinitializer
  %11 = mul nsw i64 %row, 384
  %row_scores = getelementptr inbounds i8, ptr %scores, i64 %11
  %12 = add nsw i64 %from_key, 3
  %13 = udiv i64 %12, 4
  %before = call i64 @llvm.smin.i64(i64 %13, i64 %vectors)
  %14 = udiv i64 %to_key, 4
  %after = call i64 @llvm.smax.i64(i64 %14, i64 %before)
  %15 = icmp slt i64 0, %before
  br i1 %15, label %below.loop, label %below.done

row.done:                                         ; preds = %above.done, %entry
  ret void

below.loop:                                       ; preds = %below.loop, %row.loop
  %below = phi i64 [ 0, %row.loop ], [ %below.next, %below.loop ]
  %16 = mul nsw i64 %below, 16
  %17 = getelementptr inbounds i8, ptr %row_scores, i64 %16
  %18 = mul nsw i64 %below, 4
  %19 = trunc i64 %18 to i32
  %.splatinsert = insertelement <4 x i32> poison, i32 %19, i64 0
  %.splat = shufflevector <4 x i32> %.splatinsert, <4 x i32> poison, <4 x i32> zeroinitializer
  %column = add <4 x i32> <i32 0, i32 1, i32 2, i32 3>, %.splat
  %20 = icmp slt <4 x i32> %column, %to.splat
  %21 = icmp sge <4 x i32> %column, %from.splat
  %visible = and <4 x i1> %21, %20
  %s = load <4 x float>, ptr %17, align 16
  %22 = select <4 x i1> %visible, <4 x float> %s, <4 x float> <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>
  store <4 x float> %22, ptr %17, align 16
  %below.next = add nsw i64 %below, 1
  %23 = icmp slt i64 %below.next, %before
  br i1 %23, label %below.loop, label %below.done

below.done:                                       ; preds = %below.loop, %row.loop
  %24 = icmp slt i64 %after, %vectors
  br i1 %24, label %above.loop, label %above.done

above.loop:                                       ; preds = %above.loop, %below.done
  %above = phi i64 [ %after, %below.done ], [ %above.next, %above.loop ]
  %25 = mul nsw i64 %above, 16
  %26 = getelementptr inbounds i8, ptr %row_scores, i64 %25
  %27 = mul nsw i64 %above, 4
  %28 = trunc i64 %27 to i32
  %.splatinsert1 = insertelement <4 x i32> poison, i32 %28, i64 0
  %.splat2 = shufflevector <4 x i32> %.splatinsert1, <4 x i32> poison, <4 x i32> zeroinitializer
  %column3 = add <4 x i32> <i32 0, i32 1, i32 2, i32 3>, %.splat2
  %29 = icmp slt <4 x i32> %column3, %to.splat
  %30 = icmp sge <4 x i32> %column3, %from.splat
  %visible4 = and <4 x i1> %30, %29
  %s5 = load <4 x float>, ptr %26, align 16
  %31 = select <4 x i1> %visible4, <4 x float> %s5, <4 x float> <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>
  store <4 x float> %31, ptr %26, align 16
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
  %scale.splatinsert = insertelement <4 x float> poison, float %scale_log2, i64 0
  %scale.splat = shufflevector <4 x float> %scale.splatinsert, <4 x float> poison, <4 x i32> zeroinitializer
  %0 = udiv i64 %vectors, 4
  %whole = mul nsw i64 %0, 4
  br i1 true, label %row.loop, label %row.done

row.loop:                                         ; preds = %exp_last.done, %entry
  %row = phi i64 [ 0, %entry ], [ %row.next, %exp_last.done ]
  %1 = mul nsw i64 %row, 384
  %in = getelementptr inbounds i8, ptr %scores, i64 %1
  %2 = mul nsw i64 %row, 384
  %out = getelementptr inbounds i8, ptr %probabilities, i64 %2
  %3 = icmp slt i64 0, %whole
  br i1 %3, label %max.loop, label %max.done

row.done:                                         ; preds = %exp_last.done, %entry
  ret void

max.loop:                                         ; preds = %max.loop, %row.loop
  %max = phi i64 [ 0, %row.loop ], [ %max.next, %max.loop ]
  %max.carried = phi <4 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max4, %max.loop ]
  %max.carried1 = phi <4 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max6, %max.loop ]
  %max.carried2 = phi <4 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max8, %max.loop ]
  %max.carried3 = phi <4 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max10, %max.loop ]
  %4 = mul nsw i64 %max, 16
  %5 = getelementptr inbounds i8, ptr %in, i64 %4
  %s = load <4 x float>, ptr %5, align 16
  %6 = fcmp ogt <4 x float> %s, %max.carried
  %max4 = select <4 x i1> %6, <4 x float> %s, <4 x float> %max.carried
  %7 = add nsw i64 %max, 1
  %8 = mul nsw i64 %7, 16
  %9 = getelementptr inbounds i8, ptr %in, i64 %8
  %s5 = load <4 x float>, ptr %9, align 16
  %10 = fcmp ogt <4 x float> %s5, %max.carried1
  %max6 = select <4 x i1> %10, <4 x float> %s5, <4 x float> %max.carried1
  %11 = add nsw i64 %max, 2
  %12 = mul nsw i64 %11, 16
  %13 = getelementptr inbounds i8, ptr %in, i64 %12
  %s7 = load <4 x float>, ptr %13, align 16
  %14 = fcmp ogt <4 x float> %s7, %max.carried2
  %max8 = select <4 x i1> %14, <4 x float> %s7, <4 x float> %max.carried2
  %15 = add nsw i64 %max, 3
  %16 = mul nsw i64 %15, 16
  %17 = getelementptr inbounds i8, ptr %in, i64 %16
  %s9 = load <4 x float>, ptr %17, align 16
  %18 = fcmp ogt <4 x float> %s9, %max.carried3
  %max10 = select <4 x i1> %18, <4 x float> %s9, <4 x float> %max.carried3
  %max.next = add nsw i64 %max, 4
  %19 = icmp slt i64 %max.next, %whole
  br i1 %19, label %max.loop, label %max.done

max.done:                                         ; preds = %max.loop, %row.loop
  %max.result = phi <4 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max4, %max.loop ]
  %max.result11 = phi <4 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max6, %max.loop ]
  %max.result12 = phi <4 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max8, %max.loop ]
  %max.result13 = phi <4 x float> [ <float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000, float 0xFFF0000000000000>, %row.loop ], [ %max10, %max.loop ]
  %20 = icmp slt i64 %whole, %vectors
  br i1 %20, label %max_last.loop, label %max_last.done

max_last.loop:                                    ; preds = %max_last.loop, %max.done
  %max_last = phi i64 [ %whole, %max.done ], [ %max_last.next, %max_last.loop ]
  %max_last.carried = phi <4 x float> [ %max.result, %max.done ], [ %max15, %max_last.loop ]
  %21 = mul nsw i64 %max_last, 16
  %22 = getelementptr inbounds i8, ptr %in, i64 %21
  %s14 = load <4 x float>, ptr %22, align 16
  %23 = fcmp ogt <4 x float> %s14, %max_last.carried
  %max15 = select <4 x i1> %23, <4 x float> %s14, <4 x float> %max_last.carried
  %max_last.next = add nsw i64 %max_last, 1
  %24 = icmp slt i64 %max_last.next, %vectors
  br i1 %24, label %max_last.loop, label %max_last.done

max_last.done:                                    ; preds = %max_last.loop, %max.done
  %max_last.result = phi <4 x float> [ %max.result, %max.done ], [ %max15, %max_last.loop ]
  %25 = fcmp ogt <4 x float> %max.result11, %max_last.result
  %26 = select <4 x i1> %25, <4 x float> %max.result11, <4 x float> %max_last.result
  %27 = fcmp ogt <4 x float> %max.result12, %26
  %28 = select <4 x i1> %27, <4 x float> %max.result12, <4 x float> %26
  %29 = fcmp ogt <4 x float> %max.result13, %28
  %30 = select <4 x i1> %29, <4 x float> %max.result13, <4 x float> %28
  %31 = shufflevector <4 x float> %30, <4 x float> %30, <4 x i32> <i32 2, i32 3, i32 0, i32 1>
  %32 = fcmp ogt <4 x float> %30, %31
  %33 = select <4 x i1> %32, <4 x float> %30, <4 x float> %31
  %34 = shufflevector <4 x float> %33, <4 x float> %33, <4 x i32> <i32 1, i32 0, i32 3, i32 2>
  %35 = fcmp ogt <4 x float> %33, %34
  %36 = select <4 x i1> %35, <4 x float> %33, <4 x float> %34
  %block_max = extractelement <4 x float> %36, i64 0
  %37 = mul nsw i64 %row, 4
  %38 = getelementptr inbounds i8, ptr %m, i64 %37
  %m_old = load float, ptr %38, align 4
  %39 = fmul float %block_max, %scale_log2
  %40 = fcmp ogt float %m_old, %39
  %m_new = select i1 %40, float %m_old, float %39
  %empty = fcmp oeq float %m_new, 0xFFF0000000000000
  %shift = select i1 %empty, float 0.000000e+00, float %m_new
  store float %m_new, ptr %38, align 4
  %41 = fsub float %m_old, %shift
  %.splatinsert = insertelement <4 x float> poison, float %41, i64 0
  %.splat = shufflevector <4 x float> %.splatinsert, <4 x float> poison, <4 x i32> zeroinitializer
  %42 = fcmp olt <4 x float> %.splat, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %43 = select <4 x i1> %42, <4 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <4 x float> %.splat
  %rounded = fadd <4 x float> %43, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %44 = fsub <4 x float> %rounded, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction = fsub <4 x float> %43, %44
  %exp2 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> <float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000>, <4 x float> %fraction, <4 x float> <float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000>)
  %exp216 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp2, <4 x float> %fraction, <4 x float> <float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000>)
  %exp217 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp216, <4 x float> %fraction, <4 x float> <float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000>)
  %exp218 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp217, <4 x float> %fraction, <4 x float> <float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000>)
  %exp219 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp218, <4 x float> %fraction, <4 x float> <float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000>)
  %exp220 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp219, <4 x float> %fraction, <4 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %45 = bitcast <4 x float> %rounded to <4 x i32>
  %46 = shl <4 x i32> %45, <i32 23, i32 23, i32 23, i32 23>
  %power = bitcast <4 x i32> %46 to <4 x float>
  %exp221 = fmul <4 x float> %exp220, %power
  %47 = mul nsw i64 %row, 4
  %48 = getelementptr inbounds i8, ptr %alpha, i64 %47
  %49 = extractelement <4 x float> %exp221, i64 0
  store float %49, ptr %48, align 4
  %50 = fneg float %shift
  %negative_shift.splatinsert = insertelement <4 x float> poison, float %50, i64 0
  %negative_shift.splat = shufflevector <4 x float> %negative_shift.splatinsert, <4 x float> poison, <4 x i32> zeroinitializer
  %51 = icmp slt i64 0, %whole
  br i1 %51, label %exp.loop, label %exp.done

exp.loop:                                         ; preds = %exp.loop, %max_last.done
  %exp = phi i64 [ 0, %max_last.done ], [ %exp.next, %exp.loop ]
  %exp.carried = phi <4 x float> [ zeroinitializer, %max_last.done ], [ %sum, %exp.loop ]
  %exp.carried22 = phi <4 x float> [ zeroinitializer, %max_last.done ], [ %sum47, %exp.loop ]
  %exp.carried23 = phi <4 x float> [ zeroinitializer, %max_last.done ], [ %sum59, %exp.loop ]
  %exp.carried24 = phi <4 x float> [ zeroinitializer, %max_last.done ], [ %sum71, %exp.loop ]
  %52 = mul nsw i64 %exp, 16
  %53 = getelementptr inbounds i8, ptr %in, i64 %52
  %s25 = load <4 x float>, ptr %53, align 16
  %54 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %s25, <4 x float> %scale.splat, <4 x float> %negative_shift.splat)
  %55 = fcmp olt <4 x float> %54, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %56 = select <4 x i1> %55, <4 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <4 x float> %54
  %rounded26 = fadd <4 x float> %56, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %57 = fsub <4 x float> %rounded26, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction27 = fsub <4 x float> %56, %57
  %exp228 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> <float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000>, <4 x float> %fraction27, <4 x float> <float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000>)
  %exp229 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp228, <4 x float> %fraction27, <4 x float> <float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000>)
  %exp230 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp229, <4 x float> %fraction27, <4 x float> <float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000>)
  %exp231 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp230, <4 x float> %fraction27, <4 x float> <float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000>)
  %exp232 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp231, <4 x float> %fraction27, <4 x float> <float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000>)
  %exp233 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp232, <4 x float> %fraction27, <4 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %58 = bitcast <4 x float> %rounded26 to <4 x i32>
  %59 = shl <4 x i32> %58, <i32 23, i32 23, i32 23, i32 23>
  %power34 = bitcast <4 x i32> %59 to <4 x float>
  %exp235 = fmul <4 x float> %exp233, %power34
  %60 = mul nsw i64 %exp, 4
  %61 = mul nsw i64 %60, 4
  %62 = getelementptr inbounds i8, ptr %out, i64 %61
  store <4 x float> %exp235, ptr %62, align 16
  %sum = fadd <4 x float> %exp.carried, %exp235
  %63 = add nsw i64 %exp, 1
  %64 = mul nsw i64 %63, 16
  %65 = getelementptr inbounds i8, ptr %in, i64 %64
  %s36 = load <4 x float>, ptr %65, align 16
  %66 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %s36, <4 x float> %scale.splat, <4 x float> %negative_shift.splat)
  %67 = fcmp olt <4 x float> %66, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %68 = select <4 x i1> %67, <4 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <4 x float> %66
  %rounded37 = fadd <4 x float> %68, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %69 = fsub <4 x float> %rounded37, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction38 = fsub <4 x float> %68, %69
  %exp239 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> <float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000>, <4 x float> %fraction38, <4 x float> <float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000>)
  %exp240 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp239, <4 x float> %fraction38, <4 x float> <float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000>)
  %exp241 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp240, <4 x float> %fraction38, <4 x float> <float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000>)
  %exp242 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp241, <4 x float> %fraction38, <4 x float> <float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000>)
  %exp243 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp242, <4 x float> %fraction38, <4 x float> <float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000>)
  %exp244 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp243, <4 x float> %fraction38, <4 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %70 = bitcast <4 x float> %rounded37 to <4 x i32>
  %71 = shl <4 x i32> %70, <i32 23, i32 23, i32 23, i32 23>
  %power45 = bitcast <4 x i32> %71 to <4 x float>
  %exp246 = fmul <4 x float> %exp244, %power45
  %72 = mul nsw i64 %63, 4
  %73 = mul nsw i64 %72, 4
  %74 = getelementptr inbounds i8, ptr %out, i64 %73
  store <4 x float> %exp246, ptr %74, align 16
  %sum47 = fadd <4 x float> %exp.carried22, %exp246
  %75 = add nsw i64 %exp, 2
  %76 = mul nsw i64 %75, 16
  %77 = getelementptr inbounds i8, ptr %in, i64 %76
  %s48 = load <4 x float>, ptr %77, align 16
  %78 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %s48, <4 x float> %scale.splat, <4 x float> %negative_shift.splat)
  %79 = fcmp olt <4 x float> %78, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %80 = select <4 x i1> %79, <4 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <4 x float> %78
  %rounded49 = fadd <4 x float> %80, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %81 = fsub <4 x float> %rounded49, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction50 = fsub <4 x float> %80, %81
  %exp251 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> <float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000>, <4 x float> %fraction50, <4 x float> <float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000>)
  %exp252 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp251, <4 x float> %fraction50, <4 x float> <float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000>)
  %exp253 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp252, <4 x float> %fraction50, <4 x float> <float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000>)
  %exp254 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp253, <4 x float> %fraction50, <4 x float> <float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000>)
  %exp255 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp254, <4 x float> %fraction50, <4 x float> <float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000>)
  %exp256 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp255, <4 x float> %fraction50, <4 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %82 = bitcast <4 x float> %rounded49 to <4 x i32>
  %83 = shl <4 x i32> %82, <i32 23, i32 23, i32 23, i32 23>
  %power57 = bitcast <4 x i32> %83 to <4 x float>
  %exp258 = fmul <4 x float> %exp256, %power57
  %84 = mul nsw i64 %75, 4
  %85 = mul nsw i64 %84, 4
  %86 = getelementptr inbounds i8, ptr %out, i64 %85
  store <4 x float> %exp258, ptr %86, align 16
  %sum59 = fadd <4 x float> %exp.carried23, %exp258
  %87 = add nsw i64 %exp, 3
  %88 = mul nsw i64 %87, 16
  %89 = getelementptr inbounds i8, ptr %in, i64 %88
  %s60 = load <4 x float>, ptr %89, align 16
  %90 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %s60, <4 x float> %scale.splat, <4 x float> %negative_shift.splat)
  %91 = fcmp olt <4 x float> %90, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %92 = select <4 x i1> %91, <4 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <4 x float> %90
  %rounded61 = fadd <4 x float> %92, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %93 = fsub <4 x float> %rounded61, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction62 = fsub <4 x float> %92, %93
  %exp263 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> <float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000>, <4 x float> %fraction62, <4 x float> <float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000>)
  %exp264 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp263, <4 x float> %fraction62, <4 x float> <float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000>)
  %exp265 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp264, <4 x float> %fraction62, <4 x float> <float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000>)
  %exp266 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp265, <4 x float> %fraction62, <4 x float> <float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000>)
  %exp267 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp266, <4 x float> %fraction62, <4 x float> <float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000>)
  %exp268 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp267, <4 x float> %fraction62, <4 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %94 = bitcast <4 x float> %rounded61 to <4 x i32>
  %95 = shl <4 x i32> %94, <i32 23, i32 23, i32 23, i32 23>
  %power69 = bitcast <4 x i32> %95 to <4 x float>
  %exp270 = fmul <4 x float> %exp268, %power69
  %96 = mul nsw i64 %87, 4
  %97 = mul nsw i64 %96, 4
  %98 = getelementptr inbounds i8, ptr %out, i64 %97
  store <4 x float> %exp270, ptr %98, align 16
  %sum71 = fadd <4 x float> %exp.carried24, %exp270
  %exp.next = add nsw i64 %exp, 4
  %99 = icmp slt i64 %exp.next, %whole
  br i1 %99, label %exp.loop, label %exp.done

exp.done:                                         ; preds = %exp.loop, %max_last.done
  %exp.result = phi <4 x float> [ zeroinitializer, %max_last.done ], [ %sum, %exp.loop ]
  %exp.result72 = phi <4 x float> [ zeroinitializer, %max_last.done ], [ %sum47, %exp.loop ]
  %exp.result73 = phi <4 x float> [ zeroinitializer, %max_last.done ], [ %sum59, %exp.loop ]
  %exp.result74 = phi <4 x float> [ zeroinitializer, %max_last.done ], [ %sum71, %exp.loop ]
  %100 = icmp slt i64 %whole, %vectors
  br i1 %100, label %exp_last.loop, label %exp_last.done

exp_last.loop:                                    ; preds = %exp_last.loop, %exp.done
  %exp_last = phi i64 [ %whole, %exp.done ], [ %exp_last.next, %exp_last.loop ]
  %exp_last.carried = phi <4 x float> [ %exp.result, %exp.done ], [ %sum86, %exp_last.loop ]
  %101 = mul nsw i64 %exp_last, 16
  %102 = getelementptr inbounds i8, ptr %in, i64 %101
  %s75 = load <4 x float>, ptr %102, align 16
  %103 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %s75, <4 x float> %scale.splat, <4 x float> %negative_shift.splat)
  %104 = fcmp olt <4 x float> %103, <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>
  %105 = select <4 x i1> %104, <4 x float> <float -1.270000e+02, float -1.270000e+02, float -1.270000e+02, float -1.270000e+02>, <4 x float> %103
  %rounded76 = fadd <4 x float> %105, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %106 = fsub <4 x float> %rounded76, <float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000, float 0x4168000FE0000000>
  %fraction77 = fsub <4 x float> %105, %106
  %exp278 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> <float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000, float 0x3F241FBBC0000000>, <4 x float> %fraction77, <4 x float> <float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000, float 0x3F55F3E520000000>)
  %exp279 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp278, <4 x float> %fraction77, <4 x float> <float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000, float 0x3F83B2D4C0000000>)
  %exp280 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp279, <4 x float> %fraction77, <4 x float> <float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000, float 0x3FAC6AEE80000000>)
  %exp281 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp280, <4 x float> %fraction77, <4 x float> <float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000, float 0x3FCEBFBDC0000000>)
  %exp282 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp281, <4 x float> %fraction77, <4 x float> <float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000, float 0x3FE62E4300000000>)
  %exp283 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %exp282, <4 x float> %fraction77, <4 x float> <float 1.000000e+00, float 1.000000e+00, float 1.000000e+00, float 1.000000e+00>)
  %107 = bitcast <4 x float> %rounded76 to <4 x i32>
  %108 = shl <4 x i32> %107, <i32 23, i32 23, i32 23, i32 23>
  %power84 = bitcast <4 x i32> %108 to <4 x float>
  %exp285 = fmul <4 x float> %exp283, %power84
  %109 = mul nsw i64 %exp_last, 4
  %110 = mul nsw i64 %109, 4
  %111 = getelementptr inbounds i8, ptr %out, i64 %110
  store <4 x float> %exp285, ptr %111, align 16
  %sum86 = fadd <4 x float> %exp_last.carried, %exp285
  %exp_last.next = add nsw i64 %exp_last, 1
  %112 = icmp slt i64 %exp_last.next, %vectors
  br i1 %112, label %exp_last.loop, label %exp_last.done

exp_last.done:                                    ; preds = %exp_last.loop, %exp.done
  %exp_last.result = phi <4 x float> [ %exp.result, %exp.done ], [ %sum86, %exp_last.loop ]
  %113 = fadd <4 x float> %exp_last.result, %exp.result72
  %114 = fadd <4 x float> %113, %exp.result73
  %115 = fadd <4 x float> %114, %exp.result74
  %116 = mul nsw i64 %row, 16
  %117 = getelementptr inbounds i8, ptr %l, i64 %116
  %l_old = load <4 x float>, ptr %117, align 16
  %l_new = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %l_old, <4 x float> %exp221, <4 x float> %115)
  store <4 x float> %l_new, ptr %117, align 16
  %row.next = add nsw i64 %row, 1
  %118 = icmp slt i64 %row.next, 4
  br i1 %118, label %row.loop, label %row.done
}

; Function Attrs: noinline nounwind
; outputs <- alpha * outputs + probabilities * values
define internal void @accumulate(ptr noundef %outputs, ptr noundef %probabilities, ptr noundef %values, i64 %stride, ptr noundef %alpha, i64 %count) #0 {
entry:
  br i1 true, label %chunk.loop, label %chunk.done

chunk.loop:                                       ; preds = %key.done, %entry
  %chunk = phi i64 [ 0, %entry ], [ %chunk.next, %key.done ]
  %0 = mul nsw i64 %chunk, 16
  %out = getelementptr inbounds i8, ptr %outputs, i64 %0
  %1 = mul nsw i64 %chunk, 16
  %from = getelementptr inbounds i8, ptr %values, i64 %1
  %2 = load float, ptr %alpha, align 4
  %factor.splatinsert = insertelement <4 x float> poison, float %2, i64 0
  %factor.splat = shufflevector <4 x float> %factor.splatinsert, <4 x float> poison, <4 x i32> zeroinitializer
  %3 = load <4 x float>, ptr %out, align 16
  %o = fmul <4 x float> %3, %factor.splat
  %4 = getelementptr inbounds i8, ptr %out, i64 16
  %5 = load <4 x float>, ptr %4, align 16
  %o1 = fmul <4 x float> %5, %factor.splat
  %6 = getelementptr inbounds i8, ptr %out, i64 32
  %7 = load <4 x float>, ptr %6, align 16
  %o2 = fmul <4 x float> %7, %factor.splat
  %8 = getelementptr inbounds i8, ptr %alpha, i64 4
  %9 = load float, ptr %8, align 4
  %factor.splatinsert3 = insertelement <4 x float> poison, float %9, i64 0
  %factor.splat4 = shufflevector <4 x float> %factor.splatinsert3, <4 x float> poison, <4 x i32> zeroinitializer
  %10 = getelementptr inbounds i8, ptr %out, i64 256
  %11 = load <4 x float>, ptr %10, align 16
  %o5 = fmul <4 x float> %11, %factor.splat4
  %12 = getelementptr inbounds i8, ptr %out, i64 272
  %13 = load <4 x float>, ptr %12, align 16
  %o6 = fmul <4 x float> %13, %factor.splat4
  %14 = getelementptr inbounds i8, ptr %out, i64 288
  %15 = load <4 x float>, ptr %14, align 16
  %o7 = fmul <4 x float> %15, %factor.splat4
  %16 = getelementptr inbounds i8, ptr %alpha, i64 8
  %17 = load float, ptr %16, align 4
  %factor.splatinsert8 = insertelement <4 x float> poison, float %17, i64 0
  %factor.splat9 = shufflevector <4 x float> %factor.splatinsert8, <4 x float> poison, <4 x i32> zeroinitializer
  %18 = getelementptr inbounds i8, ptr %out, i64 512
  %19 = load <4 x float>, ptr %18, align 16
  %o10 = fmul <4 x float> %19, %factor.splat9
  %20 = getelementptr inbounds i8, ptr %out, i64 528
  %21 = load <4 x float>, ptr %20, align 16
  %o11 = fmul <4 x float> %21, %factor.splat9
  %22 = getelementptr inbounds i8, ptr %out, i64 544
  %23 = load <4 x float>, ptr %22, align 16
  %o12 = fmul <4 x float> %23, %factor.splat9
  %24 = getelementptr inbounds i8, ptr %alpha, i64 12
  %25 = load float, ptr %24, align 4
  %factor.splatinsert13 = insertelement <4 x float> poison, float %25, i64 0
  %factor.splat14 = shufflevector <4 x float> %factor.splatinsert13, <4 x float> poison, <4 x i32> zeroinitializer
  %26 = getelementptr inbounds i8, ptr %out, i64 768
  %27 = load <4 x float>, ptr %26, align 16
  %o15 = fmul <4 x float> %27, %factor.splat14
  %28 = getelementptr inbounds i8, ptr %out, i64 784
  %29 = load <4 x float>, ptr %28, align 16
  %o16 = fmul <4 x float> %29, %factor.splat14
  %30 = getelementptr inbounds i8, ptr %out, i64 800
  %31 = load <4 x float>, ptr %30, align 16
  %o17 = fmul <4 x float> %31, %factor.splat14
  %32 = icmp slt i64 0, %count
  br i1 %32, label %key.loop, label %key.done

chunk.done:                                       ; preds = %key.done, %entry
  %out59 = getelementptr inbounds i8, ptr %outputs, i64 240
  %from60 = getelementptr inbounds i8, ptr %values, i64 240
  %33 = load float, ptr %alpha, align 4
  %factor.splatinsert61 = insertelement <4 x float> poison, float %33, i64 0
  %factor.splat62 = shufflevector <4 x float> %factor.splatinsert61, <4 x float> poison, <4 x i32> zeroinitializer
  %34 = load <4 x float>, ptr %out59, align 16
  %o63 = fmul <4 x float> %34, %factor.splat62
  %35 = getelementptr inbounds i8, ptr %alpha, i64 4
  %36 = load float, ptr %35, align 4
  %factor.splatinsert64 = insertelement <4 x float> poison, float %36, i64 0
  %factor.splat65 = shufflevector <4 x float> %factor.splatinsert64, <4 x float> poison, <4 x i32> zeroinitializer
  %37 = getelementptr inbounds i8, ptr %out59, i64 256
  %38 = load <4 x float>, ptr %37, align 16
  %o66 = fmul <4 x float> %38, %factor.splat65
  %39 = getelementptr inbounds i8, ptr %alpha, i64 8
  %40 = load float, ptr %39, align 4
  %factor.splatinsert67 = insertelement <4 x float> poison, float %40, i64 0
  %factor.splat68 = shufflevector <4 x float> %factor.splatinsert67, <4 x float> poison, <4 x i32> zeroinitializer
  %41 = getelementptr inbounds i8, ptr %out59, i64 512
  %42 = load <4 x float>, ptr %41, align 16
  %o69 = fmul <4 x float> %42, %factor.splat68
  %43 = getelementptr inbounds i8, ptr %alpha, i64 12
  %44 = load float, ptr %43, align 4
  %factor.splatinsert70 = insertelement <4 x float> poison, float %44, i64 0
  %factor.splat71 = shufflevector <4 x float> %factor.splatinsert70, <4 x float> poison, <4 x i32> zeroinitializer
  %45 = getelementptr inbounds i8, ptr %out59, i64 768
  %46 = load <4 x float>, ptr %45, align 16
  %o72 = fmul <4 x float> %46, %factor.splat71
  %47 = icmp slt i64 0, %count
  br i1 %47, label %key.loop73, label %key.done74

key.loop:                                         ; preds = %key.loop, %chunk.loop
  %key = phi i64 [ 0, %chunk.loop ], [ %key.next, %key.loop ]
  %key.carried = phi <4 x float> [ %o, %chunk.loop ], [ %sum, %key.loop ]
  %key.carried18 = phi <4 x float> [ %o1, %chunk.loop ], [ %sum31, %key.loop ]
  %key.carried19 = phi <4 x float> [ %o2, %chunk.loop ], [ %sum32, %key.loop ]
  %key.carried20 = phi <4 x float> [ %o5, %chunk.loop ], [ %sum35, %key.loop ]
  %key.carried21 = phi <4 x float> [ %o6, %chunk.loop ], [ %sum36, %key.loop ]
  %key.carried22 = phi <4 x float> [ %o7, %chunk.loop ], [ %sum37, %key.loop ]
  %key.carried23 = phi <4 x float> [ %o10, %chunk.loop ], [ %sum40, %key.loop ]
  %key.carried24 = phi <4 x float> [ %o11, %chunk.loop ], [ %sum41, %key.loop ]
  %key.carried25 = phi <4 x float> [ %o12, %chunk.loop ], [ %sum42, %key.loop ]
  %key.carried26 = phi <4 x float> [ %o15, %chunk.loop ], [ %sum45, %key.loop ]
  %key.carried27 = phi <4 x float> [ %o16, %chunk.loop ], [ %sum46, %key.loop ]
  %key.carried28 = phi <4 x float> [ %o17, %chunk.loop ], [ %sum47, %key.loop ]
  %48 = mul nsw i64 %key, %stride
  %49 = getelementptr inbounds i8, ptr %from, i64 %48
  %50 = getelementptr inbounds i8, ptr %49, i64 0
  %v = load <4 x i32>, ptr %50, align 16
  %51 = getelementptr inbounds i8, ptr %49, i64 16
  %v29 = load <4 x i32>, ptr %51, align 16
  %52 = getelementptr inbounds i8, ptr %49, i64 32
  %v30 = load <4 x i32>, ptr %52, align 16
  %53 = mul nsw i64 %key, 4
  %54 = getelementptr inbounds i8, ptr %probabilities, i64 %53
  %55 = load i32, ptr %54, align 4
  %p.splatinsert = insertelement <4 x i32> poison, i32 %55, i64 0
  %p.splat = shufflevector <4 x i32> %p.splatinsert, <4 x i32> poison, <4 x i32> zeroinitializer
  %56 = bitcast <4 x i32> %v to <4 x float>
  %57 = bitcast <4 x i32> %p.splat to <4 x float>
  %sum = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %57, <4 x float> %56, <4 x float> %key.carried)
  %58 = bitcast <4 x i32> %v29 to <4 x float>
  %59 = bitcast <4 x i32> %p.splat to <4 x float>
  %sum31 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %59, <4 x float> %58, <4 x float> %key.carried18)
  %60 = bitcast <4 x i32> %v30 to <4 x float>
  %61 = bitcast <4 x i32> %p.splat to <4 x float>
  %sum32 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %61, <4 x float> %60, <4 x float> %key.carried19)
  %62 = getelementptr inbounds i8, ptr %54, i64 384
  %63 = load i32, ptr %62, align 4
  %p.splatinsert33 = insertelement <4 x i32> poison, i32 %63, i64 0
  %p.splat34 = shufflevector <4 x i32> %p.splatinsert33, <4 x i32> poison, <4 x i32> zeroinitializer
  %64 = bitcast <4 x i32> %v to <4 x float>
  %65 = bitcast <4 x i32> %p.splat34 to <4 x float>
  %sum35 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %65, <4 x float> %64, <4 x float> %key.carried20)
  %66 = bitcast <4 x i32> %v29 to <4 x float>
  %67 = bitcast <4 x i32> %p.splat34 to <4 x float>
  %sum36 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %67, <4 x float> %66, <4 x float> %key.carried21)
  %68 = bitcast <4 x i32> %v30 to <4 x float>
  %69 = bitcast <4 x i32> %p.splat34 to <4 x float>
  %sum37 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %69, <4 x float> %68, <4 x float> %key.carried22)
  %70 = getelementptr inbounds i8, ptr %54, i64 768
  %71 = load i32, ptr %70, align 4
  %p.splatinsert38 = insertelement <4 x i32> poison, i32 %71, i64 0
  %p.splat39 = shufflevector <4 x i32> %p.splatinsert38, <4 x i32> poison, <4 x i32> zeroinitializer
  %72 = bitcast <4 x i32> %v to <4 x float>
  %73 = bitcast <4 x i32> %p.splat39 to <4 x float>
  %sum40 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %73, <4 x float> %72, <4 x float> %key.carried23)
  %74 = bitcast <4 x i32> %v29 to <4 x float>
  %75 = bitcast <4 x i32> %p.splat39 to <4 x float>
  %sum41 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %75, <4 x float> %74, <4 x float> %key.carried24)
  %76 = bitcast <4 x i32> %v30 to <4 x float>
  %77 = bitcast <4 x i32> %p.splat39 to <4 x float>
  %sum42 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %77, <4 x float> %76, <4 x float> %key.carried25)
  %78 = getelementptr inbounds i8, ptr %54, i64 1152
  %79 = load i32, ptr %78, align 4
  %p.splatinsert43 = insertelement <4 x i32> poison, i32 %79, i64 0
  %p.splat44 = shufflevector <4 x i32> %p.splatinsert43, <4 x i32> poison, <4 x i32> zeroinitializer
  %80 = bitcast <4 x i32> %v to <4 x float>
  %81 = bitcast <4 x i32> %p.splat44 to <4 x float>
  %sum45 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %81, <4 x float> %80, <4 x float> %key.carried26)
  %82 = bitcast <4 x i32> %v29 to <4 x float>
  %83 = bitcast <4 x i32> %p.splat44 to <4 x float>
  %sum46 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %83, <4 x float> %82, <4 x float> %key.carried27)
  %84 = bitcast <4 x i32> %v30 to <4 x float>
  %85 = bitcast <4 x i32> %p.splat44 to <4 x float>
  %sum47 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %85, <4 x float> %84, <4 x float> %key.carried28)
  %key.next = add nsw i64 %key, 1
  %86 = icmp slt i64 %key.next, %count
  br i1 %86, label %key.loop, label %key.done

key.done:                                         ; preds = %key.loop, %chunk.loop
  %key.result = phi <4 x float> [ %o, %chunk.loop ], [ %sum, %key.loop ]
  %key.result48 = phi <4 x float> [ %o1, %chunk.loop ], [ %sum31, %key.loop ]
  %key.result49 = phi <4 x float> [ %o2, %chunk.loop ], [ %sum32, %key.loop ]
  %key.result50 = phi <4 x float> [ %o5, %chunk.loop ], [ %sum35, %key.loop ]
  %key.result51 = phi <4 x float> [ %o6, %chunk.loop ], [ %sum36, %key.loop ]
  %key.result52 = phi <4 x float> [ %o7, %chunk.loop ], [ %sum37, %key.loop ]
  %key.result53 = phi <4 x float> [ %o10, %chunk.loop ], [ %sum40, %key.loop ]
  %key.result54 = phi <4 x float> [ %o11, %chunk.loop ], [ %sum41, %key.loop ]
  %key.result55 = phi <4 x float> [ %o12, %chunk.loop ], [ %sum42, %key.loop ]
  %key.result56 = phi <4 x float> [ %o15, %chunk.loop ], [ %sum45, %key.loop ]
  %key.result57 = phi <4 x float> [ %o16, %chunk.loop ], [ %sum46, %key.loop ]
  %key.result58 = phi <4 x float> [ %o17, %chunk.loop ], [ %sum47, %key.loop ]
  store <4 x float> %key.result, ptr %out, align 16
  %87 = getelementptr inbounds i8, ptr %out, i64 16
  store <4 x float> %key.result48, ptr %87, align 16
  %88 = getelementptr inbounds i8, ptr %out, i64 32
  store <4 x float> %key.result49, ptr %88, align 16
  %89 = getelementptr inbounds i8, ptr %out, i64 256
  store <4 x float> %key.result50, ptr %89, align 16
  %90 = getelementptr inbounds i8, ptr %out, i64 272
  store <4 x float> %key.result51, ptr %90, align 16
  %91 = getelementptr inbounds i8, ptr %out, i64 288
  store <4 x float> %key.result52, ptr %91, align 16
  %92 = getelementptr inbounds i8, ptr %out, i64 512
  store <4 x float> %key.result53, ptr %92, align 16
  %93 = getelementptr inbounds i8, ptr %out, i64 528
  store <4 x float> %key.result54, ptr %93, align 16
  %94 = getelementptr inbounds i8, ptr %out, i64 544
  store <4 x float> %key.result55, ptr %94, align 16
  %95 = getelementptr inbounds i8, ptr %out, i64 768
  store <4 x float> %key.result56, ptr %95, align 16
  %96 = getelementptr inbounds i8, ptr %out, i64 784
  store <4 x float> %key.result57, ptr %96, align 16
  %97 = getelementptr inbounds i8, ptr %out, i64 800
  store <4 x float> %key.result58, ptr %97, align 16
  %chunk.next = add nsw i64 %chunk, 3
  %98 = icmp slt i64 %chunk.next, 15
  br i1 %98, label %chunk.loop, label %chunk.done

key.loop73:                                       ; preds = %key.loop73, %chunk.done
  %key75 = phi i64 [ 0, %chunk.done ], [ %key.next93, %key.loop73 ]
  %key.carried76 = phi <4 x float> [ %o63, %chunk.done ], [ %sum83, %key.loop73 ]
  %key.carried77 = phi <4 x float> [ %o66, %chunk.done ], [ %sum86, %key.loop73 ]
  %key.carried78 = phi <4 x float> [ %o69, %chunk.done ], [ %sum89, %key.loop73 ]
  %key.carried79 = phi <4 x float> [ %o72, %chunk.done ], [ %sum92, %key.loop73 ]
  %99 = mul nsw i64 %key75, %stride
  %100 = getelementptr inbounds i8, ptr %from60, i64 %99
  %101 = getelementptr inbounds i8, ptr %100, i64 0
  %v80 = load <4 x i32>, ptr %101, align 16
  %102 = mul nsw i64 %key75, 4
  %103 = getelementptr inbounds i8, ptr %probabilities, i64 %102
  %104 = load i32, ptr %103, align 4
  %p.splatinsert81 = insertelement <4 x i32> poison, i32 %104, i64 0
  %p.splat82 = shufflevector <4 x i32> %p.splatinsert81, <4 x i32> poison, <4 x i32> zeroinitializer
  %105 = bitcast <4 x i32> %v80 to <4 x float>
  %106 = bitcast <4 x i32> %p.splat82 to <4 x float>
  %sum83 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %106, <4 x float> %105, <4 x float> %key.carried76)
  %107 = getelementptr inbounds i8, ptr %103, i64 384
  %108 = load i32, ptr %107, align 4
  %p.splatinsert84 = insertelement <4 x i32> poison, i32 %108, i64 0
  %p.splat85 = shufflevector <4 x i32> %p.splatinsert84, <4 x i32> poison, <4 x i32> zeroinitializer
  %109 = bitcast <4 x i32> %v80 to <4 x float>
  %110 = bitcast <4 x i32> %p.splat85 to <4 x float>
  %sum86 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %110, <4 x float> %109, <4 x float> %key.carried77)
  %111 = getelementptr inbounds i8, ptr %103, i64 768
  %112 = load i32, ptr %111, align 4
  %p.splatinsert87 = insertelement <4 x i32> poison, i32 %112, i64 0
  %p.splat88 = shufflevector <4 x i32> %p.splatinsert87, <4 x i32> poison, <4 x i32> zeroinitializer
  %113 = bitcast <4 x i32> %v80 to <4 x float>
  %114 = bitcast <4 x i32> %p.splat88 to <4 x float>
  %sum89 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %114, <4 x float> %113, <4 x float> %key.carried78)
  %115 = getelementptr inbounds i8, ptr %103, i64 1152
  %116 = load i32, ptr %115, align 4
  %p.splatinsert90 = insertelement <4 x i32> poison, i32 %116, i64 0
  %p.splat91 = shufflevector <4 x i32> %p.splatinsert90, <4 x i32> poison, <4 x i32> zeroinitializer
  %117 = bitcast <4 x i32> %v80 to <4 x float>
  %118 = bitcast <4 x i32> %p.splat91 to <4 x float>
  %sum92 = call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %118, <4 x float> %117, <4 x float> %key.carried79)
  %key.next93 = add nsw i64 %key75, 1
  %119 = icmp slt i64 %key.next93, %count
  br i1 %119, label %key.loop73, label %key.done74

key.done74:                                       ; preds = %key.loop73, %chunk.done
  %key.result94 = phi <4 x float> [ %o63, %chunk.done ], [ %sum83, %key.loop73 ]
  %key.result95 = phi <4 x float> [ %o66, %chunk.done ], [ %sum86, %key.loop73 ]
  %key.result96 = phi <4 x float> [ %o69, %chunk.done ], [ %sum89, %key.loop73 ]
  %key.result97 = phi <4 x float> [ %o72, %chunk.done ], [ %sum92, %key.loop73 ]
  store <4 x float> %key.result94, ptr %out59, align 16
  %120 = getelementptr inbounds i8, ptr %out59, i64 256
  store <4 x float> %key.result95, ptr %120, align 16
  %121 = getelementptr inbounds i8, ptr %out59, i64 512
  store <4 x float> %key.result96, ptr %121, align 16
  %122 = getelementptr inbounds i8, ptr %out59, i64 768
  store <4 x float> %key.result97, ptr %122, align 16
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
  %packed_keys = getelementptr inbounds i8, ptr %scratch, i64 37312
  call void @pack_keys(ptr %keys, i64 %k_stride_seq, i64 %count, ptr %packed_keys)
  %packed_values = getelementptr inbounds i8, ptr %scratch, i64 61888
  call void @pack_values(ptr %values, i64 %v_stride_seq, i64 %count, ptr %packed_values, ptr %scratch)
  %v_from = getelementptr inbounds i8, ptr %scratch, i64 61888
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
  %21 = add nsw i64 %count2, 3
  %vectors = udiv i64 %21, 4
  %22 = mul nsw i64 %vectors, 4
  %ragged = icmp slt i64 %count2, %22
  %23 = mul nsw i64 %row, 256
  %queries = getelementptr inbounds i8, ptr %scratch, i64 3008
  %24 = getelementptr inbounds i8, ptr %queries, i64 %23
  %scores = getelementptr inbounds i8, ptr %scratch, i64 19392
  %packed = getelementptr inbounds i8, ptr %scratch, i64 37312
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
  %lo = getelementptr inbounds i8, ptr %scratch, i64 640
  %34 = getelementptr inbounds i8, ptr %lo, i64 %33
  %35 = select i1 %apply_masks, ptr %34, ptr %32
  %36 = mul nsw i64 %row, 8
  %hi = getelementptr inbounds i8, ptr %scratch, i64 1152
  %37 = getelementptr inbounds i8, ptr %hi, i64 %36
  %38 = select i1 %apply_masks, ptr %37, ptr %6
  %39 = select i1 %apply_masks, i64 8, i64 0
  call void @mask_interval(ptr %scores, ptr %35, ptr %38, i64 %39, i64 %key, i64 %count2, i64 %vectors)
  br label %boundary.end

boundary.end:                                     ; preds = %boundary, %visible_panel
  %probabilities = getelementptr inbounds i8, ptr %scratch, i64 19392
  %alpha = getelementptr inbounds i8, ptr %scratch, i64 2944
  %40 = mul nsw i64 %row, 4
  %m = getelementptr inbounds i8, ptr %scratch, i64 1664
  %41 = getelementptr inbounds i8, ptr %m, i64 %40
  %42 = mul nsw i64 %row, 16
  %l = getelementptr inbounds i8, ptr %scratch, i64 1920
  %43 = getelementptr inbounds i8, ptr %l, i64 %42
  call void @softmax(ptr %scores, ptr %probabilities, ptr %41, ptr %43, ptr %alpha, i64 %vectors, float %scale_log2.f32)
  %44 = mul nsw i64 %row, 256
  %outputs = getelementptr inbounds i8, ptr %scratch, i64 20928
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
  %row0 = mul nsw i64 %row_block, 64
  %2 = getelementptr inbounds i8, ptr %arguments, i64 416
  %list_sub_blocks = load i64, ptr %2, align 8
  %3 = getelementptr inbounds i8, ptr %arguments, i64 360
  %list_block_q = load i64, ptr %3, align 8
  %4 = urem i64 %row_block, %list_sub_blocks
  %inside = mul nsw i64 %4, 64
  %5 = udiv i64 %row_block, %list_sub_blocks
  %6 = mul nsw i64 %5, %list_block_q
  %row01 = add nsw i64 %6, %inside
  %7 = sub nsw i64 %list_block_q, %inside
  %8 = call i64 @llvm.smin.i64(i64 64, i64 %7)
  %9 = sub nsw i64 %seqlen_q, %row01
  %10 = call i64 @llvm.smin.i64(i64 %9, i64 %8)
  %rows = call i64 @llvm.smax.i64(i64 %10, i64 0)
  %11 = add nsw i64 %rows, 3
  %panels = udiv i64 %11, 4
  %kv_head = udiv i64 %item_head, 1
  %12 = getelementptr inbounds i8, ptr %arguments, i64 216
  %k_stride_batch = load i64, ptr %12, align 8
  %13 = mul nsw i64 %batch, %k_stride_batch
  %14 = getelementptr inbounds i8, ptr %arguments, i64 224
  %k_stride_head = load i64, ptr %14, align 8
  %15 = mul nsw i64 %kv_head, %k_stride_head
  %16 = add nsw i64 %13, %15
  %17 = getelementptr inbounds i8, ptr %arguments, i64 232
  %k_stride_seq = load i64, ptr %17, align 8
  %18 = mul nsw i64 0, %k_stride_seq
  %19 = add nsw i64 %16, %18
  %20 = getelementptr inbounds i8, ptr %arguments, i64 8
  %k = load ptr, ptr %20, align 8
  %k_base = getelementptr inbounds i8, ptr %k, i64 %19
  %21 = getelementptr inbounds i8, ptr %arguments, i64 240
  %v_stride_batch = load i64, ptr %21, align 8
  %22 = mul nsw i64 %batch, %v_stride_batch
  %23 = getelementptr inbounds i8, ptr %arguments, i64 248
  %v_stride_head = load i64, ptr %23, align 8
  %24 = mul nsw i64 %kv_head, %v_stride_head
  %25 = add nsw i64 %22, %24
  %26 = getelementptr inbounds i8, ptr %arguments, i64 256
  %v_stride_seq = load i64, ptr %26, align 8
  %27 = mul nsw i64 0, %v_stride_seq
  %28 = add nsw i64 %25, %27
  %29 = getelementptr inbounds i8, ptr %arguments, i64 16
  %v = load ptr, ptr %29, align 8
  %v_base = getelementptr inbounds i8, ptr %v, i64 %28
  store i64 %batch, ptr %scratch, align 8
  %30 = getelementptr inbounds i8, ptr %scratch, i64 8
  store i64 %item_head, ptr %30, align 8
  %31 = getelementptr inbounds i8, ptr %scratch, i64 16
  store i64 %row01, ptr %31, align 8
  %32 = getelementptr inbounds i8, ptr %scratch, i64 24
  store i64 %rows, ptr %32, align 8
  %33 = getelementptr inbounds i8, ptr %scratch, i64 32
  store i64 %seqlen_q, ptr %33, align 8
  %34 = getelementptr inbounds i8, ptr %scratch, i64 40
  store i64 %seqlen_kv, ptr %34, align 8
  %35 = getelementptr inbounds i8, ptr %scratch, i64 48
  store i64 0, ptr %35, align 8
  %36 = getelementptr inbounds i8, ptr %scratch, i64 56
  store i64 0, ptr %36, align 8
  %37 = getelementptr inbounds i8, ptr %scratch, i64 64
  store ptr %k_base, ptr %37, align 8
  %38 = getelementptr inbounds i8, ptr %scratch, i64 72
  store ptr %v_base, ptr %38, align 8
  %39 = getelementptr inbounds i8, ptr %scratch, i64 80
  store i64 %panels, ptr %39, align 8
  %40 = getelementptr inbounds i8, ptr %scratch, i64 88
  store i64 0, ptr %40, align 8
  %41 = getelementptr inbounds i8, ptr %scratch, i64 96
  store i64 0, ptr %41, align 8
  %42 = getelementptr inbounds i8, ptr %arguments, i64 200
  %q_stride_head = load i64, ptr %42, align 8
  %43 = getelementptr inbounds i8, ptr %arguments, i64 208
  %q_stride_seq = load i64, ptr %43, align 8
  %44 = getelementptr inbounds i8, ptr %arguments, i64 192
  %q_stride_batch = load i64, ptr %44, align 8
  %45 = mul nsw i64 %batch, %q_stride_batch
  %q = load ptr, ptr %arguments, align 8
  %q_batch = getelementptr inbounds i8, ptr %q, i64 %45
  %last = sub nsw i64 %rows, 1
  %46 = mul nsw i64 %panels, 4
  %47 = icmp slt i64 0, %46
  br i1 %47, label %row.loop, label %row.done

row.loop:                                         ; preds = %row.loop, %entry
  %row = phi i64 [ 0, %entry ], [ %row.next, %row.loop ]
  %48 = call i64 @llvm.smin.i64(i64 %row, i64 %last)
  %49 = getelementptr inbounds i8, ptr %scratch, i64 16
  %row02 = load i64, ptr %49, align 8
  %absolute_row = add nsw i64 %row02, %48
  %50 = getelementptr inbounds i8, ptr %scratch, i64 8
  %head0 = load i64, ptr %50, align 8
  %hi = call i64 @llvm.smax.i64(i64 %seqlen_kv, i64 0)
  %51 = call i64 @llvm.smin.i64(i64 0, i64 %hi)
  %52 = mul nsw i64 %row, 8
  %53 = getelementptr inbounds i8, ptr %scratch, i64 640
  %54 = getelementptr inbounds i8, ptr %53, i64 %52
  store i64 %51, ptr %54, align 8
  %55 = getelementptr inbounds i8, ptr %scratch, i64 1152
  %56 = getelementptr inbounds i8, ptr %55, i64 %52
  store i64 %hi, ptr %56, align 8
  %57 = mul nsw i64 %row, 4
  %58 = getelementptr inbounds i8, ptr %scratch, i64 1664
  %59 = getelementptr inbounds i8, ptr %58, i64 %57
  store float 0xFFF0000000000000, ptr %59, align 4
  %60 = mul nsw i64 %row, 16
  %61 = getelementptr inbounds i8, ptr %scratch, i64 1920
  %62 = getelementptr inbounds i8, ptr %61, i64 %60
  store <4 x float> zeroinitializer, ptr %62, align 16
  %63 = mul nsw i64 %row, 256
  %64 = getelementptr inbounds i8, ptr %scratch, i64 20928
  %o_row = getelementptr inbounds i8, ptr %64, i64 %63
  store <4 x float> zeroinitializer, ptr %o_row, align 16
  %65 = getelementptr inbounds i8, ptr %o_row, i64 16
  store <4 x float> zeroinitializer, ptr %65, align 16
  %66 = getelementptr inbounds i8, ptr %o_row, i64 32
  store <4 x float> zeroinitializer, ptr %66, align 16
  %67 = getelementptr inbounds i8, ptr %o_row, i64 48
  store <4 x float> zeroinitializer, ptr %67, align 16
  %68 = getelementptr inbounds i8, ptr %o_row, i64 64
  store <4 x float> zeroinitializer, ptr %68, align 16
  %69 = getelementptr inbounds i8, ptr %o_row, i64 80
  store <4 x float> zeroinitializer, ptr %69, align 16
  %70 = getelementptr inbounds i8, ptr %o_row, i64 96
  store <4 x float> zeroinitializer, ptr %70, align 16
  %71 = getelementptr inbounds i8, ptr %o_row, i64 112
  store <4 x float> zeroinitializer, ptr %71, align 16
  %72 = getelementptr inbounds i8, ptr %o_row, i64 128
  store <4 x float> zeroinitializer, ptr %72, align 16
  %73 = getelementptr inbounds i8, ptr %o_row, i64 144
  store <4 x float> zeroinitializer, ptr %73, align 16
  %74 = getelementptr inbounds i8, ptr %o_row, i64 160
  store <4 x float> zeroinitializer, ptr %74, align 16
  %75 = getelementptr inbounds i8, ptr %o_row, i64 176
  store <4 x float> zeroinitializer, ptr %75, align 16
  %76 = getelementptr inbounds i8, ptr %o_row, i64 192
  store <4 x float> zeroinitializer, ptr %76, align 16
  %77 = getelementptr inbounds i8, ptr %o_row, i64 208
  store <4 x float> zeroinitializer, ptr %77, align 16
  %78 = getelementptr inbounds i8, ptr %o_row, i64 224
  store <4 x float> zeroinitializer, ptr %78, align 16
  %79 = getelementptr inbounds i8, ptr %o_row, i64 240
  store <4 x float> zeroinitializer, ptr %79, align 16
  %80 = mul nsw i64 %absolute_row, %q_stride_seq
  %81 = mul nsw i64 %head0, %q_stride_head
  %82 = add nsw i64 %81, %80
  %q_row = getelementptr inbounds i8, ptr %q_batch, i64 %82
  %83 = mul nsw i64 %row, 256
  %84 = getelementptr inbounds i8, ptr %scratch, i64 3008
  %q_copy = getelementptr inbounds i8, ptr %84, i64 %83
  %q3 = load <4 x float>, ptr %q_row, align 4
  store <4 x float> %q3, ptr %q_copy, align 16
  %85 = getelementptr inbounds i8, ptr %q_row, i64 16
  %q4 = load <4 x float>, ptr %85, align 4
  %86 = getelementptr inbounds i8, ptr %q_copy, i64 16
  store <4 x float> %q4, ptr %86, align 16
  %87 = getelementptr inbounds i8, ptr %q_row, i64 32
  %q5 = load <4 x float>, ptr %87, align 4
  %88 = getelementptr inbounds i8, ptr %q_copy, i64 32
  store <4 x float> %q5, ptr %88, align 16
  %89 = getelementptr inbounds i8, ptr %q_row, i64 48
  %q6 = load <4 x float>, ptr %89, align 4
  %90 = getelementptr inbounds i8, ptr %q_copy, i64 48
  store <4 x float> %q6, ptr %90, align 16
  %91 = getelementptr inbounds i8, ptr %q_row, i64 64
  %q7 = load <4 x float>, ptr %91, align 4
  %92 = getelementptr inbounds i8, ptr %q_copy, i64 64
  store <4 x float> %q7, ptr %92, align 16
  %93 = getelementptr inbounds i8, ptr %q_row, i64 80
  %q8 = load <4 x float>, ptr %93, align 4
  %94 = getelementptr inbounds i8, ptr %q_copy, i64 80
  store <4 x float> %q8, ptr %94, align 16
  %95 = getelementptr inbounds i8, ptr %q_row, i64 96
  %q9 = load <4 x float>, ptr %95, align 4
  %96 = getelementptr inbounds i8, ptr %q_copy, i64 96
  store <4 x float> %q9, ptr %96, align 16
  %97 = getelementptr inbounds i8, ptr %q_row, i64 112
  %q10 = load <4 x float>, ptr %97, align 4
  %98 = getelementptr inbounds i8, ptr %q_copy, i64 112
  store <4 x float> %q10, ptr %98, align 16
  %99 = getelementptr inbounds i8, ptr %q_row, i64 128
  %q11 = load <4 x float>, ptr %99, align 4
  %100 = getelementptr inbounds i8, ptr %q_copy, i64 128
  store <4 x float> %q11, ptr %100, align 16
  %101 = getelementptr inbounds i8, ptr %q_row, i64 144
  %q12 = load <4 x float>, ptr %101, align 4
  %102 = getelementptr inbounds i8, ptr %q_copy, i64 144
  store <4 x float> %q12, ptr %102, align 16
  %103 = getelementptr inbounds i8, ptr %q_row, i64 160
  %q13 = load <4 x float>, ptr %103, align 4
  %104 = getelementptr inbounds i8, ptr %q_copy, i64 160
  store <4 x float> %q13, ptr %104, align 16
  %105 = getelementptr inbounds i8, ptr %q_row, i64 176
  %q14 = load <4 x float>, ptr %105, align 4
  %106 = getelementptr inbounds i8, ptr %q_copy, i64 176
  store <4 x float> %q14, ptr %106, align 16
  %107 = getelementptr inbounds i8, ptr %q_row, i64 192
  %q15 = load <4 x float>, ptr %107, align 4
  %108 = getelementptr inbounds i8, ptr %q_copy, i64 192
  store <4 x float> %q15, ptr %108, align 16
  %109 = getelementptr inbounds i8, ptr %q_row, i64 208
  %q16 = load <4 x float>, ptr %109, align 4
  %110 = getelementptr inbounds i8, ptr %q_copy, i64 208
  store <4 x float> %q16, ptr %110, align 16
  %111 = getelementptr inbounds i8, ptr %q_row, i64 224
  %q17 = load <4 x float>, ptr %111, align 4
  %112 = getelementptr inbounds i8, ptr %q_copy, i64 224
  store <4 x float> %q17, ptr %112, align 16
  %113 = getelementptr inbounds i8, ptr %q_row, i64 240
  %q18 = load <4 x float>, ptr %113, align 4
  %114 = getelementptr inbounds i8, ptr %q_copy, i64 240
  store <4 x float> %q18, ptr %114, align 16
  %row.next = add nsw i64 %row, 1
  %115 = icmp slt i64 %row.next, %46
  br i1 %115, label %row.loop, label %row.done

row.done:                                         ; preds = %row.loop, %entry
  %116 = icmp slt i64 0, %panels
  br i1 %116, label %panel.loop, label %panel.done

panel.loop:                                       ; preds = %panel.loop, %row.done
  %panel = phi i64 [ 0, %row.done ], [ %panel.next, %panel.loop ]
  %panel.carried = phi i64 [ 9223372036854775807, %row.done ], [ %162, %panel.loop ]
  %panel.carried19 = phi i64 [ 0, %row.done ], [ %163, %panel.loop ]
  %117 = mul nsw i64 %panel, 32
  %118 = getelementptr inbounds i8, ptr %scratch, i64 640
  %119 = getelementptr inbounds i8, ptr %118, i64 %117
  %lo = load i64, ptr %119, align 8
  %120 = getelementptr inbounds i8, ptr %scratch, i64 1152
  %121 = getelementptr inbounds i8, ptr %120, i64 %117
  %hi20 = load i64, ptr %121, align 8
  %122 = call i64 @llvm.smin.i64(i64 9223372036854775807, i64 %lo)
  %123 = call i64 @llvm.smax.i64(i64 0, i64 %lo)
  %124 = call i64 @llvm.smin.i64(i64 9223372036854775807, i64 %hi20)
  %125 = call i64 @llvm.smax.i64(i64 0, i64 %hi20)
  %126 = getelementptr inbounds i8, ptr %scratch, i64 640
  %127 = getelementptr inbounds i8, ptr %126, i64 %117
  %128 = getelementptr inbounds i8, ptr %127, i64 8
  %lo21 = load i64, ptr %128, align 8
  %129 = getelementptr inbounds i8, ptr %scratch, i64 1152
  %130 = getelementptr inbounds i8, ptr %129, i64 %117
  %131 = getelementptr inbounds i8, ptr %130, i64 8
  %hi22 = load i64, ptr %131, align 8
  %132 = call i64 @llvm.smin.i64(i64 %122, i64 %lo21)
  %133 = call i64 @llvm.smax.i64(i64 %123, i64 %lo21)
  %134 = call i64 @llvm.smin.i64(i64 %124, i64 %hi22)
  %135 = call i64 @llvm.smax.i64(i64 %125, i64 %hi22)
  %136 = getelementptr inbounds i8, ptr %scratch, i64 640
  %137 = getelementptr inbounds i8, ptr %136, i64 %117
  %138 = getelementptr inbounds i8, ptr %137, i64 16
  %lo23 = load i64, ptr %138, align 8
  %139 = getelementptr inbounds i8, ptr %scratch, i64 1152
  %140 = getelementptr inbounds i8, ptr %139, i64 %117
  %141 = getelementptr inbounds i8, ptr %140, i64 16
  %hi24 = load i64, ptr %141, align 8
  %142 = call i64 @llvm.smin.i64(i64 %132, i64 %lo23)
  %143 = call i64 @llvm.smax.i64(i64 %133, i64 %lo23)
  %144 = call i64 @llvm.smin.i64(i64 %134, i64 %hi24)
  %145 = call i64 @llvm.smax.i64(i64 %135, i64 %hi24)
  %146 = getelementptr inbounds i8, ptr %scratch, i64 640
  %147 = getelementptr inbounds i8, ptr %146, i64 %117
  %148 = getelementptr inbounds i8, ptr %147, i64 24
  %lo25 = load i64, ptr %148, align 8
  %149 = getelementptr inbounds i8, ptr %scratch, i64 1152
  %150 = getelementptr inbounds i8, ptr %149, i64 %117
  %151 = getelementptr inbounds i8, ptr %150, i64 24
  %hi26 = load i64, ptr %151, align 8
  %152 = call i64 @llvm.smin.i64(i64 %142, i64 %lo25)
  %153 = call i64 @llvm.smax.i64(i64 %143, i64 %lo25)
  %154 = call i64 @llvm.smin.i64(i64 %144, i64 %hi26)
  %155 = call i64 @llvm.smax.i64(i64 %145, i64 %hi26)
  %156 = mul nsw i64 %panel, 32
  %157 = getelementptr inbounds i8, ptr %scratch, i64 128
  %158 = getelementptr inbounds i8, ptr %157, i64 %156
  store i64 %152, ptr %158, align 8
  %159 = getelementptr inbounds i8, ptr %158, i64 8
  store i64 %153, ptr %159, align 8
  %160 = getelementptr inbounds i8, ptr %158, i64 16
  store i64 %154, ptr %160, align 8
  %161 = getelementptr inbounds i8, ptr %158, i64 24
  store i64 %155, ptr %161, align 8
  %162 = call i64 @llvm.smin.i64(i64 %panel.carried, i64 %152)
  %163 = call i64 @llvm.smax.i64(i64 %panel.carried19, i64 %155)
  %panel.next = add nsw i64 %panel, 1
  %164 = icmp slt i64 %panel.next, %panels
  br i1 %164, label %panel.loop, label %panel.done

panel.done:                                       ; preds = %panel.loop, %row.done
  %panel.result = phi i64 [ 9223372036854775807, %row.done ], [ %162, %panel.loop ]
  %panel.result27 = phi i64 [ 0, %row.done ], [ %163, %panel.loop ]
  %165 = getelementptr inbounds i8, ptr %scratch, i64 104
  store i64 %panel.result, ptr %165, align 8
  %166 = getelementptr inbounds i8, ptr %scratch, i64 112
  store i64 %panel.result27, ptr %166, align 8
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
  %6 = getelementptr inbounds i8, ptr %scratch, i64 1664
  %7 = getelementptr inbounds i8, ptr %6, i64 %5
  %m = load float, ptr %7, align 4
  %8 = mul nsw i64 %row, 16
  %9 = getelementptr inbounds i8, ptr %scratch, i64 1920
  %10 = getelementptr inbounds i8, ptr %9, i64 %8
  %11 = load <4 x float>, ptr %10, align 16
  %12 = shufflevector <4 x float> %11, <4 x float> %11, <4 x i32> <i32 2, i32 3, i32 0, i32 1>
  %13 = fadd <4 x float> %11, %12
  %14 = shufflevector <4 x float> %13, <4 x float> %13, <4 x i32> <i32 1, i32 0, i32 3, i32 2>
  %15 = fadd <4 x float> %13, %14
  %l = extractelement <4 x float> %15, i64 0
  %16 = mul nsw i64 %row, 256
  %17 = getelementptr inbounds i8, ptr %scratch, i64 20928
  %o_acc = getelementptr inbounds i8, ptr %17, i64 %16
  %18 = fcmp oeq float %l, 0.000000e+00
  %19 = fcmp oeq float %m, 0xFFF0000000000000
  %empty = and i1 %19, %18
  %20 = fdiv float 1.000000e+00, %l
  %factor = select i1 %empty, float 0.000000e+00, float %20
  %.splatinsert = insertelement <4 x float> poison, float %factor, i64 0
  %.splat = shufflevector <4 x float> %.splatinsert, <4 x float> poison, <4 x i32> zeroinitializer
  %21 = fcmp une <4 x float> %.splat, zeroinitializer
  %22 = add nsw i64 %absolute_row, %q_start
  %23 = getelementptr inbounds i8, ptr %arguments, i64 264
  %o_stride_batch = load i64, ptr %23, align 8
  %24 = mul nsw i64 %batch, %o_stride_batch
  %25 = getelementptr inbounds i8, ptr %arguments, i64 272
  %o_stride_head = load i64, ptr %25, align 8
  %26 = mul nsw i64 %head0, %o_stride_head
  %27 = add nsw i64 %24, %26
  %28 = getelementptr inbounds i8, ptr %arguments, i64 280
  %o_stride_seq = load i64, ptr %28, align 8
  %29 = mul nsw i64 %22, %o_stride_seq
  %30 = add nsw i64 %27, %29
  %31 = getelementptr inbounds i8, ptr %arguments, i64 24
  %o = load ptr, ptr %31, align 8
  %o_row = getelementptr inbounds i8, ptr %o, i64 %30
  %o1 = load <4 x float>, ptr %o_acc, align 16
  %32 = fmul <4 x float> %o1, %.splat
  %33 = select <4 x i1> %21, <4 x float> %32, <4 x float> zeroinitializer
  store <4 x float> %33, ptr %o_row, align 4
  %34 = getelementptr inbounds i8, ptr %o_row, i64 16
  %35 = getelementptr inbounds i8, ptr %o_acc, i64 16
  %o2 = load <4 x float>, ptr %35, align 16
  %36 = fmul <4 x float> %o2, %.splat
  %37 = select <4 x i1> %21, <4 x float> %36, <4 x float> zeroinitializer
  store <4 x float> %37, ptr %34, align 4
  %38 = getelementptr inbounds i8, ptr %o_row, i64 32
  %39 = getelementptr inbounds i8, ptr %o_acc, i64 32
  %o3 = load <4 x float>, ptr %39, align 16
  %40 = fmul <4 x float> %o3, %.splat
  %41 = select <4 x i1> %21, <4 x float> %40, <4 x float> zeroinitializer
  store <4 x float> %41, ptr %38, align 4
  %42 = getelementptr inbounds i8, ptr %o_row, i64 48
  %43 = getelementptr inbounds i8, ptr %o_acc, i64 48
  %o4 = load <4 x float>, ptr %43, align 16
  %44 = fmul <4 x float> %o4, %.splat
  %45 = select <4 x i1> %21, <4 x float> %44, <4 x float> zeroinitializer
  store <4 x float> %45, ptr %42, align 4
  %46 = getelementptr inbounds i8, ptr %o_row, i64 64
  %47 = getelementptr inbounds i8, ptr %o_acc, i64 64
  %o5 = load <4 x float>, ptr %47, align 16
  %48 = fmul <4 x float> %o5, %.splat
  %49 = select <4 x i1> %21, <4 x float> %48, <4 x float> zeroinitializer
  store <4 x float> %49, ptr %46, align 4
  %50 = getelementptr inbounds i8, ptr %o_row, i64 80
  %51 = getelementptr inbounds i8, ptr %o_acc, i64 80
  %o6 = load <4 x float>, ptr %51, align 16
  %52 = fmul <4 x float> %o6, %.splat
  %53 = select <4 x i1> %21, <4 x float> %52, <4 x float> zeroinitializer
  store <4 x float> %53, ptr %50, align 4
  %54 = getelementptr inbounds i8, ptr %o_row, i64 96
  %55 = getelementptr inbounds i8, ptr %o_acc, i64 96
  %o7 = load <4 x float>, ptr %55, align 16
  %56 = fmul <4 x float> %o7, %.splat
  %57 = select <4 x i1> %21, <4 x float> %56, <4 x float> zeroinitializer
  store <4 x float> %57, ptr %54, align 4
  %58 = getelementptr inbounds i8, ptr %o_row, i64 112
  %59 = getelementptr inbounds i8, ptr %o_acc, i64 112
  %o8 = load <4 x float>, ptr %59, align 16
  %60 = fmul <4 x float> %o8, %.splat
  %61 = select <4 x i1> %21, <4 x float> %60, <4 x float> zeroinitializer
  store <4 x float> %61, ptr %58, align 4
  %62 = getelementptr inbounds i8, ptr %o_row, i64 128
  %63 = getelementptr inbounds i8, ptr %o_acc, i64 128
  %o9 = load <4 x float>, ptr %63, align 16
  %64 = fmul <4 x float> %o9, %.splat
  %65 = select <4 x i1> %21, <4 x float> %64, <4 x float> zeroinitializer
  store <4 x float> %65, ptr %62, align 4
  %66 = getelementptr inbounds i8, ptr %o_row, i64 144
  %67 = getelementptr inbounds i8, ptr %o_acc, i64 144
  %o10 = load <4 x float>, ptr %67, align 16
  %68 = fmul <4 x float> %o10, %.splat
  %69 = select <4 x i1> %21, <4 x float> %68, <4 x float> zeroinitializer
  store <4 x float> %69, ptr %66, align 4
  %70 = getelementptr inbounds i8, ptr %o_row, i64 160
  %71 = getelementptr inbounds i8, ptr %o_acc, i64 160
  %o11 = load <4 x float>, ptr %71, align 16
  %72 = fmul <4 x float> %o11, %.splat
  %73 = select <4 x i1> %21, <4 x float> %72, <4 x float> zeroinitializer
  store <4 x float> %73, ptr %70, align 4
  %74 = getelementptr inbounds i8, ptr %o_row, i64 176
  %75 = getelementptr inbounds i8, ptr %o_acc, i64 176
  %o12 = load <4 x float>, ptr %75, align 16
  %76 = fmul <4 x float> %o12, %.splat
  %77 = select <4 x i1> %21, <4 x float> %76, <4 x float> zeroinitializer
  store <4 x float> %77, ptr %74, align 4
  %78 = getelementptr inbounds i8, ptr %o_row, i64 192
  %79 = getelementptr inbounds i8, ptr %o_acc, i64 192
  %o13 = load <4 x float>, ptr %79, align 16
  %80 = fmul <4 x float> %o13, %.splat
  %81 = select <4 x i1> %21, <4 x float> %80, <4 x float> zeroinitializer
  store <4 x float> %81, ptr %78, align 4
  %82 = getelementptr inbounds i8, ptr %o_row, i64 208
  %83 = getelementptr inbounds i8, ptr %o_acc, i64 208
  %o14 = load <4 x float>, ptr %83, align 16
  %84 = fmul <4 x float> %o14, %.splat
  %85 = select <4 x i1> %21, <4 x float> %84, <4 x float> zeroinitializer
  store <4 x float> %85, ptr %82, align 4
  %86 = getelementptr inbounds i8, ptr %o_row, i64 224
  %87 = getelementptr inbounds i8, ptr %o_acc, i64 224
  %o15 = load <4 x float>, ptr %87, align 16
  %88 = fmul <4 x float> %o15, %.splat
  %89 = select <4 x i1> %21, <4 x float> %88, <4 x float> zeroinitializer
  store <4 x float> %89, ptr %86, align 4
  %90 = getelementptr inbounds i8, ptr %o_row, i64 240
  %91 = getelementptr inbounds i8, ptr %o_acc, i64 240
  %o16 = load <4 x float>, ptr %91, align 16
  %92 = fmul <4 x float> %o16, %.splat
  %93 = select <4 x i1> %21, <4 x float> %92, <4 x float> zeroinitializer
  store <4 x float> %93, ptr %90, align 4
  %row.next = add nsw i64 %row, 1
  %94 = icmp slt i64 %row.next, %rows
  br i1 %94, label %row.loop, label %row.done

row.done:                                         ; preds = %row.loop, %entry
  ret void
}

; Function Attrs: nounwind
; entry: work items [item_begin, item_end) = (batch, head, row block, split)
define void @attune_forward(ptr noundef %arguments, i64 %item_begin, i64 %item_end, ptr noundef %scratch) #2 {
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
  %7 = getelementptr inbounds i8, ptr %arguments, i64 408
  %list_head_divisor = load i64, ptr %7, align 8
  %8 = getelementptr inbounds i8, ptr %arguments, i64 392
  %list_stride_batch = load i64, ptr %8, align 8
  %9 = mul nsw i64 %batch, %list_stride_batch
  %10 = getelementptr inbounds i8, ptr %arguments, i64 400
  %list_stride_head = load i64, ptr %10, align 8
  %11 = udiv i64 %head, %list_head_divisor
  %12 = mul nsw i64 %11, %list_stride_head
  %list = add nsw i64 %9, %12
  %13 = getelementptr inbounds i8, ptr %arguments, i64 416
  %list_sub_blocks = load i64, ptr %13, align 8
  %query_block = udiv i64 %row_block, %list_sub_blocks
  %14 = getelementptr inbounds i8, ptr %arguments, i64 376
  %list_q_blocks = load i64, ptr %14, align 8
  %15 = getelementptr inbounds i8, ptr %arguments, i64 368
  %list_block_kv = load i64, ptr %15, align 8
  %16 = add nsw i64 %list_q_blocks, 1
  %17 = mul nsw i64 %list, %16
  %18 = add nsw i64 %17, %query_block
  %19 = mul nsw i64 %18, 8
  %20 = getelementptr inbounds i8, ptr %arguments, i64 120
  %full_row_ptr = load ptr, ptr %20, align 8
  %21 = getelementptr inbounds i8, ptr %full_row_ptr, i64 %19
  %first = load i64, ptr %21, align 8
  %22 = getelementptr inbounds i8, ptr %21, i64 8
  %23 = load i64, ptr %22, align 8
  %entries = sub nsw i64 %23, %first
  %24 = mul nsw i64 %first, 4
  %25 = getelementptr inbounds i8, ptr %arguments, i64 96
  %full_indices = load ptr, ptr %25, align 8
  %list_at = getelementptr inbounds i8, ptr %full_indices, i64 %24
  %26 = icmp slt i64 0, %entries
  br i1 %26, label %entry.loop, label %entry.done

rows_exist.end:                                   ; preds = %entry.done6, %item.loop
  %item.next = add nsw i64 %item, 1
  %27 = icmp slt i64 %item.next, %item_end
  br i1 %27, label %item.loop, label %item.done

entry.loop:                                       ; preds = %block.done, %rows_exist
  %entry1 = phi i64 [ 0, %rows_exist ], [ %entry.next, %block.done ]
  %28 = mul nsw i64 %entry1, 4
  %29 = getelementptr inbounds i8, ptr %list_at, i64 %28
  %30 = load i32, ptr %29, align 4
  %31 = sext i32 %30 to i64
  %from = mul nsw i64 %31, %list_block_kv
  %32 = add nsw i64 %from, %list_block_kv
  %to = call i64 @llvm.smin.i64(i64 %32, i64 %kv_len)
  %33 = icmp slt i64 %from, %to
  br i1 %33, label %block.loop, label %block.done

entry.done:                                       ; preds = %block.done, %rows_exist
  %34 = add nsw i64 %list_q_blocks, 1
  %35 = mul nsw i64 %list, %34
  %36 = add nsw i64 %35, %query_block
  %37 = mul nsw i64 %36, 8
  %38 = getelementptr inbounds i8, ptr %arguments, i64 128
  %partial_row_ptr = load ptr, ptr %38, align 8
  %39 = getelementptr inbounds i8, ptr %partial_row_ptr, i64 %37
  %first2 = load i64, ptr %39, align 8
  %40 = getelementptr inbounds i8, ptr %39, i64 8
  %41 = load i64, ptr %40, align 8
  %entries3 = sub nsw i64 %41, %first2
  %42 = mul nsw i64 %first2, 4
  %43 = getelementptr inbounds i8, ptr %arguments, i64 112
  %partial_indices = load ptr, ptr %43, align 8
  %list_at4 = getelementptr inbounds i8, ptr %partial_indices, i64 %42
  %44 = icmp slt i64 0, %entries3
  br i1 %44, label %entry.loop5, label %entry.done6

block.loop:                                       ; preds = %block.loop, %entry.loop
  %block = phi i64 [ %from, %entry.loop ], [ %block.next, %block.loop ]
  %45 = sub nsw i64 %to, %block
  %count = call i64 @llvm.smin.i64(i64 %45, i64 96)
  call void @visit_block(ptr %arguments, ptr %scratch, i64 %block, i64 %count, i1 false)
  %block.next = add nsw i64 %block, 96
  %46 = icmp slt i64 %block.next, %to
  br i1 %46, label %block.loop, label %block.done

block.done:                                       ; preds = %block.loop, %entry.loop
  %entry.next = add nsw i64 %entry1, 1
  %47 = icmp slt i64 %entry.next, %entries
  br i1 %47, label %entry.loop, label %entry.done

entry.loop5:                                      ; preds = %block.done11, %entry.done
  %entry7 = phi i64 [ 0, %entry.done ], [ %entry.next15, %block.done11 ]
  %48 = mul nsw i64 %entry7, 4
  %49 = getelementptr inbounds i8, ptr %list_at4, i64 %48
  %50 = load i32, ptr %49, align 4
  %51 = sext i32 %50 to i64
  %from8 = mul nsw i64 %51, %list_block_kv
  %52 = add nsw i64 %from8, %list_block_kv
  %to9 = call i64 @llvm.smin.i64(i64 %52, i64 %kv_len)
  %53 = icmp slt i64 %from8, %to9
  br i1 %53, label %block.loop10, label %block.done11

entry.done6:                                      ; preds = %block.done11, %entry.done
  call void @finish_item(ptr %arguments, ptr %scratch, i64 %split)
  br label %rows_exist.end

block.loop10:                                     ; preds = %block.loop10, %entry.loop5
  %block12 = phi i64 [ %from8, %entry.loop5 ], [ %block.next14, %block.loop10 ]
  %54 = sub nsw i64 %to9, %block12
  %count13 = call i64 @llvm.smin.i64(i64 %54, i64 96)
  call void @visit_block(ptr %arguments, ptr %scratch, i64 %block12, i64 %count13, i1 true)
  %block.next14 = add nsw i64 %block12, 96
  %55 = icmp slt i64 %block.next14, %to9
  br i1 %55, label %block.loop10, label %block.done11

block.done11:                                     ; preds = %block.loop10, %entry.loop5
  %entry.next15 = add nsw i64 %entry7, 1
  %56 = icmp slt i64 %entry.next15, %entries3
  br i1 %56, label %entry.loop5, label %entry.done6
}

attributes #0 = { noinline nounwind "min-legal-vector-width"="128" "prefer-vector-width"="128" }
attributes #1 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #2 = { nounwind "min-legal-vector-width"="128" "prefer-vector-width"="128" }
