"""What is said on the wire: Seldon's REST and gRPC messages, their validation, faults and OpenAPI description."""
