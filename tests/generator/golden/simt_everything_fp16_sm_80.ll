; Attune forward_simt version 1: attention forward on a GPU, one warp a query row.
; arch: sm_80
; spec: forward_simt v1 sm_80 alibi=1 alignment=bottom_right causal=1 dtype=fp16 full_lists=0 group=2 head_dim_qk=40 head_dim_v=24 kv_lengths=1 lse=1 mask=additive mask_broadcast_kv=0 mask_dtype=fp32 mask_short=0 page_size=0 partial_lists=0 sinks=1 softcap=1 sparsity=none varlen=0 window_left=1 window_right=0
; config: keys=64 warps=4
; ModuleID = 'attune_forward_simt'
source_filename = "attune_forward_simt"
target triple = "nvptx64-nvidia-cuda"

@queries = internal addrspace(3) global [640 x i8] undef, align 16

; Function Attrs: nounwind
define ptx_kernel void @attune_forward_simt(ptr byval([416 x i8]) align 8 %arguments) #0 {
entry:
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %thread = zext i32 %tid to i64
  %lane = and i64 %thread, 31
  %warp = lshr i64 %thread, 5
  %ctaid = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %block = zext i32 %ctaid to i64
  %0 = getelementptr inbounds i8, ptr %arguments, i64 348
  %row_blocks.i32 = load i32, ptr %0, align 4
  %row_blocks = sext i32 %row_blocks.i32 to i64
  %row_block = urem i64 %block, %row_blocks
  %1 = sub nsw i64 %row_blocks, 1
  %row_block1 = sub nsw i64 %1, %row_block
  %2 = udiv i64 %block, %row_blocks
  %3 = getelementptr inbounds i8, ptr %arguments, i64 332
  %heads_q.i32 = load i32, ptr %3, align 4
  %heads_q = sext i32 %heads_q.i32 to i64
  %head = urem i64 %2, %heads_q
  %batch = udiv i64 %2, %heads_q
  %kv_head = udiv i64 %head, 2
  %4 = mul nsw i64 %row_block1, 4
  %query = add nsw i64 %4, %warp
  %5 = getelementptr inbounds i8, ptr %arguments, i64 340
  %seqlen_q.i32 = load i32, ptr %5, align 4
  %seqlen_q = sext i32 %seqlen_q.i32 to i64
  %6 = icmp slt i64 %query, %seqlen_q
  br i1 %6, label %row_exists, label %row_exists.end

row_exists:                                       ; preds = %entry
  %7 = getelementptr inbounds i8, ptr %arguments, i64 344
  %seqlen_kv.i32 = load i32, ptr %7, align 4
  %seqlen_kv = sext i32 %seqlen_kv.i32 to i64
  %8 = getelementptr inbounds i8, ptr %arguments, i64 80
  %kv_lengths.generic = load ptr, ptr %8, align 8
  %kv_lengths = addrspacecast ptr %kv_lengths.generic to ptr addrspace(1)
  %9 = mul nsw i64 %batch, 4
  %10 = getelementptr inbounds i8, ptr addrspace(1) %kv_lengths, i64 %9
  %11 = load i32, ptr addrspace(1) %10, align 4
  %given = sext i32 %11 to i64
  %12 = call i64 @llvm.smin.i64(i64 %given, i64 %seqlen_kv)
  %kv_length = call i64 @llvm.smax.i64(i64 %12, i64 0)
  %13 = getelementptr inbounds i8, ptr %arguments, i64 340
  %seqlen_q.i322 = load i32, ptr %13, align 4
  %seqlen_q3 = sext i32 %seqlen_q.i322 to i64
  %shift = sub nsw i64 %kv_length, %seqlen_q3
  %position = add nsw i64 %query, %shift
  %14 = add nsw i64 %position, 1
  %15 = call i64 @llvm.smin.i64(i64 %kv_length, i64 %14)
  %16 = getelementptr inbounds i8, ptr %arguments, i64 356
  %window_left.i32 = load i32, ptr %16, align 4
  %window_left = sext i32 %window_left.i32 to i64
  %17 = sub nsw i64 %position, %window_left
  %lo = call i64 @llvm.smax.i64(i64 0, i64 %17)
  %18 = getelementptr inbounds i8, ptr %arguments, i64 184
  %k_stride_head = load i64, ptr %18, align 8
  %19 = mul nsw i64 %kv_head, %k_stride_head
  %20 = getelementptr inbounds i8, ptr %arguments, i64 176
  %k_stride_batch = load i64, ptr %20, align 8
  %21 = mul nsw i64 %batch, %k_stride_batch
  %22 = add nsw i64 %19, %21
  %23 = getelementptr inbounds i8, ptr %arguments, i64 192
  %k_stride_seq = load i64, ptr %23, align 8
  %24 = mul nsw i64 0, %k_stride_seq
  %25 = add nsw i64 %22, %24
  %26 = getelementptr inbounds i8, ptr %arguments, i64 8
  %k.generic = load ptr, ptr %26, align 8
  %k = addrspacecast ptr %k.generic to ptr addrspace(1)
  %k_begin = getelementptr inbounds i8, ptr addrspace(1) %k, i64 %25
  %27 = getelementptr inbounds i8, ptr %arguments, i64 208
  %v_stride_head = load i64, ptr %27, align 8
  %28 = mul nsw i64 %kv_head, %v_stride_head
  %29 = getelementptr inbounds i8, ptr %arguments, i64 200
  %v_stride_batch = load i64, ptr %29, align 8
  %30 = mul nsw i64 %batch, %v_stride_batch
  %31 = add nsw i64 %28, %30
  %32 = getelementptr inbounds i8, ptr %arguments, i64 216
  %v_stride_seq = load i64, ptr %32, align 8
  %33 = mul nsw i64 0, %v_stride_seq
  %34 = add nsw i64 %31, %33
  %35 = getelementptr inbounds i8, ptr %arguments, i64 16
  %v.generic = load ptr, ptr %35, align 8
  %v = addrspacecast ptr %v.generic to ptr addrspace(1)
  %v_begin = getelementptr inbounds i8, ptr addrspace(1) %v, i64 %34
  %36 = mul nsw i64 %warp, 160
  %query_row = getelementptr inbounds i8, ptr addrspace(3) @queries, i64 %36
  %37 = getelementptr inbounds i8, ptr %arguments, i64 152
  %q_stride_batch = load i64, ptr %37, align 8
  %38 = mul nsw i64 %batch, %q_stride_batch
  %39 = getelementptr inbounds i8, ptr %arguments, i64 160
  %q_stride_head = load i64, ptr %39, align 8
  %40 = mul nsw i64 %head, %q_stride_head
  %41 = add nsw i64 %38, %40
  %42 = getelementptr inbounds i8, ptr %arguments, i64 168
  %q_stride_seq = load i64, ptr %42, align 8
  %43 = mul nsw i64 %query, %q_stride_seq
  %44 = add nsw i64 %41, %43
  %q.generic = load ptr, ptr %arguments, align 8
  %q = addrspacecast ptr %q.generic to ptr addrspace(1)
  %q_row = getelementptr inbounds i8, ptr addrspace(1) %q, i64 %44
  %45 = icmp slt i64 %lane, 40
  br i1 %45, label %d.loop, label %d.done

row_exists.end:                                   ; preds = %first_lane.end, %entry
  ret void

d.loop:                                           ; preds = %d.loop, %row_exists
  %d = phi i64 [ %lane, %row_exists ], [ %d.next, %d.loop ]
  %46 = mul nsw i64 %d, 2
  %47 = getelementptr inbounds i8, ptr addrspace(1) %q_row, i64 %46
  %q.bits = load i16, ptr addrspace(1) %47, align 2
  %48 = bitcast i16 %q.bits to half
  %49 = fpext half %48 to float
  %50 = mul nsw i64 %d, 4
  %51 = getelementptr inbounds i8, ptr addrspace(3) %query_row, i64 %50
  store float %49, ptr addrspace(3) %51, align 4
  %d.next = add nsw i64 %d, 32
  %52 = icmp slt i64 %d.next, 40
  br i1 %52, label %d.loop, label %d.done

d.done:                                           ; preds = %d.loop, %row_exists
  call void @llvm.nvvm.bar.warp.sync(i32 -1)
  %53 = icmp slt i64 %lo, %15
  br i1 %53, label %tile.loop, label %tile.done

tile.loop:                                        ; preds = %weighted.done159, %d.done
  %tile = phi i64 [ %lo, %d.done ], [ %tile.next, %weighted.done159 ]
  %tile.carried = phi float [ 0xFFF0000000000000, %d.done ], [ %m, %weighted.done159 ]
  %tile.carried4 = phi float [ 0.000000e+00, %d.done ], [ %l155, %weighted.done159 ]
  %tile.carried5 = phi float [ 0.000000e+00, %d.done ], [ %weighted.result172, %weighted.done159 ]
  %last = sub nsw i64 %15, 1
  %column = add nsw i64 %tile, %lane
  %exists = icmp slt i64 %column, %15
  %54 = call i64 @llvm.smin.i64(i64 %column, i64 %last)
  %55 = getelementptr inbounds i8, ptr %arguments, i64 192
  %k_stride_seq6 = load i64, ptr %55, align 8
  %56 = mul nsw i64 %54, %k_stride_seq6
  %k_row = getelementptr inbounds i8, ptr addrspace(1) %k_begin, i64 %56
  %57 = add nsw i64 %tile, 32
  %column7 = add nsw i64 %57, %lane
  %exists8 = icmp slt i64 %column7, %15
  %58 = call i64 @llvm.smin.i64(i64 %column7, i64 %last)
  %59 = getelementptr inbounds i8, ptr %arguments, i64 192
  %k_stride_seq9 = load i64, ptr %59, align 8
  %60 = mul nsw i64 %58, %k_stride_seq9
  %k_row10 = getelementptr inbounds i8, ptr addrspace(1) %k_begin, i64 %60
  %61 = getelementptr inbounds i8, ptr %arguments, i64 392
  %aligned_k.i32 = load i32, ptr %61, align 4
  %aligned_k = sext i32 %aligned_k.i32 to i64
  %aligned = icmp ne i64 %aligned_k, 0
  br i1 %aligned, label %aligned11, label %aligned.else

tile.done:                                        ; preds = %weighted.done159, %d.done
  %tile.result = phi float [ 0xFFF0000000000000, %d.done ], [ %m, %weighted.done159 ]
  %tile.result173 = phi float [ 0.000000e+00, %d.done ], [ %l155, %weighted.done159 ]
  %tile.result174 = phi float [ 0.000000e+00, %d.done ], [ %weighted.result172, %weighted.done159 ]
  %other175 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %tile.result173, i32 16, i32 31)
  %sum = fadd float %tile.result173, %other175
  %other176 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %sum, i32 8, i32 31)
  %sum177 = fadd float %sum, %other176
  %other178 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %sum177, i32 4, i32 31)
  %sum179 = fadd float %sum177, %other178
  %other180 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %sum179, i32 2, i32 31)
  %sum181 = fadd float %sum179, %other180
  %other182 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %sum181, i32 1, i32 31)
  %sum183 = fadd float %sum181, %other182
  %62 = fcmp oeq float %sum183, 0.000000e+00
  %63 = fcmp oeq float %tile.result, 0xFFF0000000000000
  %empty = and i1 %63, %62
  %64 = mul nsw i64 %head, 4
  %65 = getelementptr inbounds i8, ptr %arguments, i64 48
  %sinks.generic = load ptr, ptr %65, align 8
  %sinks = addrspacecast ptr %sinks.generic to ptr addrspace(1)
  %66 = getelementptr inbounds i8, ptr addrspace(1) %sinks, i64 %64
  %sink = load float, ptr addrspace(1) %66, align 4
  %sink_log2 = fmul float %sink, 0x3FF7154760000000
  %67 = fcmp ogt float %sink_log2, %tile.result
  %top = select i1 %67, float %sink_log2, float %tile.result
  %68 = fsub float %tile.result, %top
  %69 = fcmp olt float %68, -1.270000e+02
  %70 = select i1 %69, float -1.270000e+02, float %68
  %71 = fptosi float %70 to i32
  %72 = freeze i32 %71
  %73 = sitofp i32 %72 to float
  %74 = fcmp ogt float %73, %70
  %75 = sext i1 %74 to i32
  %floor184 = add i32 %72, %75
  %76 = sitofp i32 %floor184 to float
  %fraction185 = fsub float %70, %76
  %exp2186 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction185, float 0x3F546D64A0000000)
  %exp2187 = call float @llvm.fma.f32(float %exp2186, float %fraction185, float 0x3F83D0B920000000)
  %exp2188 = call float @llvm.fma.f32(float %exp2187, float %fraction185, float 0x3FAC689120000000)
  %exp2189 = call float @llvm.fma.f32(float %exp2188, float %fraction185, float 0x3FCEBFD580000000)
  %exp2190 = call float @llvm.fma.f32(float %exp2189, float %fraction185, float 0x3FE62E42C0000000)
  %exp2191 = call float @llvm.fma.f32(float %exp2190, float %fraction185, float 1.000000e+00)
  %77 = add i32 %floor184, 127
  %78 = shl i32 %77, 23
  %power192 = bitcast i32 %78 to float
  %exp2193 = fmul float %exp2191, %power192
  %79 = fsub float %sink_log2, %top
  %80 = fcmp olt float %79, -1.270000e+02
  %81 = select i1 %80, float -1.270000e+02, float %79
  %82 = fptosi float %81 to i32
  %83 = freeze i32 %82
  %84 = sitofp i32 %83 to float
  %85 = fcmp ogt float %84, %81
  %86 = sext i1 %85 to i32
  %floor194 = add i32 %83, %86
  %87 = sitofp i32 %floor194 to float
  %fraction195 = fsub float %81, %87
  %exp2196 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction195, float 0x3F546D64A0000000)
  %exp2197 = call float @llvm.fma.f32(float %exp2196, float %fraction195, float 0x3F83D0B920000000)
  %exp2198 = call float @llvm.fma.f32(float %exp2197, float %fraction195, float 0x3FAC689120000000)
  %exp2199 = call float @llvm.fma.f32(float %exp2198, float %fraction195, float 0x3FCEBFD580000000)
  %exp2200 = call float @llvm.fma.f32(float %exp2199, float %fraction195, float 0x3FE62E42C0000000)
  %exp2201 = call float @llvm.fma.f32(float %exp2200, float %fraction195, float 1.000000e+00)
  %88 = add i32 %floor194, 127
  %89 = shl i32 %88, 23
  %power202 = bitcast i32 %89 to float
  %exp2203 = fmul float %exp2201, %power202
  %sum204 = call float @llvm.fma.f32(float %sum183, float %exp2193, float %exp2203)
  %factor = fdiv float %exp2193, %sum204
  %90 = getelementptr inbounds i8, ptr %arguments, i64 224
  %o_stride_batch = load i64, ptr %90, align 8
  %91 = mul nsw i64 %batch, %o_stride_batch
  %92 = getelementptr inbounds i8, ptr %arguments, i64 232
  %o_stride_head = load i64, ptr %92, align 8
  %93 = mul nsw i64 %head, %o_stride_head
  %94 = add nsw i64 %91, %93
  %95 = getelementptr inbounds i8, ptr %arguments, i64 240
  %o_stride_seq = load i64, ptr %95, align 8
  %96 = mul nsw i64 %query, %o_stride_seq
  %97 = add nsw i64 %94, %96
  %98 = getelementptr inbounds i8, ptr %arguments, i64 24
  %o.generic = load ptr, ptr %98, align 8
  %o205 = addrspacecast ptr %o.generic to ptr addrspace(1)
  %o_row = getelementptr inbounds i8, ptr addrspace(1) %o205, i64 %97
  %99 = fmul float %tile.result174, %factor
  %output = select i1 %empty, float 0.000000e+00, float %99
  %100 = icmp slt i64 %lane, 24
  br i1 %100, label %inside, label %inside.end

aligned11:                                        ; preds = %tile.loop
  br i1 true, label %d.loop12, label %d.done13

aligned.else:                                     ; preds = %tile.loop
  br i1 true, label %d.loop37, label %d.done38

aligned.end:                                      ; preds = %d.done38, %d.done13
  %aligned.result = phi float [ %d.result, %d.done13 ], [ %d.result62, %d.done38 ]
  %aligned.result64 = phi float [ %d.result36, %d.done13 ], [ %d.result63, %d.done38 ]
  %101 = getelementptr inbounds i8, ptr %arguments, i64 412
  %softcap = load float, ptr %101, align 4
  %102 = getelementptr inbounds i8, ptr %arguments, i64 404
  %scale = load float, ptr %102, align 4
  %103 = fdiv float %scale, %softcap
  %inner = fmul float %aligned.result, %103
  %104 = fmul float %softcap, 0x3FF7154760000000
  %105 = call float @llvm.fabs.f32(float %inner)
  %106 = fmul float %inner, %inner
  %tanh = call float @llvm.fma.f32(float 0xBF78257B20000000, float %106, float 0x3F954B8800000000)
  %tanh65 = call float @llvm.fma.f32(float %tanh, float %106, float 0xBFAB898DA0000000)
  %tanh66 = call float @llvm.fma.f32(float %tanh65, float %106, float 0x3FC1109AE0000000)
  %tanh67 = call float @llvm.fma.f32(float %tanh66, float %106, float 0xBFD55553E0000000)
  %tanh68 = call float @llvm.fma.f32(float %tanh67, float %106, float 1.000000e+00)
  %107 = fmul float %inner, %tanh68
  %108 = fmul float %105, 0xC007154760000000
  %109 = fcmp olt float %108, -1.270000e+02
  %110 = select i1 %109, float -1.270000e+02, float %108
  %111 = fptosi float %110 to i32
  %112 = freeze i32 %111
  %113 = sitofp i32 %112 to float
  %114 = fcmp ogt float %113, %110
  %115 = sext i1 %114 to i32
  %floor = add i32 %112, %115
  %116 = sitofp i32 %floor to float
  %fraction = fsub float %110, %116
  %exp2 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction, float 0x3F546D64A0000000)
  %exp269 = call float @llvm.fma.f32(float %exp2, float %fraction, float 0x3F83D0B920000000)
  %exp270 = call float @llvm.fma.f32(float %exp269, float %fraction, float 0x3FAC689120000000)
  %exp271 = call float @llvm.fma.f32(float %exp270, float %fraction, float 0x3FCEBFD580000000)
  %exp272 = call float @llvm.fma.f32(float %exp271, float %fraction, float 0x3FE62E42C0000000)
  %exp273 = call float @llvm.fma.f32(float %exp272, float %fraction, float 1.000000e+00)
  %117 = add i32 %floor, 127
  %118 = shl i32 %117, 23
  %power = bitcast i32 %118 to float
  %exp274 = fmul float %exp273, %power
  %119 = fadd float 1.000000e+00, %exp274
  %120 = fsub float 1.000000e+00, %exp274
  %121 = fdiv float %120, %119
  %122 = call float @llvm.copysign.f32(float %121, float %inner)
  %123 = fcmp olt float %105, 0x3FE3333340000000
  %tanh75 = select i1 %123, float %107, float %122
  %capped = fmul float %tanh75, %104
  %124 = getelementptr inbounds i8, ptr %arguments, i64 288
  %alibi_stride_batch = load i64, ptr %124, align 8
  %125 = mul nsw i64 %batch, %alibi_stride_batch
  %126 = add nsw i64 %125, %head
  %127 = mul nsw i64 %126, 4
  %128 = getelementptr inbounds i8, ptr %arguments, i64 56
  %alibi_slopes.generic = load ptr, ptr %128, align 8
  %alibi_slopes = addrspacecast ptr %alibi_slopes.generic to ptr addrspace(1)
  %129 = getelementptr inbounds i8, ptr addrspace(1) %alibi_slopes, i64 %127
  %slope = load float, ptr addrspace(1) %129, align 4
  %130 = sub nsw i64 %54, %position
  %131 = trunc i64 %130 to i32
  %132 = sitofp i32 %131 to float
  %distance = call float @llvm.fabs.f32(float %132)
  %133 = fmul float %slope, 0xBFF7154760000000
  %biased = call float @llvm.fma.f32(float %133, float %distance, float %capped)
  %134 = getelementptr inbounds i8, ptr %arguments, i64 264
  %mask_stride_batch = load i64, ptr %134, align 8
  %135 = mul nsw i64 %batch, %mask_stride_batch
  %136 = getelementptr inbounds i8, ptr %arguments, i64 272
  %mask_stride_head = load i64, ptr %136, align 8
  %137 = mul nsw i64 %head, %mask_stride_head
  %138 = add nsw i64 %135, %137
  %139 = getelementptr inbounds i8, ptr %arguments, i64 280
  %mask_stride_q = load i64, ptr %139, align 8
  %140 = mul nsw i64 %query, %mask_stride_q
  %141 = add nsw i64 %138, %140
  %142 = mul nsw i64 %54, 4
  %143 = add nsw i64 %141, %142
  %144 = getelementptr inbounds i8, ptr %arguments, i64 40
  %mask.generic = load ptr, ptr %144, align 8
  %mask = addrspacecast ptr %mask.generic to ptr addrspace(1)
  %mask_at = getelementptr inbounds i8, ptr addrspace(1) %mask, i64 %143
  %bias = load float, ptr addrspace(1) %mask_at, align 4
  %145 = call float @llvm.fma.f32(float %bias, float 0x3FF7154760000000, float %biased)
  %146 = fcmp olt float %145, 0xC7EFFFFFE0000000
  %bounded = select i1 %146, float 0xC7EFFFFFE0000000, float %145
  %147 = fcmp oeq float %bias, 0xFFF0000000000000
  %masked = select i1 %147, float 0xFFF0000000000000, float %bounded
  %score = select i1 %exists, float %masked, float 0xFFF0000000000000
  %148 = fcmp ogt float %score, 0xFFF0000000000000
  %149 = select i1 %148, float %score, float 0xFFF0000000000000
  %150 = getelementptr inbounds i8, ptr %arguments, i64 412
  %softcap76 = load float, ptr %150, align 4
  %151 = getelementptr inbounds i8, ptr %arguments, i64 404
  %scale77 = load float, ptr %151, align 4
  %152 = fdiv float %scale77, %softcap76
  %inner78 = fmul float %aligned.result64, %152
  %153 = fmul float %softcap76, 0x3FF7154760000000
  %154 = call float @llvm.fabs.f32(float %inner78)
  %155 = fmul float %inner78, %inner78
  %tanh79 = call float @llvm.fma.f32(float 0xBF78257B20000000, float %155, float 0x3F954B8800000000)
  %tanh80 = call float @llvm.fma.f32(float %tanh79, float %155, float 0xBFAB898DA0000000)
  %tanh81 = call float @llvm.fma.f32(float %tanh80, float %155, float 0x3FC1109AE0000000)
  %tanh82 = call float @llvm.fma.f32(float %tanh81, float %155, float 0xBFD55553E0000000)
  %tanh83 = call float @llvm.fma.f32(float %tanh82, float %155, float 1.000000e+00)
  %156 = fmul float %inner78, %tanh83
  %157 = fmul float %154, 0xC007154760000000
  %158 = fcmp olt float %157, -1.270000e+02
  %159 = select i1 %158, float -1.270000e+02, float %157
  %160 = fptosi float %159 to i32
  %161 = freeze i32 %160
  %162 = sitofp i32 %161 to float
  %163 = fcmp ogt float %162, %159
  %164 = sext i1 %163 to i32
  %floor84 = add i32 %161, %164
  %165 = sitofp i32 %floor84 to float
  %fraction85 = fsub float %159, %165
  %exp286 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction85, float 0x3F546D64A0000000)
  %exp287 = call float @llvm.fma.f32(float %exp286, float %fraction85, float 0x3F83D0B920000000)
  %exp288 = call float @llvm.fma.f32(float %exp287, float %fraction85, float 0x3FAC689120000000)
  %exp289 = call float @llvm.fma.f32(float %exp288, float %fraction85, float 0x3FCEBFD580000000)
  %exp290 = call float @llvm.fma.f32(float %exp289, float %fraction85, float 0x3FE62E42C0000000)
  %exp291 = call float @llvm.fma.f32(float %exp290, float %fraction85, float 1.000000e+00)
  %166 = add i32 %floor84, 127
  %167 = shl i32 %166, 23
  %power92 = bitcast i32 %167 to float
  %exp293 = fmul float %exp291, %power92
  %168 = fadd float 1.000000e+00, %exp293
  %169 = fsub float 1.000000e+00, %exp293
  %170 = fdiv float %169, %168
  %171 = call float @llvm.copysign.f32(float %170, float %inner78)
  %172 = fcmp olt float %154, 0x3FE3333340000000
  %tanh94 = select i1 %172, float %156, float %171
  %capped95 = fmul float %tanh94, %153
  %173 = getelementptr inbounds i8, ptr %arguments, i64 288
  %alibi_stride_batch96 = load i64, ptr %173, align 8
  %174 = mul nsw i64 %batch, %alibi_stride_batch96
  %175 = add nsw i64 %174, %head
  %176 = mul nsw i64 %175, 4
  %177 = getelementptr inbounds i8, ptr %arguments, i64 56
  %alibi_slopes.generic97 = load ptr, ptr %177, align 8
  %alibi_slopes98 = addrspacecast ptr %alibi_slopes.generic97 to ptr addrspace(1)
  %178 = getelementptr inbounds i8, ptr addrspace(1) %alibi_slopes98, i64 %176
  %slope99 = load float, ptr addrspace(1) %178, align 4
  %179 = sub nsw i64 %58, %position
  %180 = trunc i64 %179 to i32
  %181 = sitofp i32 %180 to float
  %distance100 = call float @llvm.fabs.f32(float %181)
  %182 = fmul float %slope99, 0xBFF7154760000000
  %biased101 = call float @llvm.fma.f32(float %182, float %distance100, float %capped95)
  %183 = getelementptr inbounds i8, ptr %arguments, i64 264
  %mask_stride_batch102 = load i64, ptr %183, align 8
  %184 = mul nsw i64 %batch, %mask_stride_batch102
  %185 = getelementptr inbounds i8, ptr %arguments, i64 272
  %mask_stride_head103 = load i64, ptr %185, align 8
  %186 = mul nsw i64 %head, %mask_stride_head103
  %187 = add nsw i64 %184, %186
  %188 = getelementptr inbounds i8, ptr %arguments, i64 280
  %mask_stride_q104 = load i64, ptr %188, align 8
  %189 = mul nsw i64 %query, %mask_stride_q104
  %190 = add nsw i64 %187, %189
  %191 = mul nsw i64 %58, 4
  %192 = add nsw i64 %190, %191
  %193 = getelementptr inbounds i8, ptr %arguments, i64 40
  %mask.generic105 = load ptr, ptr %193, align 8
  %mask106 = addrspacecast ptr %mask.generic105 to ptr addrspace(1)
  %mask_at107 = getelementptr inbounds i8, ptr addrspace(1) %mask106, i64 %192
  %bias108 = load float, ptr addrspace(1) %mask_at107, align 4
  %194 = call float @llvm.fma.f32(float %bias108, float 0x3FF7154760000000, float %biased101)
  %195 = fcmp olt float %194, 0xC7EFFFFFE0000000
  %bounded109 = select i1 %195, float 0xC7EFFFFFE0000000, float %194
  %196 = fcmp oeq float %bias108, 0xFFF0000000000000
  %masked110 = select i1 %196, float 0xFFF0000000000000, float %bounded109
  %score111 = select i1 %exists8, float %masked110, float 0xFFF0000000000000
  %197 = fcmp ogt float %score111, %149
  %198 = select i1 %197, float %score111, float %149
  %other = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %198, i32 16, i32 31)
  %199 = fcmp ogt float %other, %198
  %max = select i1 %199, float %other, float %198
  %other112 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %max, i32 8, i32 31)
  %200 = fcmp ogt float %other112, %max
  %max113 = select i1 %200, float %other112, float %max
  %other114 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %max113, i32 4, i32 31)
  %201 = fcmp ogt float %other114, %max113
  %max115 = select i1 %201, float %other114, float %max113
  %other116 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %max115, i32 2, i32 31)
  %202 = fcmp ogt float %other116, %max115
  %max117 = select i1 %202, float %other116, float %max115
  %other118 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %max117, i32 1, i32 31)
  %203 = fcmp ogt float %other118, %max117
  %max119 = select i1 %203, float %other118, float %max117
  %204 = fcmp ogt float %max119, %tile.carried
  %m = select i1 %204, float %max119, float %tile.carried
  %205 = fcmp oeq float %m, 0xFFF0000000000000
  %shift120 = select i1 %205, float 0.000000e+00, float %m
  %206 = fsub float %tile.carried, %shift120
  %207 = fcmp olt float %206, -1.270000e+02
  %208 = select i1 %207, float -1.270000e+02, float %206
  %209 = fptosi float %208 to i32
  %210 = freeze i32 %209
  %211 = sitofp i32 %210 to float
  %212 = fcmp ogt float %211, %208
  %213 = sext i1 %212 to i32
  %floor121 = add i32 %210, %213
  %214 = sitofp i32 %floor121 to float
  %fraction122 = fsub float %208, %214
  %exp2123 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction122, float 0x3F546D64A0000000)
  %exp2124 = call float @llvm.fma.f32(float %exp2123, float %fraction122, float 0x3F83D0B920000000)
  %exp2125 = call float @llvm.fma.f32(float %exp2124, float %fraction122, float 0x3FAC689120000000)
  %exp2126 = call float @llvm.fma.f32(float %exp2125, float %fraction122, float 0x3FCEBFD580000000)
  %exp2127 = call float @llvm.fma.f32(float %exp2126, float %fraction122, float 0x3FE62E42C0000000)
  %exp2128 = call float @llvm.fma.f32(float %exp2127, float %fraction122, float 1.000000e+00)
  %215 = add i32 %floor121, 127
  %216 = shl i32 %215, 23
  %power129 = bitcast i32 %216 to float
  %exp2130 = fmul float %exp2128, %power129
  %217 = fmul float %tile.carried4, %exp2130
  %218 = fmul float %tile.carried5, %exp2130
  %219 = fsub float %score, %shift120
  %220 = fcmp olt float %219, -1.270000e+02
  %221 = select i1 %220, float -1.270000e+02, float %219
  %222 = fptosi float %221 to i32
  %223 = freeze i32 %222
  %224 = sitofp i32 %223 to float
  %225 = fcmp ogt float %224, %221
  %226 = sext i1 %225 to i32
  %floor131 = add i32 %223, %226
  %227 = sitofp i32 %floor131 to float
  %fraction132 = fsub float %221, %227
  %exp2133 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction132, float 0x3F546D64A0000000)
  %exp2134 = call float @llvm.fma.f32(float %exp2133, float %fraction132, float 0x3F83D0B920000000)
  %exp2135 = call float @llvm.fma.f32(float %exp2134, float %fraction132, float 0x3FAC689120000000)
  %exp2136 = call float @llvm.fma.f32(float %exp2135, float %fraction132, float 0x3FCEBFD580000000)
  %exp2137 = call float @llvm.fma.f32(float %exp2136, float %fraction132, float 0x3FE62E42C0000000)
  %exp2138 = call float @llvm.fma.f32(float %exp2137, float %fraction132, float 1.000000e+00)
  %228 = add i32 %floor131, 127
  %229 = shl i32 %228, 23
  %power139 = bitcast i32 %229 to float
  %exp2140 = fmul float %exp2138, %power139
  %l = fadd float %217, %exp2140
  %230 = fcmp une float %exp2140, 0.000000e+00
  %lanes = call i32 @llvm.nvvm.vote.ballot.sync(i32 -1, i1 %230)
  %231 = call i32 @llvm.ctpop.i32(i32 %lanes)
  %count = zext i32 %231 to i64
  %232 = icmp slt i64 0, %count
  br i1 %232, label %weighted.loop, label %weighted.done

d.loop12:                                         ; preds = %d.loop12, %aligned11
  %d14 = phi i64 [ 0, %aligned11 ], [ %d.next35, %d.loop12 ]
  %d.carried = phi float [ 0.000000e+00, %aligned11 ], [ %product24, %d.loop12 ]
  %d.carried15 = phi float [ 0.000000e+00, %aligned11 ], [ %product34, %d.loop12 ]
  %233 = mul nsw i64 %d14, 4
  %query_at = getelementptr inbounds i8, ptr addrspace(3) %query_row, i64 %233
  %q16 = load <4 x float>, ptr addrspace(3) %query_at, align 16
  %234 = extractelement <4 x float> %q16, i64 0
  %235 = extractelement <4 x float> %q16, i64 1
  %236 = extractelement <4 x float> %q16, i64 2
  %237 = extractelement <4 x float> %q16, i64 3
  %238 = getelementptr inbounds i8, ptr addrspace(3) %query_at, i64 16
  %q17 = load <4 x float>, ptr addrspace(3) %238, align 16
  %239 = extractelement <4 x float> %q17, i64 0
  %240 = extractelement <4 x float> %q17, i64 1
  %241 = extractelement <4 x float> %q17, i64 2
  %242 = extractelement <4 x float> %q17, i64 3
  %243 = mul nsw i64 %d14, 2
  %key_at = getelementptr inbounds i8, ptr addrspace(1) %k_row, i64 %243
  %k.words = load <4 x i32>, ptr addrspace(1) %key_at, align 16
  %244 = extractelement <4 x i32> %k.words, i64 0
  %245 = trunc i32 %244 to i16
  %246 = bitcast i16 %245 to half
  %247 = fpext half %246 to float
  %248 = lshr i32 %244, 16
  %249 = trunc i32 %248 to i16
  %250 = bitcast i16 %249 to half
  %251 = fpext half %250 to float
  %252 = extractelement <4 x i32> %k.words, i64 1
  %253 = trunc i32 %252 to i16
  %254 = bitcast i16 %253 to half
  %255 = fpext half %254 to float
  %256 = lshr i32 %252, 16
  %257 = trunc i32 %256 to i16
  %258 = bitcast i16 %257 to half
  %259 = fpext half %258 to float
  %260 = extractelement <4 x i32> %k.words, i64 2
  %261 = trunc i32 %260 to i16
  %262 = bitcast i16 %261 to half
  %263 = fpext half %262 to float
  %264 = lshr i32 %260, 16
  %265 = trunc i32 %264 to i16
  %266 = bitcast i16 %265 to half
  %267 = fpext half %266 to float
  %268 = extractelement <4 x i32> %k.words, i64 3
  %269 = trunc i32 %268 to i16
  %270 = bitcast i16 %269 to half
  %271 = fpext half %270 to float
  %272 = lshr i32 %268, 16
  %273 = trunc i32 %272 to i16
  %274 = bitcast i16 %273 to half
  %275 = fpext half %274 to float
  %product = call float @llvm.fma.f32(float %234, float %247, float %d.carried)
  %product18 = call float @llvm.fma.f32(float %235, float %251, float %product)
  %product19 = call float @llvm.fma.f32(float %236, float %255, float %product18)
  %product20 = call float @llvm.fma.f32(float %237, float %259, float %product19)
  %product21 = call float @llvm.fma.f32(float %239, float %263, float %product20)
  %product22 = call float @llvm.fma.f32(float %240, float %267, float %product21)
  %product23 = call float @llvm.fma.f32(float %241, float %271, float %product22)
  %product24 = call float @llvm.fma.f32(float %242, float %275, float %product23)
  %key_at25 = getelementptr inbounds i8, ptr addrspace(1) %k_row10, i64 %243
  %k.words26 = load <4 x i32>, ptr addrspace(1) %key_at25, align 16
  %276 = extractelement <4 x i32> %k.words26, i64 0
  %277 = trunc i32 %276 to i16
  %278 = bitcast i16 %277 to half
  %279 = fpext half %278 to float
  %280 = lshr i32 %276, 16
  %281 = trunc i32 %280 to i16
  %282 = bitcast i16 %281 to half
  %283 = fpext half %282 to float
  %284 = extractelement <4 x i32> %k.words26, i64 1
  %285 = trunc i32 %284 to i16
  %286 = bitcast i16 %285 to half
  %287 = fpext half %286 to float
  %288 = lshr i32 %284, 16
  %289 = trunc i32 %288 to i16
  %290 = bitcast i16 %289 to half
  %291 = fpext half %290 to float
  %292 = extractelement <4 x i32> %k.words26, i64 2
  %293 = trunc i32 %292 to i16
  %294 = bitcast i16 %293 to half
  %295 = fpext half %294 to float
  %296 = lshr i32 %292, 16
  %297 = trunc i32 %296 to i16
  %298 = bitcast i16 %297 to half
  %299 = fpext half %298 to float
  %300 = extractelement <4 x i32> %k.words26, i64 3
  %301 = trunc i32 %300 to i16
  %302 = bitcast i16 %301 to half
  %303 = fpext half %302 to float
  %304 = lshr i32 %300, 16
  %305 = trunc i32 %304 to i16
  %306 = bitcast i16 %305 to half
  %307 = fpext half %306 to float
  %product27 = call float @llvm.fma.f32(float %234, float %279, float %d.carried15)
  %product28 = call float @llvm.fma.f32(float %235, float %283, float %product27)
  %product29 = call float @llvm.fma.f32(float %236, float %287, float %product28)
  %product30 = call float @llvm.fma.f32(float %237, float %291, float %product29)
  %product31 = call float @llvm.fma.f32(float %239, float %295, float %product30)
  %product32 = call float @llvm.fma.f32(float %240, float %299, float %product31)
  %product33 = call float @llvm.fma.f32(float %241, float %303, float %product32)
  %product34 = call float @llvm.fma.f32(float %242, float %307, float %product33)
  %d.next35 = add nsw i64 %d14, 8
  %308 = icmp slt i64 %d.next35, 40
  br i1 %308, label %d.loop12, label %d.done13

d.done13:                                         ; preds = %d.loop12, %aligned11
  %d.result = phi float [ 0.000000e+00, %aligned11 ], [ %product24, %d.loop12 ]
  %d.result36 = phi float [ 0.000000e+00, %aligned11 ], [ %product34, %d.loop12 ]
  br label %aligned.end

d.loop37:                                         ; preds = %d.loop37, %aligned.else
  %d39 = phi i64 [ 0, %aligned.else ], [ %d.next61, %d.loop37 ]
  %d.carried40 = phi float [ 0.000000e+00, %aligned.else ], [ %product51, %d.loop37 ]
  %d.carried41 = phi float [ 0.000000e+00, %aligned.else ], [ %product60, %d.loop37 ]
  %309 = mul nsw i64 %d39, 4
  %query_at42 = getelementptr inbounds i8, ptr addrspace(3) %query_row, i64 %309
  %q43 = load <4 x float>, ptr addrspace(3) %query_at42, align 16
  %310 = extractelement <4 x float> %q43, i64 0
  %311 = extractelement <4 x float> %q43, i64 1
  %312 = extractelement <4 x float> %q43, i64 2
  %313 = extractelement <4 x float> %q43, i64 3
  %314 = mul nsw i64 %d39, 2
  %key_at44 = getelementptr inbounds i8, ptr addrspace(1) %k_row, i64 %314
  %k.bits = load i16, ptr addrspace(1) %key_at44, align 2
  %315 = bitcast i16 %k.bits to half
  %316 = fpext half %315 to float
  %317 = getelementptr inbounds i8, ptr addrspace(1) %key_at44, i64 2
  %k.bits45 = load i16, ptr addrspace(1) %317, align 2
  %318 = bitcast i16 %k.bits45 to half
  %319 = fpext half %318 to float
  %320 = getelementptr inbounds i8, ptr addrspace(1) %key_at44, i64 4
  %k.bits46 = load i16, ptr addrspace(1) %320, align 2
  %321 = bitcast i16 %k.bits46 to half
  %322 = fpext half %321 to float
  %323 = getelementptr inbounds i8, ptr addrspace(1) %key_at44, i64 6
  %k.bits47 = load i16, ptr addrspace(1) %323, align 2
  %324 = bitcast i16 %k.bits47 to half
  %325 = fpext half %324 to float
  %product48 = call float @llvm.fma.f32(float %310, float %316, float %d.carried40)
  %product49 = call float @llvm.fma.f32(float %311, float %319, float %product48)
  %product50 = call float @llvm.fma.f32(float %312, float %322, float %product49)
  %product51 = call float @llvm.fma.f32(float %313, float %325, float %product50)
  %key_at52 = getelementptr inbounds i8, ptr addrspace(1) %k_row10, i64 %314
  %k.bits53 = load i16, ptr addrspace(1) %key_at52, align 2
  %326 = bitcast i16 %k.bits53 to half
  %327 = fpext half %326 to float
  %328 = getelementptr inbounds i8, ptr addrspace(1) %key_at52, i64 2
  %k.bits54 = load i16, ptr addrspace(1) %328, align 2
  %329 = bitcast i16 %k.bits54 to half
  %330 = fpext half %329 to float
  %331 = getelementptr inbounds i8, ptr addrspace(1) %key_at52, i64 4
  %k.bits55 = load i16, ptr addrspace(1) %331, align 2
  %332 = bitcast i16 %k.bits55 to half
  %333 = fpext half %332 to float
  %334 = getelementptr inbounds i8, ptr addrspace(1) %key_at52, i64 6
  %k.bits56 = load i16, ptr addrspace(1) %334, align 2
  %335 = bitcast i16 %k.bits56 to half
  %336 = fpext half %335 to float
  %product57 = call float @llvm.fma.f32(float %310, float %327, float %d.carried41)
  %product58 = call float @llvm.fma.f32(float %311, float %330, float %product57)
  %product59 = call float @llvm.fma.f32(float %312, float %333, float %product58)
  %product60 = call float @llvm.fma.f32(float %313, float %336, float %product59)
  %d.next61 = add nsw i64 %d39, 4
  %337 = icmp slt i64 %d.next61, 40
  br i1 %337, label %d.loop37, label %d.done38

d.done38:                                         ; preds = %d.loop37, %aligned.else
  %d.result62 = phi float [ 0.000000e+00, %aligned.else ], [ %product51, %d.loop37 ]
  %d.result63 = phi float [ 0.000000e+00, %aligned.else ], [ %product60, %d.loop37 ]
  br label %aligned.end

weighted.loop:                                    ; preds = %weighted.loop, %aligned.end
  %weighted = phi i64 [ 0, %aligned.end ], [ %weighted.next, %weighted.loop ]
  %weighted.carried = phi i32 [ %lanes, %aligned.end ], [ %left, %weighted.loop ]
  %weighted.carried141 = phi float [ %218, %aligned.end ], [ %o, %weighted.loop ]
  %source = call i32 @llvm.cttz.i32(i32 %weighted.carried, i1 true)
  %given142 = call float @llvm.nvvm.shfl.sync.idx.f32(i32 -1, float %exp2140, i32 %source, i32 31)
  %338 = zext i32 %source to i64
  %339 = add nsw i64 %tile, %338
  %340 = getelementptr inbounds i8, ptr %arguments, i64 216
  %v_stride_seq143 = load i64, ptr %340, align 8
  %341 = mul nsw i64 %339, %v_stride_seq143
  %v_row = getelementptr inbounds i8, ptr addrspace(1) %v_begin, i64 %341
  %342 = sub i32 %weighted.carried, 1
  %left = and i32 %weighted.carried, %342
  %343 = call i64 @llvm.smin.i64(i64 %lane, i64 23)
  %344 = mul nsw i64 %343, 2
  %345 = getelementptr inbounds i8, ptr addrspace(1) %v_row, i64 %344
  %v.bits = load i16, ptr addrspace(1) %345, align 2
  %346 = bitcast i16 %v.bits to half
  %347 = fpext half %346 to float
  %o = call float @llvm.fma.f32(float %given142, float %347, float %weighted.carried141)
  %weighted.next = add nsw i64 %weighted, 1
  %348 = icmp slt i64 %weighted.next, %count
  br i1 %348, label %weighted.loop, label %weighted.done

weighted.done:                                    ; preds = %weighted.loop, %aligned.end
  %weighted.result = phi i32 [ %lanes, %aligned.end ], [ %left, %weighted.loop ]
  %weighted.result144 = phi float [ %218, %aligned.end ], [ %o, %weighted.loop ]
  %349 = fsub float %score111, %shift120
  %350 = fcmp olt float %349, -1.270000e+02
  %351 = select i1 %350, float -1.270000e+02, float %349
  %352 = fptosi float %351 to i32
  %353 = freeze i32 %352
  %354 = sitofp i32 %353 to float
  %355 = fcmp ogt float %354, %351
  %356 = sext i1 %355 to i32
  %floor145 = add i32 %353, %356
  %357 = sitofp i32 %floor145 to float
  %fraction146 = fsub float %351, %357
  %exp2147 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction146, float 0x3F546D64A0000000)
  %exp2148 = call float @llvm.fma.f32(float %exp2147, float %fraction146, float 0x3F83D0B920000000)
  %exp2149 = call float @llvm.fma.f32(float %exp2148, float %fraction146, float 0x3FAC689120000000)
  %exp2150 = call float @llvm.fma.f32(float %exp2149, float %fraction146, float 0x3FCEBFD580000000)
  %exp2151 = call float @llvm.fma.f32(float %exp2150, float %fraction146, float 0x3FE62E42C0000000)
  %exp2152 = call float @llvm.fma.f32(float %exp2151, float %fraction146, float 1.000000e+00)
  %358 = add i32 %floor145, 127
  %359 = shl i32 %358, 23
  %power153 = bitcast i32 %359 to float
  %exp2154 = fmul float %exp2152, %power153
  %l155 = fadd float %l, %exp2154
  %360 = add nsw i64 %tile, 32
  %361 = fcmp une float %exp2154, 0.000000e+00
  %lanes156 = call i32 @llvm.nvvm.vote.ballot.sync(i32 -1, i1 %361)
  %362 = call i32 @llvm.ctpop.i32(i32 %lanes156)
  %count157 = zext i32 %362 to i64
  %363 = icmp slt i64 0, %count157
  br i1 %363, label %weighted.loop158, label %weighted.done159

weighted.loop158:                                 ; preds = %weighted.loop158, %weighted.done
  %weighted160 = phi i64 [ 0, %weighted.done ], [ %weighted.next170, %weighted.loop158 ]
  %weighted.carried161 = phi i32 [ %lanes156, %weighted.done ], [ %left167, %weighted.loop158 ]
  %weighted.carried162 = phi float [ %weighted.result144, %weighted.done ], [ %o169, %weighted.loop158 ]
  %source163 = call i32 @llvm.cttz.i32(i32 %weighted.carried161, i1 true)
  %given164 = call float @llvm.nvvm.shfl.sync.idx.f32(i32 -1, float %exp2154, i32 %source163, i32 31)
  %364 = zext i32 %source163 to i64
  %365 = add nsw i64 %360, %364
  %366 = getelementptr inbounds i8, ptr %arguments, i64 216
  %v_stride_seq165 = load i64, ptr %366, align 8
  %367 = mul nsw i64 %365, %v_stride_seq165
  %v_row166 = getelementptr inbounds i8, ptr addrspace(1) %v_begin, i64 %367
  %368 = sub i32 %weighted.carried161, 1
  %left167 = and i32 %weighted.carried161, %368
  %369 = call i64 @llvm.smin.i64(i64 %lane, i64 23)
  %370 = mul nsw i64 %369, 2
  %371 = getelementptr inbounds i8, ptr addrspace(1) %v_row166, i64 %370
  %v.bits168 = load i16, ptr addrspace(1) %371, align 2
  %372 = bitcast i16 %v.bits168 to half
  %373 = fpext half %372 to float
  %o169 = call float @llvm.fma.f32(float %given164, float %373, float %weighted.carried162)
  %weighted.next170 = add nsw i64 %weighted160, 1
  %374 = icmp slt i64 %weighted.next170, %count157
  br i1 %374, label %weighted.loop158, label %weighted.done159

weighted.done159:                                 ; preds = %weighted.loop158, %weighted.done
  %weighted.result171 = phi i32 [ %lanes156, %weighted.done ], [ %left167, %weighted.loop158 ]
  %weighted.result172 = phi float [ %weighted.result144, %weighted.done ], [ %o169, %weighted.loop158 ]
  %tile.next = add nsw i64 %tile, 64
  %375 = icmp slt i64 %tile.next, %15
  br i1 %375, label %tile.loop, label %tile.done

inside:                                           ; preds = %tile.done
  %376 = mul nsw i64 %lane, 2
  %377 = getelementptr inbounds i8, ptr addrspace(1) %o_row, i64 %376
  %378 = fptrunc float %output to half
  store half %378, ptr addrspace(1) %377, align 2
  br label %inside.end

inside.end:                                       ; preds = %inside, %tile.done
  %379 = icmp eq i64 %lane, 0
  br i1 %379, label %first_lane, label %first_lane.end

first_lane:                                       ; preds = %inside.end
  %380 = bitcast float %sum204 to i32
  %381 = sub i32 %380, 1060439283
  %exponent = ashr i32 %381, 23
  %382 = shl i32 %exponent, 23
  %383 = sub i32 %380, %382
  %f = bitcast i32 %383 to float
  %384 = fadd float %f, 1.000000e+00
  %385 = fsub float %f, 1.000000e+00
  %t = fdiv float %385, %384
  %386 = fmul float %t, %t
  %387 = call float @llvm.fma.f32(float 0x3FB745D180000000, float %386, float 0x3FBC71C720000000)
  %388 = call float @llvm.fma.f32(float %387, float %386, float 0x3FC24924A0000000)
  %389 = call float @llvm.fma.f32(float %388, float %386, float 0x3FC99999A0000000)
  %390 = call float @llvm.fma.f32(float %389, float %386, float 0x3FD5555560000000)
  %391 = call float @llvm.fma.f32(float %390, float %386, float 1.000000e+00)
  %392 = fmul float %t, 0x4007154760000000
  %393 = fmul float %392, %391
  %394 = sitofp i32 %exponent to float
  %log2 = fadd float %394, %393
  %395 = fadd float %top, %log2
  %396 = fmul float %395, 0x3FE62E4300000000
  %397 = fcmp uno float %sum204, %sum204
  %398 = select i1 %397, float %sum204, float %396
  %natural = select i1 %empty, float 0xFFF0000000000000, float %398
  %399 = getelementptr inbounds i8, ptr %arguments, i64 248
  %lse_stride_batch = load i64, ptr %399, align 8
  %400 = mul nsw i64 %batch, %lse_stride_batch
  %401 = getelementptr inbounds i8, ptr %arguments, i64 256
  %lse_stride_head = load i64, ptr %401, align 8
  %402 = mul nsw i64 %head, %lse_stride_head
  %403 = add nsw i64 %400, %402
  %404 = mul nsw i64 %query, 4
  %405 = add nsw i64 %403, %404
  %406 = getelementptr inbounds i8, ptr %arguments, i64 32
  %lse.generic = load ptr, ptr %406, align 8
  %lse = addrspacecast ptr %lse.generic to ptr addrspace(1)
  %407 = getelementptr inbounds i8, ptr addrspace(1) %lse, i64 %405
  store float %natural, ptr addrspace(1) %407, align 4
  br label %first_lane.end

first_lane.end:                                   ; preds = %first_lane, %inside.end
  br label %row_exists.end
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare noundef i32 @llvm.nvvm.read.ptx.sreg.tid.x() #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare noundef i32 @llvm.nvvm.read.ptx.sreg.ctaid.x() #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.smin.i64(i64, i64) #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.smax.i64(i64, i64) #1

; Function Attrs: convergent nocallback nounwind
declare void @llvm.nvvm.bar.warp.sync(i32) #2

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare float @llvm.fma.f32(float, float, float) #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare float @llvm.fabs.f32(float) #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare float @llvm.copysign.f32(float, float) #1

; Function Attrs: convergent nocallback nounwind memory(inaccessiblemem: readwrite)
declare float @llvm.nvvm.shfl.sync.bfly.f32(i32, float, i32, i32) #3

; Function Attrs: convergent nocallback nounwind memory(inaccessiblemem: readwrite)
declare i32 @llvm.nvvm.vote.ballot.sync(i32, i1) #3

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i32 @llvm.ctpop.i32(i32) #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i32 @llvm.cttz.i32(i32, i1 immarg) #1

; Function Attrs: convergent nocallback nounwind memory(inaccessiblemem: readwrite)
declare float @llvm.nvvm.shfl.sync.idx.f32(i32, float, i32, i32) #3

attributes #0 = { nounwind }
attributes #1 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #2 = { convergent nocallback nounwind }
attributes #3 = { convergent nocallback nounwind memory(inaccessiblemem: readwrite) }

!nvvm.annotations = !{!0, !1, !2, !3}

!0 = !{ptr @attune_forward_simt, !"kernel", i32 1}
!1 = !{ptr @attune_forward_simt, !"reqntidx", i32 128}
!2 = !{ptr @attune_forward_simt, !"reqntidy", i32 1}
!3 = !{ptr @attune_forward_simt, !"reqntidz", i32 1}
