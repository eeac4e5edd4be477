"""OpenAPI 3.1, from the same contracts and plans that the gateway serves.

Comments become descriptions, field rules become constraints, and error reasons become the
documented problems. The schemas say exactly what the transcoder accepts and sends.
"""
