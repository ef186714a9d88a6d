"""TorchServe's two gRPC services: their names for Ray Serve, and methods for the front."""

from serve.rpc.inference import InferenceMethods
from serve.rpc.management import ManagementMethods

SERVICES = [
    "serve.rpc.inference_pb2_grpc.add_InferenceAPIsServiceServicer_to_server",
    "serve.rpc.management_pb2_grpc.add_ManagementAPIsServiceServicer_to_server",
]


class GrpcMethods(InferenceMethods, ManagementMethods):
    """Ray Serve finds a method by its name, and hands over `grpc_context` if it is asked for."""
