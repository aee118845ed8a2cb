"""The trainer of the network that tells ink from paper in photographs: app/recognition/ink.onnx."""
