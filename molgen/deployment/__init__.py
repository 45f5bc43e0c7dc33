"""Graph networks outside PyTorch: exported to ONNX, and run by ONNX Runtime."""
