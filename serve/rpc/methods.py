"""GrpcMethods: TorchServe's two gRPC services, for the front to inherit."""

from serve.rpc.inference import InferenceMethods
from serve.rpc.management import ManagementMethods


class GrpcMethods(InferenceMethods, ManagementMethods):
    """Ray Serve finds a method by its name, and hands over `grpc_context` if it is asked for."""
