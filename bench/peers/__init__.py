"""Attention of Attune, PyTorch and ONNX Runtime behind one small interface, each in a process of its own."""
