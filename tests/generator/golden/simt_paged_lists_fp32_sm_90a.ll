; Attune forward_simt version 1: attention forward on a GPU, one warp a query row.
; arch: sm_90a
; spec: forward_simt v1 sm_90a alibi=0 alignment=none causal=0 dtype=fp32 full_lists=1 group=1 head_dim_qk=64 head_dim_v=64 kv_lengths=0 lse=0 mask=none mask_broadcast_kv=0 mask_dtype=none mask_short=0 page_size=16 partial_lists=1 sinks=0 softcap=0 sparsity=csr varlen=0 window_left=0 window_right=0
; config: keys=64 warps=4
; ModuleID = 'attune_forward_simt'
source_filename = "attune_forward_simt"
target triple = "nvptx64-nvidia-cuda"

@queries = internal addrspace(3) global [1024 x i8] undef, align 16

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
  %1 = udiv i64 %block, %row_blocks
  %2 = getelementptr inbounds i8, ptr %arguments, i64 332
  %heads_q.i32 = load i32, ptr %2, align 4
  %heads_q = sext i32 %heads_q.i32 to i64
  %head = urem i64 %1, %heads_q
  %batch = udiv i64 %1, %heads_q
  %3 = mul nsw i64 %row_block, 4
  %query = add nsw i64 %3, %warp
  %4 = getelementptr inbounds i8, ptr %arguments, i64 340
  %seqlen_q.i32 = load i32, ptr %4, align 4
  %seqlen_q = sext i32 %seqlen_q.i32 to i64
  %5 = icmp slt i64 %query, %seqlen_q
  br i1 %5, label %row_exists, label %row_exists.end

row_exists:                                       ; preds = %entry
  %6 = getelementptr inbounds i8, ptr %arguments, i64 344
  %seqlen_kv.i32 = load i32, ptr %6, align 4
  %seqlen_kv = sext i32 %seqlen_kv.i32 to i64
  %7 = getelementptr inbounds i8, ptr %arguments, i64 184
  %k_stride_head = load i64, ptr %7, align 8
  %8 = mul nsw i64 %head, %k_stride_head
  %9 = getelementptr inbounds i8, ptr %arguments, i64 8
  %k.generic = load ptr, ptr %9, align 8
  %k = addrspacecast ptr %k.generic to ptr addrspace(1)
  %k_begin = getelementptr inbounds i8, ptr addrspace(1) %k, i64 %8
  %10 = getelementptr inbounds i8, ptr %arguments, i64 208
  %v_stride_head = load i64, ptr %10, align 8
  %11 = mul nsw i64 %head, %v_stride_head
  %12 = getelementptr inbounds i8, ptr %arguments, i64 16
  %v.generic = load ptr, ptr %12, align 8
  %v = addrspacecast ptr %v.generic to ptr addrspace(1)
  %v_begin = getelementptr inbounds i8, ptr addrspace(1) %v, i64 %11
  %13 = mul nsw i64 %warp, 256
  %query_row = getelementptr inbounds i8, ptr addrspace(3) @queries, i64 %13
  %14 = getelementptr inbounds i8, ptr %arguments, i64 152
  %q_stride_batch = load i64, ptr %14, align 8
  %15 = mul nsw i64 %batch, %q_stride_batch
  %16 = getelementptr inbounds i8, ptr %arguments, i64 160
  %q_stride_head = load i64, ptr %16, align 8
  %17 = mul nsw i64 %head, %q_stride_head
  %18 = add nsw i64 %15, %17
  %19 = getelementptr inbounds i8, ptr %arguments, i64 168
  %q_stride_seq = load i64, ptr %19, align 8
  %20 = mul nsw i64 %query, %q_stride_seq
  %21 = add nsw i64 %18, %20
  %q.generic = load ptr, ptr %arguments, align 8
  %q = addrspacecast ptr %q.generic to ptr addrspace(1)
  %q_row = getelementptr inbounds i8, ptr addrspace(1) %q, i64 %21
  %22 = icmp slt i64 %lane, 64
  br i1 %22, label %d.loop, label %d.done

row_exists.end:                                   ; preds = %entry.done176, %entry
  ret void

d.loop:                                           ; preds = %d.loop, %row_exists
  %d = phi i64 [ %lane, %row_exists ], [ %d.next, %d.loop ]
  %23 = mul nsw i64 %d, 4
  %24 = getelementptr inbounds i8, ptr addrspace(1) %q_row, i64 %23
  %q1 = load float, ptr addrspace(1) %24, align 4
  %25 = mul nsw i64 %d, 4
  %26 = getelementptr inbounds i8, ptr addrspace(3) %query_row, i64 %25
  store float %q1, ptr addrspace(3) %26, align 4
  %d.next = add nsw i64 %d, 32
  %27 = icmp slt i64 %d.next, 64
  br i1 %27, label %d.loop, label %d.done

d.done:                                           ; preds = %d.loop, %row_exists
  call void @llvm.nvvm.bar.warp.sync(i32 -1)
  %28 = getelementptr inbounds i8, ptr %arguments, i64 380
  %list_head_divisor.i32 = load i32, ptr %28, align 4
  %list_head_divisor = sext i32 %list_head_divisor.i32 to i64
  %29 = udiv i64 %head, %list_head_divisor
  %30 = getelementptr inbounds i8, ptr %arguments, i64 312
  %list_stride_batch = load i64, ptr %30, align 8
  %31 = mul nsw i64 %batch, %list_stride_batch
  %32 = getelementptr inbounds i8, ptr %arguments, i64 320
  %list_stride_head = load i64, ptr %32, align 8
  %33 = mul nsw i64 %29, %list_stride_head
  %list = add nsw i64 %31, %33
  %34 = getelementptr inbounds i8, ptr %arguments, i64 368
  %list_block_q.i32 = load i32, ptr %34, align 4
  %list_block_q = sext i32 %list_block_q.i32 to i64
  %query_block = udiv i64 %query, %list_block_q
  %35 = getelementptr inbounds i8, ptr %arguments, i64 376
  %list_q_blocks.i32 = load i32, ptr %35, align 4
  %list_q_blocks = sext i32 %list_q_blocks.i32 to i64
  %36 = getelementptr inbounds i8, ptr %arguments, i64 372
  %list_block_kv.i32 = load i32, ptr %36, align 4
  %list_block_kv = sext i32 %list_block_kv.i32 to i64
  %37 = getelementptr inbounds i8, ptr %arguments, i64 128
  %full_row_ptr.generic = load ptr, ptr %37, align 8
  %full_row_ptr = addrspacecast ptr %full_row_ptr.generic to ptr addrspace(1)
  %38 = add nsw i64 %list_q_blocks, 1
  %39 = mul nsw i64 %list, %38
  %40 = add nsw i64 %39, %query_block
  %41 = mul nsw i64 %40, 8
  %42 = getelementptr inbounds i8, ptr addrspace(1) %full_row_ptr, i64 %41
  %first = load i64, ptr addrspace(1) %42, align 8
  %43 = getelementptr inbounds i8, ptr addrspace(1) %42, i64 8
  %44 = load i64, ptr addrspace(1) %43, align 8
  %entries = sub nsw i64 %44, %first
  %45 = getelementptr inbounds i8, ptr %arguments, i64 104
  %full_indices.generic = load ptr, ptr %45, align 8
  %full_indices = addrspacecast ptr %full_indices.generic to ptr addrspace(1)
  %46 = icmp slt i64 0, %entries
  br i1 %46, label %entry.loop, label %entry.done

entry.loop:                                       ; preds = %tile.done, %d.done
  %entry2 = phi i64 [ 0, %d.done ], [ %entry.next, %tile.done ]
  %entry.carried = phi float [ 0xFFF0000000000000, %d.done ], [ %tile.result, %tile.done ]
  %entry.carried3 = phi float [ 0.000000e+00, %d.done ], [ %tile.result155, %tile.done ]
  %entry.carried4 = phi float [ 0.000000e+00, %d.done ], [ %tile.result156, %tile.done ]
  %entry.carried5 = phi float [ 0.000000e+00, %d.done ], [ %tile.result157, %tile.done ]
  %47 = add nsw i64 %first, %entry2
  %48 = mul nsw i64 %47, 4
  %49 = getelementptr inbounds i8, ptr addrspace(1) %full_indices, i64 %48
  %50 = load i32, ptr addrspace(1) %49, align 4
  %block6 = sext i32 %50 to i64
  %begin = mul nsw i64 %block6, %list_block_kv
  %51 = add nsw i64 %begin, %list_block_kv
  %end = call i64 @llvm.smin.i64(i64 %51, i64 %seqlen_kv)
  %52 = icmp slt i64 %begin, %end
  br i1 %52, label %tile.loop, label %tile.done

entry.done:                                       ; preds = %tile.done, %d.done
  %entry.result = phi float [ 0xFFF0000000000000, %d.done ], [ %tile.result, %tile.done ]
  %entry.result158 = phi float [ 0.000000e+00, %d.done ], [ %tile.result155, %tile.done ]
  %entry.result159 = phi float [ 0.000000e+00, %d.done ], [ %tile.result156, %tile.done ]
  %entry.result160 = phi float [ 0.000000e+00, %d.done ], [ %tile.result157, %tile.done ]
  %53 = getelementptr inbounds i8, ptr %arguments, i64 380
  %list_head_divisor.i32161 = load i32, ptr %53, align 4
  %list_head_divisor162 = sext i32 %list_head_divisor.i32161 to i64
  %54 = udiv i64 %head, %list_head_divisor162
  %55 = getelementptr inbounds i8, ptr %arguments, i64 312
  %list_stride_batch163 = load i64, ptr %55, align 8
  %56 = mul nsw i64 %batch, %list_stride_batch163
  %57 = getelementptr inbounds i8, ptr %arguments, i64 320
  %list_stride_head164 = load i64, ptr %57, align 8
  %58 = mul nsw i64 %54, %list_stride_head164
  %list165 = add nsw i64 %56, %58
  %59 = getelementptr inbounds i8, ptr %arguments, i64 368
  %list_block_q.i32166 = load i32, ptr %59, align 4
  %list_block_q167 = sext i32 %list_block_q.i32166 to i64
  %query_block168 = udiv i64 %query, %list_block_q167
  %60 = getelementptr inbounds i8, ptr %arguments, i64 376
  %list_q_blocks.i32169 = load i32, ptr %60, align 4
  %list_q_blocks170 = sext i32 %list_q_blocks.i32169 to i64
  %61 = getelementptr inbounds i8, ptr %arguments, i64 372
  %list_block_kv.i32171 = load i32, ptr %61, align 4
  %list_block_kv172 = sext i32 %list_block_kv.i32171 to i64
  %62 = getelementptr inbounds i8, ptr %arguments, i64 136
  %partial_row_ptr.generic = load ptr, ptr %62, align 8
  %partial_row_ptr = addrspacecast ptr %partial_row_ptr.generic to ptr addrspace(1)
  %63 = add nsw i64 %list_q_blocks170, 1
  %64 = mul nsw i64 %list165, %63
  %65 = add nsw i64 %64, %query_block168
  %66 = mul nsw i64 %65, 8
  %67 = getelementptr inbounds i8, ptr addrspace(1) %partial_row_ptr, i64 %66
  %first173 = load i64, ptr addrspace(1) %67, align 8
  %68 = getelementptr inbounds i8, ptr addrspace(1) %67, i64 8
  %69 = load i64, ptr addrspace(1) %68, align 8
  %entries174 = sub nsw i64 %69, %first173
  %70 = getelementptr inbounds i8, ptr %arguments, i64 120
  %partial_indices.generic = load ptr, ptr %70, align 8
  %partial_indices = addrspacecast ptr %partial_indices.generic to ptr addrspace(1)
  %71 = icmp slt i64 0, %entries174
  br i1 %71, label %entry.loop175, label %entry.done176

tile.loop:                                        ; preds = %weighted.done130, %entry.loop
  %tile = phi i64 [ %begin, %entry.loop ], [ %tile.next, %weighted.done130 ]
  %tile.carried = phi float [ %entry.carried, %entry.loop ], [ %m, %weighted.done130 ]
  %tile.carried7 = phi float [ %entry.carried3, %entry.loop ], [ %l126, %weighted.done130 ]
  %tile.carried8 = phi float [ %entry.carried4, %entry.loop ], [ %weighted.result153, %weighted.done130 ]
  %tile.carried9 = phi float [ %entry.carried5, %entry.loop ], [ %weighted.result154, %weighted.done130 ]
  %last = sub nsw i64 %end, 1
  %column = add nsw i64 %tile, %lane
  %exists = icmp slt i64 %column, %end
  %72 = call i64 @llvm.smin.i64(i64 %column, i64 %last)
  %73 = getelementptr inbounds i8, ptr %arguments, i64 296
  %page_table_stride = load i64, ptr %73, align 8
  %74 = mul nsw i64 %batch, %page_table_stride
  %75 = udiv i64 %72, 16
  %entry10 = add nsw i64 %74, %75
  %76 = getelementptr inbounds i8, ptr %arguments, i64 88
  %page_table.generic = load ptr, ptr %76, align 8
  %page_table = addrspacecast ptr %page_table.generic to ptr addrspace(1)
  %77 = mul nsw i64 %entry10, 4
  %78 = getelementptr inbounds i8, ptr addrspace(1) %page_table, i64 %77
  %79 = load i32, ptr addrspace(1) %78, align 4
  %page = sext i32 %79 to i64
  %80 = getelementptr inbounds i8, ptr %arguments, i64 176
  %k_stride_page = load i64, ptr %80, align 8
  %81 = mul nsw i64 %page, %k_stride_page
  %row_in_page = urem i64 %72, 16
  %82 = getelementptr inbounds i8, ptr %arguments, i64 192
  %k_stride_row = load i64, ptr %82, align 8
  %83 = mul nsw i64 %row_in_page, %k_stride_row
  %84 = add nsw i64 %81, %83
  %k_row = getelementptr inbounds i8, ptr addrspace(1) %k_begin, i64 %84
  %85 = add nsw i64 %tile, 32
  %column11 = add nsw i64 %85, %lane
  %exists12 = icmp slt i64 %column11, %end
  %86 = call i64 @llvm.smin.i64(i64 %column11, i64 %last)
  %87 = getelementptr inbounds i8, ptr %arguments, i64 296
  %page_table_stride13 = load i64, ptr %87, align 8
  %88 = mul nsw i64 %batch, %page_table_stride13
  %89 = udiv i64 %86, 16
  %entry14 = add nsw i64 %88, %89
  %90 = getelementptr inbounds i8, ptr %arguments, i64 88
  %page_table.generic15 = load ptr, ptr %90, align 8
  %page_table16 = addrspacecast ptr %page_table.generic15 to ptr addrspace(1)
  %91 = mul nsw i64 %entry14, 4
  %92 = getelementptr inbounds i8, ptr addrspace(1) %page_table16, i64 %91
  %93 = load i32, ptr addrspace(1) %92, align 4
  %page17 = sext i32 %93 to i64
  %94 = getelementptr inbounds i8, ptr %arguments, i64 176
  %k_stride_page18 = load i64, ptr %94, align 8
  %95 = mul nsw i64 %page17, %k_stride_page18
  %row_in_page19 = urem i64 %86, 16
  %96 = getelementptr inbounds i8, ptr %arguments, i64 192
  %k_stride_row20 = load i64, ptr %96, align 8
  %97 = mul nsw i64 %row_in_page19, %k_stride_row20
  %98 = add nsw i64 %95, %97
  %k_row21 = getelementptr inbounds i8, ptr addrspace(1) %k_begin, i64 %98
  %99 = getelementptr inbounds i8, ptr %arguments, i64 392
  %aligned_k.i32 = load i32, ptr %99, align 4
  %aligned_k = sext i32 %aligned_k.i32 to i64
  %aligned = icmp ne i64 %aligned_k, 0
  br i1 %aligned, label %aligned22, label %aligned.else

tile.done:                                        ; preds = %weighted.done130, %entry.loop
  %tile.result = phi float [ %entry.carried, %entry.loop ], [ %m, %weighted.done130 ]
  %tile.result155 = phi float [ %entry.carried3, %entry.loop ], [ %l126, %weighted.done130 ]
  %tile.result156 = phi float [ %entry.carried4, %entry.loop ], [ %weighted.result153, %weighted.done130 ]
  %tile.result157 = phi float [ %entry.carried5, %entry.loop ], [ %weighted.result154, %weighted.done130 ]
  %entry.next = add nsw i64 %entry2, 1
  %100 = icmp slt i64 %entry.next, %entries
  br i1 %100, label %entry.loop, label %entry.done

aligned22:                                        ; preds = %tile.loop
  br i1 true, label %d.loop23, label %d.done24

aligned.else:                                     ; preds = %tile.loop
  br i1 true, label %d.loop47, label %d.done48

aligned.end:                                      ; preds = %d.done48, %d.done24
  %aligned.result = phi float [ %d.result, %d.done24 ], [ %d.result73, %d.done48 ]
  %aligned.result75 = phi float [ %d.result46, %d.done24 ], [ %d.result74, %d.done48 ]
  %101 = getelementptr inbounds i8, ptr %arguments, i64 408
  %scale_log2 = load float, ptr %101, align 4
  %scaled = fmul float %aligned.result, %scale_log2
  %score = select i1 %exists, float %scaled, float 0xFFF0000000000000
  %102 = fcmp ogt float %score, 0xFFF0000000000000
  %103 = select i1 %102, float %score, float 0xFFF0000000000000
  %104 = getelementptr inbounds i8, ptr %arguments, i64 408
  %scale_log276 = load float, ptr %104, align 4
  %scaled77 = fmul float %aligned.result75, %scale_log276
  %score78 = select i1 %exists12, float %scaled77, float 0xFFF0000000000000
  %105 = fcmp ogt float %score78, %103
  %106 = select i1 %105, float %score78, float %103
  %other = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %106, i32 16, i32 31)
  %107 = fcmp ogt float %other, %106
  %max = select i1 %107, float %other, float %106
  %other79 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %max, i32 8, i32 31)
  %108 = fcmp ogt float %other79, %max
  %max80 = select i1 %108, float %other79, float %max
  %other81 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %max80, i32 4, i32 31)
  %109 = fcmp ogt float %other81, %max80
  %max82 = select i1 %109, float %other81, float %max80
  %other83 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %max82, i32 2, i32 31)
  %110 = fcmp ogt float %other83, %max82
  %max84 = select i1 %110, float %other83, float %max82
  %other85 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %max84, i32 1, i32 31)
  %111 = fcmp ogt float %other85, %max84
  %max86 = select i1 %111, float %other85, float %max84
  %112 = fcmp ogt float %max86, %tile.carried
  %m = select i1 %112, float %max86, float %tile.carried
  %113 = fcmp oeq float %m, 0xFFF0000000000000
  %shift = select i1 %113, float 0.000000e+00, float %m
  %114 = fsub float %tile.carried, %shift
  %115 = fcmp olt float %114, -1.270000e+02
  %116 = select i1 %115, float -1.270000e+02, float %114
  %117 = fptosi float %116 to i32
  %118 = freeze i32 %117
  %119 = sitofp i32 %118 to float
  %120 = fcmp ogt float %119, %116
  %121 = sext i1 %120 to i32
  %floor = add i32 %118, %121
  %122 = sitofp i32 %floor to float
  %fraction = fsub float %116, %122
  %exp2 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction, float 0x3F546D64A0000000)
  %exp287 = call float @llvm.fma.f32(float %exp2, float %fraction, float 0x3F83D0B920000000)
  %exp288 = call float @llvm.fma.f32(float %exp287, float %fraction, float 0x3FAC689120000000)
  %exp289 = call float @llvm.fma.f32(float %exp288, float %fraction, float 0x3FCEBFD580000000)
  %exp290 = call float @llvm.fma.f32(float %exp289, float %fraction, float 0x3FE62E42C0000000)
  %exp291 = call float @llvm.fma.f32(float %exp290, float %fraction, float 1.000000e+00)
  %123 = add i32 %floor, 127
  %124 = shl i32 %123, 23
  %power = bitcast i32 %124 to float
  %exp292 = fmul float %exp291, %power
  %125 = fmul float %tile.carried7, %exp292
  %126 = fmul float %tile.carried8, %exp292
  %127 = fmul float %tile.carried9, %exp292
  %128 = fsub float %score, %shift
  %129 = fcmp olt float %128, -1.270000e+02
  %130 = select i1 %129, float -1.270000e+02, float %128
  %131 = fptosi float %130 to i32
  %132 = freeze i32 %131
  %133 = sitofp i32 %132 to float
  %134 = fcmp ogt float %133, %130
  %135 = sext i1 %134 to i32
  %floor93 = add i32 %132, %135
  %136 = sitofp i32 %floor93 to float
  %fraction94 = fsub float %130, %136
  %exp295 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction94, float 0x3F546D64A0000000)
  %exp296 = call float @llvm.fma.f32(float %exp295, float %fraction94, float 0x3F83D0B920000000)
  %exp297 = call float @llvm.fma.f32(float %exp296, float %fraction94, float 0x3FAC689120000000)
  %exp298 = call float @llvm.fma.f32(float %exp297, float %fraction94, float 0x3FCEBFD580000000)
  %exp299 = call float @llvm.fma.f32(float %exp298, float %fraction94, float 0x3FE62E42C0000000)
  %exp2100 = call float @llvm.fma.f32(float %exp299, float %fraction94, float 1.000000e+00)
  %137 = add i32 %floor93, 127
  %138 = shl i32 %137, 23
  %power101 = bitcast i32 %138 to float
  %exp2102 = fmul float %exp2100, %power101
  %l = fadd float %125, %exp2102
  %139 = fcmp une float %exp2102, 0.000000e+00
  %lanes = call i32 @llvm.nvvm.vote.ballot.sync(i32 -1, i1 %139)
  %140 = call i32 @llvm.ctpop.i32(i32 %lanes)
  %count = zext i32 %140 to i64
  %141 = icmp slt i64 0, %count
  br i1 %141, label %weighted.loop, label %weighted.done

d.loop23:                                         ; preds = %d.loop23, %aligned22
  %d25 = phi i64 [ 0, %aligned22 ], [ %d.next45, %d.loop23 ]
  %d.carried = phi float [ 0.000000e+00, %aligned22 ], [ %product34, %d.loop23 ]
  %d.carried26 = phi float [ 0.000000e+00, %aligned22 ], [ %product44, %d.loop23 ]
  %142 = mul nsw i64 %d25, 4
  %query_at = getelementptr inbounds i8, ptr addrspace(3) %query_row, i64 %142
  %q27 = load <4 x float>, ptr addrspace(3) %query_at, align 16
  %143 = extractelement <4 x float> %q27, i64 0
  %144 = extractelement <4 x float> %q27, i64 1
  %145 = extractelement <4 x float> %q27, i64 2
  %146 = extractelement <4 x float> %q27, i64 3
  %147 = mul nsw i64 %d25, 4
  %key_at = getelementptr inbounds i8, ptr addrspace(1) %k_row, i64 %147
  %k.words = load <4 x i32>, ptr addrspace(1) %key_at, align 16
  %148 = extractelement <4 x i32> %k.words, i64 0
  %k28 = bitcast i32 %148 to float
  %149 = extractelement <4 x i32> %k.words, i64 1
  %k29 = bitcast i32 %149 to float
  %150 = extractelement <4 x i32> %k.words, i64 2
  %k30 = bitcast i32 %150 to float
  %151 = extractelement <4 x i32> %k.words, i64 3
  %k31 = bitcast i32 %151 to float
  %product = call float @llvm.fma.f32(float %143, float %k28, float %d.carried)
  %product32 = call float @llvm.fma.f32(float %144, float %k29, float %product)
  %product33 = call float @llvm.fma.f32(float %145, float %k30, float %product32)
  %product34 = call float @llvm.fma.f32(float %146, float %k31, float %product33)
  %key_at35 = getelementptr inbounds i8, ptr addrspace(1) %k_row21, i64 %147
  %k.words36 = load <4 x i32>, ptr addrspace(1) %key_at35, align 16
  %152 = extractelement <4 x i32> %k.words36, i64 0
  %k37 = bitcast i32 %152 to float
  %153 = extractelement <4 x i32> %k.words36, i64 1
  %k38 = bitcast i32 %153 to float
  %154 = extractelement <4 x i32> %k.words36, i64 2
  %k39 = bitcast i32 %154 to float
  %155 = extractelement <4 x i32> %k.words36, i64 3
  %k40 = bitcast i32 %155 to float
  %product41 = call float @llvm.fma.f32(float %143, float %k37, float %d.carried26)
  %product42 = call float @llvm.fma.f32(float %144, float %k38, float %product41)
  %product43 = call float @llvm.fma.f32(float %145, float %k39, float %product42)
  %product44 = call float @llvm.fma.f32(float %146, float %k40, float %product43)
  %d.next45 = add nsw i64 %d25, 4
  %156 = icmp slt i64 %d.next45, 64
  br i1 %156, label %d.loop23, label %d.done24

d.done24:                                         ; preds = %d.loop23, %aligned22
  %d.result = phi float [ 0.000000e+00, %aligned22 ], [ %product34, %d.loop23 ]
  %d.result46 = phi float [ 0.000000e+00, %aligned22 ], [ %product44, %d.loop23 ]
  br label %aligned.end

d.loop47:                                         ; preds = %d.loop47, %aligned.else
  %d49 = phi i64 [ 0, %aligned.else ], [ %d.next72, %d.loop47 ]
  %d.carried50 = phi float [ 0.000000e+00, %aligned.else ], [ %product62, %d.loop47 ]
  %d.carried51 = phi float [ 0.000000e+00, %aligned.else ], [ %product71, %d.loop47 ]
  %157 = mul nsw i64 %d49, 4
  %query_at52 = getelementptr inbounds i8, ptr addrspace(3) %query_row, i64 %157
  %q53 = load <4 x float>, ptr addrspace(3) %query_at52, align 16
  %158 = extractelement <4 x float> %q53, i64 0
  %159 = extractelement <4 x float> %q53, i64 1
  %160 = extractelement <4 x float> %q53, i64 2
  %161 = extractelement <4 x float> %q53, i64 3
  %162 = mul nsw i64 %d49, 4
  %key_at54 = getelementptr inbounds i8, ptr addrspace(1) %k_row, i64 %162
  %k55 = load float, ptr addrspace(1) %key_at54, align 4
  %163 = getelementptr inbounds i8, ptr addrspace(1) %key_at54, i64 4
  %k56 = load float, ptr addrspace(1) %163, align 4
  %164 = getelementptr inbounds i8, ptr addrspace(1) %key_at54, i64 8
  %k57 = load float, ptr addrspace(1) %164, align 4
  %165 = getelementptr inbounds i8, ptr addrspace(1) %key_at54, i64 12
  %k58 = load float, ptr addrspace(1) %165, align 4
  %product59 = call float @llvm.fma.f32(float %158, float %k55, float %d.carried50)
  %product60 = call float @llvm.fma.f32(float %159, float %k56, float %product59)
  %product61 = call float @llvm.fma.f32(float %160, float %k57, float %product60)
  %product62 = call float @llvm.fma.f32(float %161, float %k58, float %product61)
  %key_at63 = getelementptr inbounds i8, ptr addrspace(1) %k_row21, i64 %162
  %k64 = load float, ptr addrspace(1) %key_at63, align 4
  %166 = getelementptr inbounds i8, ptr addrspace(1) %key_at63, i64 4
  %k65 = load float, ptr addrspace(1) %166, align 4
  %167 = getelementptr inbounds i8, ptr addrspace(1) %key_at63, i64 8
  %k66 = load float, ptr addrspace(1) %167, align 4
  %168 = getelementptr inbounds i8, ptr addrspace(1) %key_at63, i64 12
  %k67 = load float, ptr addrspace(1) %168, align 4
  %product68 = call float @llvm.fma.f32(float %158, float %k64, float %d.carried51)
  %product69 = call float @llvm.fma.f32(float %159, float %k65, float %product68)
  %product70 = call float @llvm.fma.f32(float %160, float %k66, float %product69)
  %product71 = call float @llvm.fma.f32(float %161, float %k67, float %product70)
  %d.next72 = add nsw i64 %d49, 4
  %169 = icmp slt i64 %d.next72, 64
  br i1 %169, label %d.loop47, label %d.done48

d.done48:                                         ; preds = %d.loop47, %aligned.else
  %d.result73 = phi float [ 0.000000e+00, %aligned.else ], [ %product62, %d.loop47 ]
  %d.result74 = phi float [ 0.000000e+00, %aligned.else ], [ %product71, %d.loop47 ]
  br label %aligned.end

weighted.loop:                                    ; preds = %weighted.loop, %aligned.end
  %weighted = phi i64 [ 0, %aligned.end ], [ %weighted.next, %weighted.loop ]
  %weighted.carried = phi i32 [ %lanes, %aligned.end ], [ %left, %weighted.loop ]
  %weighted.carried103 = phi float [ %126, %aligned.end ], [ %o, %weighted.loop ]
  %weighted.carried104 = phi float [ %127, %aligned.end ], [ %o113, %weighted.loop ]
  %source = call i32 @llvm.cttz.i32(i32 %weighted.carried, i1 true)
  %given = call float @llvm.nvvm.shfl.sync.idx.f32(i32 -1, float %exp2102, i32 %source, i32 31)
  %170 = zext i32 %source to i64
  %171 = add nsw i64 %tile, %170
  %172 = getelementptr inbounds i8, ptr %arguments, i64 296
  %page_table_stride105 = load i64, ptr %172, align 8
  %173 = mul nsw i64 %batch, %page_table_stride105
  %174 = udiv i64 %171, 16
  %entry106 = add nsw i64 %173, %174
  %175 = getelementptr inbounds i8, ptr %arguments, i64 88
  %page_table.generic107 = load ptr, ptr %175, align 8
  %page_table108 = addrspacecast ptr %page_table.generic107 to ptr addrspace(1)
  %176 = mul nsw i64 %entry106, 4
  %177 = getelementptr inbounds i8, ptr addrspace(1) %page_table108, i64 %176
  %178 = load i32, ptr addrspace(1) %177, align 4
  %page109 = sext i32 %178 to i64
  %179 = getelementptr inbounds i8, ptr %arguments, i64 200
  %v_stride_page = load i64, ptr %179, align 8
  %180 = mul nsw i64 %page109, %v_stride_page
  %row_in_page110 = urem i64 %171, 16
  %181 = getelementptr inbounds i8, ptr %arguments, i64 216
  %v_stride_row = load i64, ptr %181, align 8
  %182 = mul nsw i64 %row_in_page110, %v_stride_row
  %183 = add nsw i64 %180, %182
  %v_row = getelementptr inbounds i8, ptr addrspace(1) %v_begin, i64 %183
  %184 = sub i32 %weighted.carried, 1
  %left = and i32 %weighted.carried, %184
  %185 = mul nsw i64 %lane, 4
  %186 = getelementptr inbounds i8, ptr addrspace(1) %v_row, i64 %185
  %v111 = load float, ptr addrspace(1) %186, align 4
  %o = call float @llvm.fma.f32(float %given, float %v111, float %weighted.carried103)
  %187 = add nsw i64 %lane, 32
  %188 = mul nsw i64 %187, 4
  %189 = getelementptr inbounds i8, ptr addrspace(1) %v_row, i64 %188
  %v112 = load float, ptr addrspace(1) %189, align 4
  %o113 = call float @llvm.fma.f32(float %given, float %v112, float %weighted.carried104)
  %weighted.next = add nsw i64 %weighted, 1
  %190 = icmp slt i64 %weighted.next, %count
  br i1 %190, label %weighted.loop, label %weighted.done

weighted.done:                                    ; preds = %weighted.loop, %aligned.end
  %weighted.result = phi i32 [ %lanes, %aligned.end ], [ %left, %weighted.loop ]
  %weighted.result114 = phi float [ %126, %aligned.end ], [ %o, %weighted.loop ]
  %weighted.result115 = phi float [ %127, %aligned.end ], [ %o113, %weighted.loop ]
  %191 = fsub float %score78, %shift
  %192 = fcmp olt float %191, -1.270000e+02
  %193 = select i1 %192, float -1.270000e+02, float %191
  %194 = fptosi float %193 to i32
  %195 = freeze i32 %194
  %196 = sitofp i32 %195 to float
  %197 = fcmp ogt float %196, %193
  %198 = sext i1 %197 to i32
  %floor116 = add i32 %195, %198
  %199 = sitofp i32 %floor116 to float
  %fraction117 = fsub float %193, %199
  %exp2118 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction117, float 0x3F546D64A0000000)
  %exp2119 = call float @llvm.fma.f32(float %exp2118, float %fraction117, float 0x3F83D0B920000000)
  %exp2120 = call float @llvm.fma.f32(float %exp2119, float %fraction117, float 0x3FAC689120000000)
  %exp2121 = call float @llvm.fma.f32(float %exp2120, float %fraction117, float 0x3FCEBFD580000000)
  %exp2122 = call float @llvm.fma.f32(float %exp2121, float %fraction117, float 0x3FE62E42C0000000)
  %exp2123 = call float @llvm.fma.f32(float %exp2122, float %fraction117, float 1.000000e+00)
  %200 = add i32 %floor116, 127
  %201 = shl i32 %200, 23
  %power124 = bitcast i32 %201 to float
  %exp2125 = fmul float %exp2123, %power124
  %l126 = fadd float %l, %exp2125
  %202 = add nsw i64 %tile, 32
  %203 = fcmp une float %exp2125, 0.000000e+00
  %lanes127 = call i32 @llvm.nvvm.vote.ballot.sync(i32 -1, i1 %203)
  %204 = call i32 @llvm.ctpop.i32(i32 %lanes127)
  %count128 = zext i32 %204 to i64
  %205 = icmp slt i64 0, %count128
  br i1 %205, label %weighted.loop129, label %weighted.done130

weighted.loop129:                                 ; preds = %weighted.loop129, %weighted.done
  %weighted131 = phi i64 [ 0, %weighted.done ], [ %weighted.next151, %weighted.loop129 ]
  %weighted.carried132 = phi i32 [ %lanes127, %weighted.done ], [ %left146, %weighted.loop129 ]
  %weighted.carried133 = phi float [ %weighted.result114, %weighted.done ], [ %o148, %weighted.loop129 ]
  %weighted.carried134 = phi float [ %weighted.result115, %weighted.done ], [ %o150, %weighted.loop129 ]
  %source135 = call i32 @llvm.cttz.i32(i32 %weighted.carried132, i1 true)
  %given136 = call float @llvm.nvvm.shfl.sync.idx.f32(i32 -1, float %exp2125, i32 %source135, i32 31)
  %206 = zext i32 %source135 to i64
  %207 = add nsw i64 %202, %206
  %208 = getelementptr inbounds i8, ptr %arguments, i64 296
  %page_table_stride137 = load i64, ptr %208, align 8
  %209 = mul nsw i64 %batch, %page_table_stride137
  %210 = udiv i64 %207, 16
  %entry138 = add nsw i64 %209, %210
  %211 = getelementptr inbounds i8, ptr %arguments, i64 88
  %page_table.generic139 = load ptr, ptr %211, align 8
  %page_table140 = addrspacecast ptr %page_table.generic139 to ptr addrspace(1)
  %212 = mul nsw i64 %entry138, 4
  %213 = getelementptr inbounds i8, ptr addrspace(1) %page_table140, i64 %212
  %214 = load i32, ptr addrspace(1) %213, align 4
  %page141 = sext i32 %214 to i64
  %215 = getelementptr inbounds i8, ptr %arguments, i64 200
  %v_stride_page142 = load i64, ptr %215, align 8
  %216 = mul nsw i64 %page141, %v_stride_page142
  %row_in_page143 = urem i64 %207, 16
  %217 = getelementptr inbounds i8, ptr %arguments, i64 216
  %v_stride_row144 = load i64, ptr %217, align 8
  %218 = mul nsw i64 %row_in_page143, %v_stride_row144
  %219 = add nsw i64 %216, %218
  %v_row145 = getelementptr inbounds i8, ptr addrspace(1) %v_begin, i64 %219
  %220 = sub i32 %weighted.carried132, 1
  %left146 = and i32 %weighted.carried132, %220
  %221 = mul nsw i64 %lane, 4
  %222 = getelementptr inbounds i8, ptr addrspace(1) %v_row145, i64 %221
  %v147 = load float, ptr addrspace(1) %222, align 4
  %o148 = call float @llvm.fma.f32(float %given136, float %v147, float %weighted.carried133)
  %223 = add nsw i64 %lane, 32
  %224 = mul nsw i64 %223, 4
  %225 = getelementptr inbounds i8, ptr addrspace(1) %v_row145, i64 %224
  %v149 = load float, ptr addrspace(1) %225, align 4
  %o150 = call float @llvm.fma.f32(float %given136, float %v149, float %weighted.carried134)
  %weighted.next151 = add nsw i64 %weighted131, 1
  %226 = icmp slt i64 %weighted.next151, %count128
  br i1 %226, label %weighted.loop129, label %weighted.done130

weighted.done130:                                 ; preds = %weighted.loop129, %weighted.done
  %weighted.result152 = phi i32 [ %lanes127, %weighted.done ], [ %left146, %weighted.loop129 ]
  %weighted.result153 = phi float [ %weighted.result114, %weighted.done ], [ %o148, %weighted.loop129 ]
  %weighted.result154 = phi float [ %weighted.result115, %weighted.done ], [ %o150, %weighted.loop129 ]
  %tile.next = add nsw i64 %tile, 64
  %227 = icmp slt i64 %tile.next, %end
  br i1 %227, label %tile.loop, label %tile.done

entry.loop175:                                    ; preds = %tile.done186, %entry.done
  %entry177 = phi i64 [ 0, %entry.done ], [ %entry.next392, %tile.done186 ]
  %entry.carried178 = phi float [ %entry.result, %entry.done ], [ %tile.result388, %tile.done186 ]
  %entry.carried179 = phi float [ %entry.result158, %entry.done ], [ %tile.result389, %tile.done186 ]
  %entry.carried180 = phi float [ %entry.result159, %entry.done ], [ %tile.result390, %tile.done186 ]
  %entry.carried181 = phi float [ %entry.result160, %entry.done ], [ %tile.result391, %tile.done186 ]
  %228 = add nsw i64 %first173, %entry177
  %229 = mul nsw i64 %228, 4
  %230 = getelementptr inbounds i8, ptr addrspace(1) %partial_indices, i64 %229
  %231 = load i32, ptr addrspace(1) %230, align 4
  %block182 = sext i32 %231 to i64
  %begin183 = mul nsw i64 %block182, %list_block_kv172
  %232 = add nsw i64 %begin183, %list_block_kv172
  %end184 = call i64 @llvm.smin.i64(i64 %232, i64 %seqlen_kv)
  %233 = call i64 @llvm.smax.i64(i64 %begin183, i64 0)
  %234 = icmp slt i64 %233, %end184
  br i1 %234, label %tile.loop185, label %tile.done186

entry.done176:                                    ; preds = %tile.done186, %entry.done
  %entry.result393 = phi float [ %entry.result, %entry.done ], [ %tile.result388, %tile.done186 ]
  %entry.result394 = phi float [ %entry.result158, %entry.done ], [ %tile.result389, %tile.done186 ]
  %entry.result395 = phi float [ %entry.result159, %entry.done ], [ %tile.result390, %tile.done186 ]
  %entry.result396 = phi float [ %entry.result160, %entry.done ], [ %tile.result391, %tile.done186 ]
  %other397 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %entry.result394, i32 16, i32 31)
  %sum = fadd float %entry.result394, %other397
  %other398 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %sum, i32 8, i32 31)
  %sum399 = fadd float %sum, %other398
  %other400 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %sum399, i32 4, i32 31)
  %sum401 = fadd float %sum399, %other400
  %other402 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %sum401, i32 2, i32 31)
  %sum403 = fadd float %sum401, %other402
  %other404 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %sum403, i32 1, i32 31)
  %sum405 = fadd float %sum403, %other404
  %235 = fcmp oeq float %sum405, 0.000000e+00
  %236 = fcmp oeq float %entry.result393, 0xFFF0000000000000
  %empty = and i1 %236, %235
  %factor = fdiv float 1.000000e+00, %sum405
  %237 = getelementptr inbounds i8, ptr %arguments, i64 224
  %o_stride_batch = load i64, ptr %237, align 8
  %238 = mul nsw i64 %batch, %o_stride_batch
  %239 = getelementptr inbounds i8, ptr %arguments, i64 232
  %o_stride_head = load i64, ptr %239, align 8
  %240 = mul nsw i64 %head, %o_stride_head
  %241 = add nsw i64 %238, %240
  %242 = getelementptr inbounds i8, ptr %arguments, i64 240
  %o_stride_seq = load i64, ptr %242, align 8
  %243 = mul nsw i64 %query, %o_stride_seq
  %244 = add nsw i64 %241, %243
  %245 = getelementptr inbounds i8, ptr %arguments, i64 24
  %o.generic = load ptr, ptr %245, align 8
  %o406 = addrspacecast ptr %o.generic to ptr addrspace(1)
  %o_row = getelementptr inbounds i8, ptr addrspace(1) %o406, i64 %244
  %246 = fmul float %entry.result395, %factor
  %output = select i1 %empty, float 0.000000e+00, float %246
  %247 = mul nsw i64 %lane, 4
  %248 = getelementptr inbounds i8, ptr addrspace(1) %o_row, i64 %247
  store float %output, ptr addrspace(1) %248, align 4
  %d407 = add nsw i64 %lane, 32
  %249 = fmul float %entry.result396, %factor
  %output408 = select i1 %empty, float 0.000000e+00, float %249
  %250 = mul nsw i64 %d407, 4
  %251 = getelementptr inbounds i8, ptr addrspace(1) %o_row, i64 %250
  store float %output408, ptr addrspace(1) %251, align 4
  br label %row_exists.end

tile.loop185:                                     ; preds = %weighted.done362, %entry.loop175
  %tile187 = phi i64 [ %233, %entry.loop175 ], [ %tile.next387, %weighted.done362 ]
  %tile.carried188 = phi float [ %entry.carried178, %entry.loop175 ], [ %m297, %weighted.done362 ]
  %tile.carried189 = phi float [ %entry.carried179, %entry.loop175 ], [ %l358, %weighted.done362 ]
  %tile.carried190 = phi float [ %entry.carried180, %entry.loop175 ], [ %weighted.result385, %weighted.done362 ]
  %tile.carried191 = phi float [ %entry.carried181, %entry.loop175 ], [ %weighted.result386, %weighted.done362 ]
  %last192 = sub nsw i64 %end184, 1
  %column193 = add nsw i64 %tile187, %lane
  %exists194 = icmp slt i64 %column193, %end184
  %252 = call i64 @llvm.smin.i64(i64 %column193, i64 %last192)
  %253 = getelementptr inbounds i8, ptr %arguments, i64 296
  %page_table_stride195 = load i64, ptr %253, align 8
  %254 = mul nsw i64 %batch, %page_table_stride195
  %255 = udiv i64 %252, 16
  %entry196 = add nsw i64 %254, %255
  %256 = getelementptr inbounds i8, ptr %arguments, i64 88
  %page_table.generic197 = load ptr, ptr %256, align 8
  %page_table198 = addrspacecast ptr %page_table.generic197 to ptr addrspace(1)
  %257 = mul nsw i64 %entry196, 4
  %258 = getelementptr inbounds i8, ptr addrspace(1) %page_table198, i64 %257
  %259 = load i32, ptr addrspace(1) %258, align 4
  %page199 = sext i32 %259 to i64
  %260 = getelementptr inbounds i8, ptr %arguments, i64 176
  %k_stride_page200 = load i64, ptr %260, align 8
  %261 = mul nsw i64 %page199, %k_stride_page200
  %row_in_page201 = urem i64 %252, 16
  %262 = getelementptr inbounds i8, ptr %arguments, i64 192
  %k_stride_row202 = load i64, ptr %262, align 8
  %263 = mul nsw i64 %row_in_page201, %k_stride_row202
  %264 = add nsw i64 %261, %263
  %k_row203 = getelementptr inbounds i8, ptr addrspace(1) %k_begin, i64 %264
  %265 = add nsw i64 %tile187, 32
  %column204 = add nsw i64 %265, %lane
  %exists205 = icmp slt i64 %column204, %end184
  %266 = call i64 @llvm.smin.i64(i64 %column204, i64 %last192)
  %267 = getelementptr inbounds i8, ptr %arguments, i64 296
  %page_table_stride206 = load i64, ptr %267, align 8
  %268 = mul nsw i64 %batch, %page_table_stride206
  %269 = udiv i64 %266, 16
  %entry207 = add nsw i64 %268, %269
  %270 = getelementptr inbounds i8, ptr %arguments, i64 88
  %page_table.generic208 = load ptr, ptr %270, align 8
  %page_table209 = addrspacecast ptr %page_table.generic208 to ptr addrspace(1)
  %271 = mul nsw i64 %entry207, 4
  %272 = getelementptr inbounds i8, ptr addrspace(1) %page_table209, i64 %271
  %273 = load i32, ptr addrspace(1) %272, align 4
  %page210 = sext i32 %273 to i64
  %274 = getelementptr inbounds i8, ptr %arguments, i64 176
  %k_stride_page211 = load i64, ptr %274, align 8
  %275 = mul nsw i64 %page210, %k_stride_page211
  %row_in_page212 = urem i64 %266, 16
  %276 = getelementptr inbounds i8, ptr %arguments, i64 192
  %k_stride_row213 = load i64, ptr %276, align 8
  %277 = mul nsw i64 %row_in_page212, %k_stride_row213
  %278 = add nsw i64 %275, %277
  %k_row214 = getelementptr inbounds i8, ptr addrspace(1) %k_begin, i64 %278
  %279 = getelementptr inbounds i8, ptr %arguments, i64 392
  %aligned_k.i32215 = load i32, ptr %279, align 4
  %aligned_k216 = sext i32 %aligned_k.i32215 to i64
  %aligned217 = icmp ne i64 %aligned_k216, 0
  br i1 %aligned217, label %aligned218, label %aligned.else219

tile.done186:                                     ; preds = %weighted.done362, %entry.loop175
  %tile.result388 = phi float [ %entry.carried178, %entry.loop175 ], [ %m297, %weighted.done362 ]
  %tile.result389 = phi float [ %entry.carried179, %entry.loop175 ], [ %l358, %weighted.done362 ]
  %tile.result390 = phi float [ %entry.carried180, %entry.loop175 ], [ %weighted.result385, %weighted.done362 ]
  %tile.result391 = phi float [ %entry.carried181, %entry.loop175 ], [ %weighted.result386, %weighted.done362 ]
  %entry.next392 = add nsw i64 %entry177, 1
  %280 = icmp slt i64 %entry.next392, %entries174
  br i1 %280, label %entry.loop175, label %entry.done176

aligned218:                                       ; preds = %tile.loop185
  br i1 true, label %d.loop221, label %d.done222

aligned.else219:                                  ; preds = %tile.loop185
  br i1 true, label %d.loop251, label %d.done252

aligned.end220:                                   ; preds = %d.done252, %d.done222
  %aligned.result279 = phi float [ %d.result249, %d.done222 ], [ %d.result277, %d.done252 ]
  %aligned.result280 = phi float [ %d.result250, %d.done222 ], [ %d.result278, %d.done252 ]
  %281 = getelementptr inbounds i8, ptr %arguments, i64 408
  %scale_log2281 = load float, ptr %281, align 4
  %scaled282 = fmul float %aligned.result279, %scale_log2281
  %score283 = select i1 %exists194, float %scaled282, float 0xFFF0000000000000
  %282 = fcmp ogt float %score283, 0xFFF0000000000000
  %283 = select i1 %282, float %score283, float 0xFFF0000000000000
  %284 = getelementptr inbounds i8, ptr %arguments, i64 408
  %scale_log2284 = load float, ptr %284, align 4
  %scaled285 = fmul float %aligned.result280, %scale_log2284
  %score286 = select i1 %exists205, float %scaled285, float 0xFFF0000000000000
  %285 = fcmp ogt float %score286, %283
  %286 = select i1 %285, float %score286, float %283
  %other287 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %286, i32 16, i32 31)
  %287 = fcmp ogt float %other287, %286
  %max288 = select i1 %287, float %other287, float %286
  %other289 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %max288, i32 8, i32 31)
  %288 = fcmp ogt float %other289, %max288
  %max290 = select i1 %288, float %other289, float %max288
  %other291 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %max290, i32 4, i32 31)
  %289 = fcmp ogt float %other291, %max290
  %max292 = select i1 %289, float %other291, float %max290
  %other293 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %max292, i32 2, i32 31)
  %290 = fcmp ogt float %other293, %max292
  %max294 = select i1 %290, float %other293, float %max292
  %other295 = call float @llvm.nvvm.shfl.sync.bfly.f32(i32 -1, float %max294, i32 1, i32 31)
  %291 = fcmp ogt float %other295, %max294
  %max296 = select i1 %291, float %other295, float %max294
  %292 = fcmp ogt float %max296, %tile.carried188
  %m297 = select i1 %292, float %max296, float %tile.carried188
  %293 = fcmp oeq float %m297, 0xFFF0000000000000
  %shift298 = select i1 %293, float 0.000000e+00, float %m297
  %294 = fsub float %tile.carried188, %shift298
  %295 = fcmp olt float %294, -1.270000e+02
  %296 = select i1 %295, float -1.270000e+02, float %294
  %297 = fptosi float %296 to i32
  %298 = freeze i32 %297
  %299 = sitofp i32 %298 to float
  %300 = fcmp ogt float %299, %296
  %301 = sext i1 %300 to i32
  %floor299 = add i32 %298, %301
  %302 = sitofp i32 %floor299 to float
  %fraction300 = fsub float %296, %302
  %exp2301 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction300, float 0x3F546D64A0000000)
  %exp2302 = call float @llvm.fma.f32(float %exp2301, float %fraction300, float 0x3F83D0B920000000)
  %exp2303 = call float @llvm.fma.f32(float %exp2302, float %fraction300, float 0x3FAC689120000000)
  %exp2304 = call float @llvm.fma.f32(float %exp2303, float %fraction300, float 0x3FCEBFD580000000)
  %exp2305 = call float @llvm.fma.f32(float %exp2304, float %fraction300, float 0x3FE62E42C0000000)
  %exp2306 = call float @llvm.fma.f32(float %exp2305, float %fraction300, float 1.000000e+00)
  %303 = add i32 %floor299, 127
  %304 = shl i32 %303, 23
  %power307 = bitcast i32 %304 to float
  %exp2308 = fmul float %exp2306, %power307
  %305 = fmul float %tile.carried189, %exp2308
  %306 = fmul float %tile.carried190, %exp2308
  %307 = fmul float %tile.carried191, %exp2308
  %308 = fsub float %score283, %shift298
  %309 = fcmp olt float %308, -1.270000e+02
  %310 = select i1 %309, float -1.270000e+02, float %308
  %311 = fptosi float %310 to i32
  %312 = freeze i32 %311
  %313 = sitofp i32 %312 to float
  %314 = fcmp ogt float %313, %310
  %315 = sext i1 %314 to i32
  %floor309 = add i32 %312, %315
  %316 = sitofp i32 %floor309 to float
  %fraction310 = fsub float %310, %316
  %exp2311 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction310, float 0x3F546D64A0000000)
  %exp2312 = call float @llvm.fma.f32(float %exp2311, float %fraction310, float 0x3F83D0B920000000)
  %exp2313 = call float @llvm.fma.f32(float %exp2312, float %fraction310, float 0x3FAC689120000000)
  %exp2314 = call float @llvm.fma.f32(float %exp2313, float %fraction310, float 0x3FCEBFD580000000)
  %exp2315 = call float @llvm.fma.f32(float %exp2314, float %fraction310, float 0x3FE62E42C0000000)
  %exp2316 = call float @llvm.fma.f32(float %exp2315, float %fraction310, float 1.000000e+00)
  %317 = add i32 %floor309, 127
  %318 = shl i32 %317, 23
  %power317 = bitcast i32 %318 to float
  %exp2318 = fmul float %exp2316, %power317
  %l319 = fadd float %305, %exp2318
  %319 = fcmp une float %exp2318, 0.000000e+00
  %lanes320 = call i32 @llvm.nvvm.vote.ballot.sync(i32 -1, i1 %319)
  %320 = call i32 @llvm.ctpop.i32(i32 %lanes320)
  %count321 = zext i32 %320 to i64
  %321 = icmp slt i64 0, %count321
  br i1 %321, label %weighted.loop322, label %weighted.done323

d.loop221:                                        ; preds = %d.loop221, %aligned218
  %d223 = phi i64 [ 0, %aligned218 ], [ %d.next248, %d.loop221 ]
  %d.carried224 = phi float [ 0.000000e+00, %aligned218 ], [ %product237, %d.loop221 ]
  %d.carried225 = phi float [ 0.000000e+00, %aligned218 ], [ %product247, %d.loop221 ]
  %322 = mul nsw i64 %d223, 4
  %query_at226 = getelementptr inbounds i8, ptr addrspace(3) %query_row, i64 %322
  %q227 = load <4 x float>, ptr addrspace(3) %query_at226, align 16
  %323 = extractelement <4 x float> %q227, i64 0
  %324 = extractelement <4 x float> %q227, i64 1
  %325 = extractelement <4 x float> %q227, i64 2
  %326 = extractelement <4 x float> %q227, i64 3
  %327 = mul nsw i64 %d223, 4
  %key_at228 = getelementptr inbounds i8, ptr addrspace(1) %k_row203, i64 %327
  %k.words229 = load <4 x i32>, ptr addrspace(1) %key_at228, align 16
  %328 = extractelement <4 x i32> %k.words229, i64 0
  %k230 = bitcast i32 %328 to float
  %329 = extractelement <4 x i32> %k.words229, i64 1
  %k231 = bitcast i32 %329 to float
  %330 = extractelement <4 x i32> %k.words229, i64 2
  %k232 = bitcast i32 %330 to float
  %331 = extractelement <4 x i32> %k.words229, i64 3
  %k233 = bitcast i32 %331 to float
  %product234 = call float @llvm.fma.f32(float %323, float %k230, float %d.carried224)
  %product235 = call float @llvm.fma.f32(float %324, float %k231, float %product234)
  %product236 = call float @llvm.fma.f32(float %325, float %k232, float %product235)
  %product237 = call float @llvm.fma.f32(float %326, float %k233, float %product236)
  %key_at238 = getelementptr inbounds i8, ptr addrspace(1) %k_row214, i64 %327
  %k.words239 = load <4 x i32>, ptr addrspace(1) %key_at238, align 16
  %332 = extractelement <4 x i32> %k.words239, i64 0
  %k240 = bitcast i32 %332 to float
  %333 = extractelement <4 x i32> %k.words239, i64 1
  %k241 = bitcast i32 %333 to float
  %334 = extractelement <4 x i32> %k.words239, i64 2
  %k242 = bitcast i32 %334 to float
  %335 = extractelement <4 x i32> %k.words239, i64 3
  %k243 = bitcast i32 %335 to float
  %product244 = call float @llvm.fma.f32(float %323, float %k240, float %d.carried225)
  %product245 = call float @llvm.fma.f32(float %324, float %k241, float %product244)
  %product246 = call float @llvm.fma.f32(float %325, float %k242, float %product245)
  %product247 = call float @llvm.fma.f32(float %326, float %k243, float %product246)
  %d.next248 = add nsw i64 %d223, 4
  %336 = icmp slt i64 %d.next248, 64
  br i1 %336, label %d.loop221, label %d.done222

d.done222:                                        ; preds = %d.loop221, %aligned218
  %d.result249 = phi float [ 0.000000e+00, %aligned218 ], [ %product237, %d.loop221 ]
  %d.result250 = phi float [ 0.000000e+00, %aligned218 ], [ %product247, %d.loop221 ]
  br label %aligned.end220

d.loop251:                                        ; preds = %d.loop251, %aligned.else219
  %d253 = phi i64 [ 0, %aligned.else219 ], [ %d.next276, %d.loop251 ]
  %d.carried254 = phi float [ 0.000000e+00, %aligned.else219 ], [ %product266, %d.loop251 ]
  %d.carried255 = phi float [ 0.000000e+00, %aligned.else219 ], [ %product275, %d.loop251 ]
  %337 = mul nsw i64 %d253, 4
  %query_at256 = getelementptr inbounds i8, ptr addrspace(3) %query_row, i64 %337
  %q257 = load <4 x float>, ptr addrspace(3) %query_at256, align 16
  %338 = extractelement <4 x float> %q257, i64 0
  %339 = extractelement <4 x float> %q257, i64 1
  %340 = extractelement <4 x float> %q257, i64 2
  %341 = extractelement <4 x float> %q257, i64 3
  %342 = mul nsw i64 %d253, 4
  %key_at258 = getelementptr inbounds i8, ptr addrspace(1) %k_row203, i64 %342
  %k259 = load float, ptr addrspace(1) %key_at258, align 4
  %343 = getelementptr inbounds i8, ptr addrspace(1) %key_at258, i64 4
  %k260 = load float, ptr addrspace(1) %343, align 4
  %344 = getelementptr inbounds i8, ptr addrspace(1) %key_at258, i64 8
  %k261 = load float, ptr addrspace(1) %344, align 4
  %345 = getelementptr inbounds i8, ptr addrspace(1) %key_at258, i64 12
  %k262 = load float, ptr addrspace(1) %345, align 4
  %product263 = call float @llvm.fma.f32(float %338, float %k259, float %d.carried254)
  %product264 = call float @llvm.fma.f32(float %339, float %k260, float %product263)
  %product265 = call float @llvm.fma.f32(float %340, float %k261, float %product264)
  %product266 = call float @llvm.fma.f32(float %341, float %k262, float %product265)
  %key_at267 = getelementptr inbounds i8, ptr addrspace(1) %k_row214, i64 %342
  %k268 = load float, ptr addrspace(1) %key_at267, align 4
  %346 = getelementptr inbounds i8, ptr addrspace(1) %key_at267, i64 4
  %k269 = load float, ptr addrspace(1) %346, align 4
  %347 = getelementptr inbounds i8, ptr addrspace(1) %key_at267, i64 8
  %k270 = load float, ptr addrspace(1) %347, align 4
  %348 = getelementptr inbounds i8, ptr addrspace(1) %key_at267, i64 12
  %k271 = load float, ptr addrspace(1) %348, align 4
  %product272 = call float @llvm.fma.f32(float %338, float %k268, float %d.carried255)
  %product273 = call float @llvm.fma.f32(float %339, float %k269, float %product272)
  %product274 = call float @llvm.fma.f32(float %340, float %k270, float %product273)
  %product275 = call float @llvm.fma.f32(float %341, float %k271, float %product274)
  %d.next276 = add nsw i64 %d253, 4
  %349 = icmp slt i64 %d.next276, 64
  br i1 %349, label %d.loop251, label %d.done252

d.done252:                                        ; preds = %d.loop251, %aligned.else219
  %d.result277 = phi float [ 0.000000e+00, %aligned.else219 ], [ %product266, %d.loop251 ]
  %d.result278 = phi float [ 0.000000e+00, %aligned.else219 ], [ %product275, %d.loop251 ]
  br label %aligned.end220

weighted.loop322:                                 ; preds = %weighted.loop322, %aligned.end220
  %weighted324 = phi i64 [ 0, %aligned.end220 ], [ %weighted.next344, %weighted.loop322 ]
  %weighted.carried325 = phi i32 [ %lanes320, %aligned.end220 ], [ %left339, %weighted.loop322 ]
  %weighted.carried326 = phi float [ %306, %aligned.end220 ], [ %o341, %weighted.loop322 ]
  %weighted.carried327 = phi float [ %307, %aligned.end220 ], [ %o343, %weighted.loop322 ]
  %source328 = call i32 @llvm.cttz.i32(i32 %weighted.carried325, i1 true)
  %given329 = call float @llvm.nvvm.shfl.sync.idx.f32(i32 -1, float %exp2318, i32 %source328, i32 31)
  %350 = zext i32 %source328 to i64
  %351 = add nsw i64 %tile187, %350
  %352 = getelementptr inbounds i8, ptr %arguments, i64 296
  %page_table_stride330 = load i64, ptr %352, align 8
  %353 = mul nsw i64 %batch, %page_table_stride330
  %354 = udiv i64 %351, 16
  %entry331 = add nsw i64 %353, %354
  %355 = getelementptr inbounds i8, ptr %arguments, i64 88
  %page_table.generic332 = load ptr, ptr %355, align 8
  %page_table333 = addrspacecast ptr %page_table.generic332 to ptr addrspace(1)
  %356 = mul nsw i64 %entry331, 4
  %357 = getelementptr inbounds i8, ptr addrspace(1) %page_table333, i64 %356
  %358 = load i32, ptr addrspace(1) %357, align 4
  %page334 = sext i32 %358 to i64
  %359 = getelementptr inbounds i8, ptr %arguments, i64 200
  %v_stride_page335 = load i64, ptr %359, align 8
  %360 = mul nsw i64 %page334, %v_stride_page335
  %row_in_page336 = urem i64 %351, 16
  %361 = getelementptr inbounds i8, ptr %arguments, i64 216
  %v_stride_row337 = load i64, ptr %361, align 8
  %362 = mul nsw i64 %row_in_page336, %v_stride_row337
  %363 = add nsw i64 %360, %362
  %v_row338 = getelementptr inbounds i8, ptr addrspace(1) %v_begin, i64 %363
  %364 = sub i32 %weighted.carried325, 1
  %left339 = and i32 %weighted.carried325, %364
  %365 = mul nsw i64 %lane, 4
  %366 = getelementptr inbounds i8, ptr addrspace(1) %v_row338, i64 %365
  %v340 = load float, ptr addrspace(1) %366, align 4
  %o341 = call float @llvm.fma.f32(float %given329, float %v340, float %weighted.carried326)
  %367 = add nsw i64 %lane, 32
  %368 = mul nsw i64 %367, 4
  %369 = getelementptr inbounds i8, ptr addrspace(1) %v_row338, i64 %368
  %v342 = load float, ptr addrspace(1) %369, align 4
  %o343 = call float @llvm.fma.f32(float %given329, float %v342, float %weighted.carried327)
  %weighted.next344 = add nsw i64 %weighted324, 1
  %370 = icmp slt i64 %weighted.next344, %count321
  br i1 %370, label %weighted.loop322, label %weighted.done323

weighted.done323:                                 ; preds = %weighted.loop322, %aligned.end220
  %weighted.result345 = phi i32 [ %lanes320, %aligned.end220 ], [ %left339, %weighted.loop322 ]
  %weighted.result346 = phi float [ %306, %aligned.end220 ], [ %o341, %weighted.loop322 ]
  %weighted.result347 = phi float [ %307, %aligned.end220 ], [ %o343, %weighted.loop322 ]
  %371 = fsub float %score286, %shift298
  %372 = fcmp olt float %371, -1.270000e+02
  %373 = select i1 %372, float -1.270000e+02, float %371
  %374 = fptosi float %373 to i32
  %375 = freeze i32 %374
  %376 = sitofp i32 %375 to float
  %377 = fcmp ogt float %376, %373
  %378 = sext i1 %377 to i32
  %floor348 = add i32 %375, %378
  %379 = sitofp i32 %floor348 to float
  %fraction349 = fsub float %373, %379
  %exp2350 = call float @llvm.fma.f32(float 0x3F2C5417C0000000, float %fraction349, float 0x3F546D64A0000000)
  %exp2351 = call float @llvm.fma.f32(float %exp2350, float %fraction349, float 0x3F83D0B920000000)
  %exp2352 = call float @llvm.fma.f32(float %exp2351, float %fraction349, float 0x3FAC689120000000)
  %exp2353 = call float @llvm.fma.f32(float %exp2352, float %fraction349, float 0x3FCEBFD580000000)
  %exp2354 = call float @llvm.fma.f32(float %exp2353, float %fraction349, float 0x3FE62E42C0000000)
  %exp2355 = call float @llvm.fma.f32(float %exp2354, float %fraction349, float 1.000000e+00)
  %380 = add i32 %floor348, 127
  %381 = shl i32 %380, 23
  %power356 = bitcast i32 %381 to float
  %exp2357 = fmul float %exp2355, %power356
  %l358 = fadd float %l319, %exp2357
  %382 = add nsw i64 %tile187, 32
  %383 = fcmp une float %exp2357, 0.000000e+00
  %lanes359 = call i32 @llvm.nvvm.vote.ballot.sync(i32 -1, i1 %383)
  %384 = call i32 @llvm.ctpop.i32(i32 %lanes359)
  %count360 = zext i32 %384 to i64
  %385 = icmp slt i64 0, %count360
  br i1 %385, label %weighted.loop361, label %weighted.done362

weighted.loop361:                                 ; preds = %weighted.loop361, %weighted.done323
  %weighted363 = phi i64 [ 0, %weighted.done323 ], [ %weighted.next383, %weighted.loop361 ]
  %weighted.carried364 = phi i32 [ %lanes359, %weighted.done323 ], [ %left378, %weighted.loop361 ]
  %weighted.carried365 = phi float [ %weighted.result346, %weighted.done323 ], [ %o380, %weighted.loop361 ]
  %weighted.carried366 = phi float [ %weighted.result347, %weighted.done323 ], [ %o382, %weighted.loop361 ]
  %source367 = call i32 @llvm.cttz.i32(i32 %weighted.carried364, i1 true)
  %given368 = call float @llvm.nvvm.shfl.sync.idx.f32(i32 -1, float %exp2357, i32 %source367, i32 31)
  %386 = zext i32 %source367 to i64
  %387 = add nsw i64 %382, %386
  %388 = getelementptr inbounds i8, ptr %arguments, i64 296
  %page_table_stride369 = load i64, ptr %388, align 8
  %389 = mul nsw i64 %batch, %page_table_stride369
  %390 = udiv i64 %387, 16
  %entry370 = add nsw i64 %389, %390
  %391 = getelementptr inbounds i8, ptr %arguments, i64 88
  %page_table.generic371 = load ptr, ptr %391, align 8
  %page_table372 = addrspacecast ptr %page_table.generic371 to ptr addrspace(1)
  %392 = mul nsw i64 %entry370, 4
  %393 = getelementptr inbounds i8, ptr addrspace(1) %page_table372, i64 %392
  %394 = load i32, ptr addrspace(1) %393, align 4
  %page373 = sext i32 %394 to i64
  %395 = getelementptr inbounds i8, ptr %arguments, i64 200
  %v_stride_page374 = load i64, ptr %395, align 8
  %396 = mul nsw i64 %page373, %v_stride_page374
  %row_in_page375 = urem i64 %387, 16
  %397 = getelementptr inbounds i8, ptr %arguments, i64 216
  %v_stride_row376 = load i64, ptr %397, align 8
  %398 = mul nsw i64 %row_in_page375, %v_stride_row376
  %399 = add nsw i64 %396, %398
  %v_row377 = getelementptr inbounds i8, ptr addrspace(1) %v_begin, i64 %399
  %400 = sub i32 %weighted.carried364, 1
  %left378 = and i32 %weighted.carried364, %400
  %401 = mul nsw i64 %lane, 4
  %402 = getelementptr inbounds i8, ptr addrspace(1) %v_row377, i64 %401
  %v379 = load float, ptr addrspace(1) %402, align 4
  %o380 = call float @llvm.fma.f32(float %given368, float %v379, float %weighted.carried365)
  %403 = add nsw i64 %lane, 32
  %404 = mul nsw i64 %403, 4
  %405 = getelementptr inbounds i8, ptr addrspace(1) %v_row377, i64 %404
  %v381 = load float, ptr addrspace(1) %405, align 4
  %o382 = call float @llvm.fma.f32(float %given368, float %v381, float %weighted.carried366)
  %weighted.next383 = add nsw i64 %weighted363, 1
  %406 = icmp slt i64 %weighted.next383, %count360
  br i1 %406, label %weighted.loop361, label %weighted.done362

weighted.done362:                                 ; preds = %weighted.loop361, %weighted.done323
  %weighted.result384 = phi i32 [ %lanes359, %weighted.done323 ], [ %left378, %weighted.loop361 ]
  %weighted.result385 = phi float [ %weighted.result346, %weighted.done323 ], [ %o380, %weighted.loop361 ]
  %weighted.result386 = phi float [ %weighted.result347, %weighted.done323 ], [ %o382, %weighted.loop361 ]
  %tile.next387 = add nsw i64 %tile187, 64
  %407 = icmp slt i64 %tile.next387, %end184
  br i1 %407, label %tile.loop185, label %tile.done186
}

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare noundef i32 @llvm.nvvm.read.ptx.sreg.tid.x() #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare noundef i32 @llvm.nvvm.read.ptx.sreg.ctaid.x() #1

; Function Attrs: convergent nocallback nounwind
declare void @llvm.nvvm.bar.warp.sync(i32) #2

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.smin.i64(i64, i64) #1

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare float @llvm.fma.f32(float, float, float) #1

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

; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare i64 @llvm.smax.i64(i64, i64) #1

attributes #0 = { nounwind }
attributes #1 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #2 = { convergent nocallback nounwind }
attributes #3 = { convergent nocallback nounwind memory(inaccessiblemem: readwrite) }

!nvvm.annotations = !{!0, !1, !2, !3}

!0 = !{ptr @attune_forward_simt, !"kernel", i32 1}
!1 = !{ptr @attune_forward_simt, !"reqntidx", i32 128}
!2 = !{ptr @attune_forward_simt, !"reqntidy", i32 1}
!3 = !{ptr @attune_forward_simt, !"reqntidz", i32 1}
