"""The JSON of cloud and content providers, written by hand after their documentation."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from tests.attribute.imports.conftest import Filed, Shown

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.cloud import read_cloud

AWS = {
    "syncToken": "1700000000",
    "createDate": "2023-11-14-22-13-20",
    "prefixes": [
        {"ip_prefix": "3.0.0.0/15", "region": "us-east-1", "service": "EC2"},
        {"ip_prefix": "3.0.0.0/15", "region": "us-east-1", "service": "AMAZON"},
        {"ip_prefix": "13.32.0.0/15", "region": "GLOBAL", "service": "AMAZON"},
        {"ip_prefix": "13.32.0.0/15", "region": "GLOBAL", "service": "CLOUDFRONT"},
        {"ip_prefix": 7, "region": None, "service": "EC2"},
        "nonsense",
    ],
    "ipv6_prefixes": [{"ipv6_prefix": "2600:1f00::/24", "region": "x", "service": "AMAZON"}],
}
GOOGLE = {"syncToken": "1", "creationTime": "2026-01-02T03:04:05.678"}
SERVICE_TAGS = {
    "changeNumber": 1,
    "cloud": "Public",
    "values": [
        {
            "name": "AzureCloud.eastus",
            "properties": {"region": "eastus", "addressPrefixes": ["4.0.0.0/24", "2603::/40"]},
        },
        {"name": "AzureFrontDoor.Frontend", "properties": {"addressPrefixes": ["5.0.0.0/24"]}},
        {"name": "Broken", "properties": None},
    ],
}


def test_aws_with_its_content_network_apart(filed: Filed, shown: Shown) -> None:
    path = filed(json.dumps(AWS))
    rows = read_cloud(path, "hosting")
    assert [row[::3] for row in shown(rows)] == [
        ("3.0.0.0", "AMAZON us-east-1"),
        ("2600:1f00::", "AMAZON x"),
        ("3.0.0.0", "EC2 us-east-1"),
    ]
    assert set(rows.values.to_pylist()) == {"aws"}
    assert rows.dates == (dt.date(2023, 11, 14), dt.date(2023, 11, 14))
    assert rows.skipped == {"not a prefix": 1, "of another kind": 2}
    assert rows.rows == 6
    assert shown(read_cloud(path, "cdn")) == [
        ("13.32.0.0", "13.33.255.255", "aws", "CLOUDFRONT GLOBAL")
    ]


@pytest.mark.parametrize(
    ("document", "kind", "wanted"),
    [
        (
            GOOGLE
            | {
                "prefixes": [
                    {
                        "ipv4Prefix": "34.1.0.0/20",
                        "service": "Google Cloud",
                        "scope": "africa-south1",
                    }
                ]
            },
            "hosting",
            [("34.1.0.0", "34.1.15.255", "gcp", "Google Cloud africa-south1")],
        ),
        (
            GOOGLE | {"prefixes": [{"ipv6Prefix": "2001:4860::/32"}, {"ipv4Prefix": "8.8.4.0/24"}]},
            "hosting",
            [
                ("2001:4860::", "2001:4860:ffff:ffff:ffff:ffff:ffff:ffff", "google", None),
                ("8.8.4.0", "8.8.4.255", "google", None),
            ],
        ),
        (
            SERVICE_TAGS,
            "hosting",
            [
                ("4.0.0.0", "4.0.0.255", "azure", "AzureCloud.eastus"),
                ("2603::", "2603:0:ff:ffff:ffff:ffff:ffff:ffff", "azure", "AzureCloud.eastus"),
            ],
        ),
        (SERVICE_TAGS, "cdn", [("5.0.0.0", "5.0.0.255", "azure", "AzureFrontDoor.Frontend")]),
        (
            {
                "last_updated_timestamp": "2026-01-02T00:00:00.000000",
                "regions": [
                    {
                        "region": "us-phoenix-1",
                        "cidrs": [{"cidr": "129.146.0.0/21", "tags": ["OCI"]}],
                    }
                ],
            },
            "hosting",
            [("129.146.0.0", "129.146.7.255", "oracle", "OCI us-phoenix-1")],
        ),
        (
            {
                "result": {"ipv4_cidrs": ["173.245.48.0/20"], "ipv6_cidrs": [], "etag": "x"},
                "success": True,
            },
            "cdn",
            [("173.245.48.0", "173.245.63.255", "cloudflare", None)],
        ),
        (
            {"addresses": ["23.235.32.0/20"], "ipv6_addresses": ["2a04:4e40::/32"]},
            "cdn",
            [
                ("23.235.32.0", "23.235.47.255", "fastly", None),
                ("2a04:4e40::", "2a04:4e40:ffff:ffff:ffff:ffff:ffff:ffff", "fastly", None),
            ],
        ),
        (
            {
                "verifiable_password_authentication": False,
                "ssh_keys": ["ssh-ed25519 AAAA/x"],
                "hooks": ["192.30.252.0/22"],
                "git": [],
                "domains": {"website": ["*.github.com"]},
            },
            "hosting",
            [("192.30.252.0", "192.30.255.255", "github", "hooks")],
        ),
    ],
)
def test_each_provider(
    filed: Filed, shown: Shown, document: Any, kind: str, wanted: list[tuple[Any, ...]]
) -> None:
    assert shown(read_cloud(filed(json.dumps(document)), kind)) == wanted


def test_azure_states_its_day_in_the_name(tmp_path: Path) -> None:
    path = tmp_path / "ServiceTags_Public_20260105.json"
    path.write_text(json.dumps(SERVICE_TAGS), "utf-8")
    assert read_cloud(path, "hosting").dates == (dt.date(2026, 1, 5), dt.date(2026, 1, 5))
    absurd = path.rename(tmp_path / "ServiceTags_Public_20269905.json")
    assert read_cloud(absurd, "hosting").dates is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        (json.dumps(AWS)[:-20], "is no JSON"),
        ("[]", "provider that is known"),
        ('{"prefixes": 3}', "provider that is known"),
        ('{"regions": [1, {"cidrs": {}}]}', "no row of kind hosting"),
        ('{"values": null, "cloud": 1}', "no row of kind hosting"),
        ('{"addresses": [], "ipv6_addresses": []}', "no row of kind hosting"),
        ('{"result": {"ipv4_cidrs": 3}}', "no row of kind hosting"),
    ],
)
def test_bad_files_give_one_line(filed: Filed, content: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message) as caught:
        read_cloud(filed(content), "hosting")
    assert "\n" not in str(caught.value)
