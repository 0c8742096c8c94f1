"""Flow logs of the cloud providers: AWS, Azure and GCP."""

from folkways.read.cloud.aws import AwsReader
from folkways.read.cloud.azure import AzureReader
from folkways.read.cloud.gcp import GcpReader

__all__ = ["AwsReader", "AzureReader", "GcpReader"]
