"""A conversational assistant that answers from a corpus of documents, with every sentence cited."""

import os

# Libraries read these while they are imported, so they are set before any module of ours imports one. With
# ONNX Runtime 1.31 nothing else helps: its switch in Python comes too late, and native code sends the rest.
os.environ.update(
    ORT_DISABLE_TELEMETRY="1",
    GRADIO_ANALYTICS_ENABLED="False",
    ANONYMIZED_TELEMETRY="False",
    HF_HUB_DISABLE_TELEMETRY="1",
    DO_NOT_TRACK="1",
)
